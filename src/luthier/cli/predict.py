"""`luthier predict RUN FILE -o out.csv` and `luthier predict RUN --text "..."`."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, add_run, new_parser, settings_of
from luthier.cli.terminal import harmless, say_aside
from luthier.errors import InputError, Problem

if TYPE_CHECKING:
    from luthier.records import Predictions


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "answer new texts with the model of a run"
    parser = new_parser(verbs, "predict", summary, run, settings=True)
    parser.epilog = "Settings of the file are flags, e.g. --data.text_column NAME"
    add_run(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="file with a column of texts")
    parser.add_argument("--text", action="append", help="one text; may be given several times")
    out = "file to write: CSV, or JSON with --json (default: stdout)"
    parser.add_argument("-o", "--output", metavar="OUT", help=out)
    parser.add_argument("--force", action="store_true", help="replace OUT if it is there")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if (args.file is None) == (args.text is None):
        raise InputError(
            "give either a FILE or --text",
            next_step="luthier predict RUN texts.csv -o out.csv, "
            'or luthier predict RUN --text "..."',
        )
    out = _output(args)
    from luthier.journeys.opening import resolve_settings
    from luthier.journeys.predict import predict_file, predict_texts
    from luthier.journeys.verbs import open_run
    from luthier.run_folder import write_text

    run_ = open_run(args.run_folder)
    if args.text is not None:
        texts, answers = list(args.text), predict_texts(run_, args.text)
    else:
        data = resolve_settings(settings_of(args)).settings.data
        rows, answers = predict_file(run_, args.file, data)
        texts = [str(text) for text in rows.columns["text"]]
        for note in rows.source.notes:
            say_aside(f"  {note.kind}: {note.message}")
    if args.json:
        text = _as_json(texts, answers)
    elif args.text is not None and out is None:
        text = _as_lines(texts, answers)
    else:
        text = _as_csv(texts, answers)
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        say_aside(f"{len(texts):,} answers written to {out}")
    return 0


def _output(args: argparse.Namespace) -> Path | None:
    """The file to write, checked: nothing of the user's is replaced unasked, the texts never."""
    if not args.output:
        return None
    out = Path(args.output)
    if out.exists() and not args.force:
        raise InputError(
            Problem("is there already", where=str(out)),
            next_step="choose another file, or replace it with --force",
        )
    if args.file and out.resolve() == Path(args.file).resolve():
        raise InputError(
            Problem("is the file of texts itself", where=str(out)),
            next_step="choose another file for the answers",
        )
    return out


def _as_lines(texts: list[str], answers: Predictions) -> str:
    lines = []
    for text, index, row in zip(texts, answers.predicted, answers.probabilities, strict=True):
        lines.append(harmless(f"{answers.label_names[index]}  {row[index]:.3f}  {text}") + "\n")
    return "".join(lines)


def _as_json(texts: list[str], answers: Predictions) -> str:
    values = [
        {
            "text": text,
            "label": answers.label_names[index],
            "probabilities": dict(zip(answers.label_names, map(float, row), strict=True)),
        }
        for text, index, row in zip(texts, answers.predicted, answers.probabilities, strict=True)
    ]
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _as_csv(texts: list[str], answers: Predictions) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [f"probability_{name}" for name in answers.label_names]
    writer.writerow(["text", "prediction", "probability", *names])
    for text, index, row in zip(texts, answers.predicted, answers.probabilities, strict=True):
        figures = [f"{p:.6f}" for p in row]
        writer.writerow([text, answers.label_names[index], figures[index], *figures])
    return stream.getvalue()
