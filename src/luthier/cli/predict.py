"""`luthier predict RUN FILE -o out.csv` and `luthier predict RUN --text "..."`."""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.arguments import Verbs, add_run, new_parser, settings_of
from luthier.cli.terminal import harmless, say_aside
from luthier.errors import InputError, Problem

if TYPE_CHECKING:
    from luthier.records import AnyPredictions, PredictedRows


OTHER_ENDINGS = {".csv", ".json", ".jsonl", ".xlsx", ".xls", ".parquet", ".arrow", ".feather"}
"""Of files with a form of their own: what is written must be what the ending says."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "answer new texts with the model of a run"
    parser = new_parser(verbs, "predict", summary, run, settings=True)
    parser.epilog = "Settings of the file are flags, e.g. --text-column NAME; no others are"
    add_run(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="file with a column of texts")
    parser.add_argument("--text", action="append", help="one text; may be given several times")
    ways = "torch, onnx, onnx-int8, or the fastest that was exported and costs at most --max-loss"
    parser.add_argument("--format", metavar="FORMAT", help=f"{ways} (default)")
    loss = "points of the figure, on validation rows, that a faster format may cost (default: 0.3)"
    parser.add_argument("--max-loss", type=float, default=0.3, metavar="POINTS", help=loss)
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
    from luthier.cli.language import spoken
    from luthier.journeys.opening import open_run
    from luthier.journeys.predict import predict_file, predict_texts, settings_of_file
    from luthier.reporting.words import note_line
    from luthier.run_folder import write_text

    tell = spoken(args)
    data = settings_of_file(settings_of(args))
    run_ = open_run(args.run_folder)
    way = {"max_loss": args.max_loss, **({"way": args.format} if args.format else {})}
    if args.text is not None:
        table = _table({"text": list(args.text)}, predict_texts(run_, args.text, **way))
    else:
        answered = predict_file(run_, args.file, data, **way)
        rows = answered.rows
        asked = rows.file_columns or {"text": rows.columns["text"]}
        table = _table(asked, answered.predictions, answered)
        for note in (*rows.source.notes, *answered.notes):
            say_aside(f"  {note_line(note, tell)}")
    if args.json:
        text = _as_json(table)
    elif args.text is not None and out is None:
        text = _as_lines(table)
    else:
        text = _as_csv(table)
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        say_aside(tell("{n} answers written to {path}", n=f"{table.count:,}", path=out))
    return 0


def _output(args: argparse.Namespace) -> Path | None:
    """The file to write, checked: nothing of the user's is replaced unasked, the texts never."""
    from luthier.journeys.copy_place import check_place

    if not args.output:
        return None
    out = Path(args.output)
    kind, ending = ("JSON", ".json") if args.json else ("CSV", ".csv")
    if out.suffix.lower() in OTHER_ENDINGS - {ending}:
        raise InputError(
            Problem(f"answers are written as {kind}, not as {out.suffix}", where=str(out)),
            next_step="name a file that ends in .csv, or in .json with --json",
        )
    check_place(out, [Path(args.file)] if args.file else [], f"answers{ending}", force=args.force)
    return out


@dataclass(frozen=True, slots=True)
class _Table:
    """What was asked and what was answered, column by column; names are never used twice.

    `count` rows have an answer; in the others all that is answered is None.
    """

    names: Sequence[str]
    asked: Sequence[Sequence[Any]]
    answers: Mapping[str, Sequence[Any]]
    count: int

    def rows(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """For each row the cells that were asked, and the answers by their names."""
        answers = zip(*self.answers.values(), strict=True)
        for cells, values in zip(zip(*self.asked, strict=True), answers, strict=True):
            yield cells, dict(zip(self.answers, values, strict=True))


def _table(
    asked: Mapping[str, Sequence[Any]],
    predictions: AnyPredictions,
    answered: PredictedRows | None = None,
) -> _Table:
    from luthier.prediction_tables import columns_of
    from luthier.records import Predictions

    found, _ = columns_of(predictions)
    answers: dict[str, Sequence[Any]] = {"prediction": _plain(found.pop("prediction"))}
    if isinstance(predictions, Predictions):
        answers["probability"] = predictions.probabilities.max(axis=1).tolist()
    answers |= {n: _plain(v) for n, v in found.items() if n not in ("row_id", "label", "loss")}
    count = len(predictions)
    if answered is not None:
        answers["tokens_cut"] = answered.lost_tokens.tolist()
        there = answered.answered.tolist()
        answers = {
            name: [v if ok else None for v, ok in zip(values, there, strict=True)]
            for name, values in answers.items()
        }
        count = sum(there)
    free = {_free(name, asked): values for name, values in answers.items()}
    return _Table(tuple(asked), tuple(asked.values()), free, count)


def _free(name: str, taken: Collection[str]) -> str:
    """The name of a column of answers, another one where the file has a column of that name."""
    numbered = (f"luthier_{name}_{number}" for number in itertools.count(2))
    names = itertools.chain([name, f"luthier_{name}"], numbered)
    return next(found for found in names if found not in taken)


def _plain(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _as_lines(table: _Table) -> str:
    lines = []
    for (text, *_), answers in table.rows():
        sure = f"{answers['probability']:.3f}" if "probability" in answers else ""
        said = [_cell(answers["prediction"]), sure, text]
        lines.append(harmless("  ".join(filter(None, said))) + "\n")
    return "".join(lines)


def _as_json(table: _Table) -> str:
    values = []
    for cells, answers in table.rows():
        ways = {n: answers.pop(n) for n in list(answers) if n.startswith("probability_")}
        labels = {name.removeprefix("probability_"): share for name, share in ways.items()}
        more = {"probabilities": labels} if ways else {}
        values.append({**dict(zip(table.names, cells, strict=True)), **answers, **more})
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _as_csv(table: _Table) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*table.names, *table.answers])
    for cells, answers in table.rows():
        writer.writerow([*map(_cell, cells), *map(_cell, answers.values())])
    return stream.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else str(value)
