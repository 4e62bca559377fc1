"""`luthier diagnose RUN`, or `luthier diagnose --predictions FILE`: why is it not better?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from luthier.cli.arguments import Verbs, new_parser
from luthier.errors import SettingsError

COLUMNS = ("text", "label", "prediction")


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = new_parser(verbs, "diagnose", "why is it not better? (needs no torch)", run)
    parser.add_argument(
        "run_folder", metavar="RUN", nargs="?", help="run folder, such as runs/demo"
    )
    parser.add_argument(
        "--fail-on",
        choices=("note", "low", "medium", "high", "never"),
        help="lowest severity that makes the exit code 1 (default: the run's diagnose.fail_on)",
    )
    parser.add_argument(
        "--parity",
        action="store_true",
        help="first let the model that ships answer again in a fresh process (needs torch)",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="first see whether 16 training rows can be learned by heart: it parts faults of the "
        "training from those of the data (needs torch; at most 180 steps of 16 rows)",
    )
    _add_other_frameworks(parser)


def _add_other_frameworks(parser: argparse.ArgumentParser) -> None:
    """Options for a run that Luthier did not make."""
    other = parser.add_argument_group(
        "a run of another framework",
        "files with a row per text: text, true label, and the prediction, or one column of "
        "probabilities or logits per label (prob_<label>), or both. Columns are guessed by name",
    )
    for flag, what in (
        ("--predictions", "answers to the test rows (csv, tsv, parquet, json, xlsx)"),
        ("--validation", "answers to the validation rows, or the rows with their labels"),
        ("--train", "training rows with their labels, or answers to them"),
        ("--keras", "the model as .keras file: output, loss and frozen layers are read"),
    ):
        other.add_argument(flag, metavar="FILE", type=Path, help=what)
    other.add_argument(
        "--model", metavar="FOLDER", type=Path,
        help="what save_pretrained wrote: it answers the rows again in a fresh process",
    )  # fmt: skip
    other.add_argument(
        "--initial-model", metavar="FOLDER", type=Path, help="the weights from before training"
    )
    for column in COLUMNS:
        other.add_argument(f"--{column}-column", metavar="NAME", help=f"column of the {column}")
    other.add_argument(
        "--label-names", metavar="A,B,C", help="labels in the order of the model's outputs"
    )
    other.add_argument(
        "--reported", metavar="NAME=VALUE", action="append", default=[],
        help="a figure that was reported, such as macro_f1=0.83 or validation.accuracy=0.91",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if args.predictions:
        return _foreign(args)
    if not args.run_folder:
        raise SettingsError(
            "a run folder, or a file of answers, is missing",
            next_step="luthier diagnose runs/NAME, or luthier diagnose --predictions test.csv",
        )
    from luthier.cli.language import spoken
    from luthier.cli.progress import listener
    from luthier.cli.results import as_json, exit_code
    from luthier.cli.terminal import say
    from luthier.journeys.verbs import diagnose
    from luthier.reporting.diagnosis_lines import diagnosis_lines
    from luthier.run_folder import RunFolder
    from luthier.settings_file import from_run_yaml

    tell = spoken(args)
    with listener(tell) as listen:
        if args.probe:
            from luthier.journeys.probe import probe

            probe(args.run_folder, listen=listen)
        diagnosis = diagnose(args.run_folder, parity=args.parity, listen=listen)
    say([as_json(diagnosis)] if args.json else diagnosis_lines(diagnosis, say=tell))
    settings = from_run_yaml(RunFolder(args.run_folder).settings_path).settings
    return exit_code(diagnosis, args.fail_on or settings.diagnose.fail_on)


def _given_columns(args: argparse.Namespace) -> dict[str, str]:
    columns = {name: getattr(args, f"{name}_column") for name in COLUMNS}
    return {name: column for name, column in columns.items() if column}


def _foreign(args: argparse.Namespace) -> int:
    """Another framework's run: the same findings, after what was guessed of its files."""
    if args.run_folder:
        raise SettingsError(
            f"give a run folder ({args.run_folder}) or --predictions, not both",
            next_step="luthier diagnose --predictions test.csv",
        )
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json, exit_code
    from luthier.cli.terminal import say, say_aside
    from luthier.journeys.foreign import ForeignRun, diagnose_foreign, figure_lines
    from luthier.records import Evaluation, Note
    from luthier.reporting.diagnosis_lines import diagnosis_lines
    from luthier.reporting.words import note_line
    from luthier.settings import DiagnoseSettings

    tell = spoken(args)
    result = diagnose_foreign(
        ForeignRun(
            predictions=args.predictions,
            validation=args.validation,
            train=args.train,
            keras=args.keras,
            model=args.model,
            initial_model=args.initial_model,
            columns=_given_columns(args),
            label_names=list(filter(None, map(str.strip, (args.label_names or "").split(",")))),
            reported=args.reported,
        )
    )
    if args.json:
        whole = json.loads(as_json(result.diagnosis))
        whole["notes"] = json.loads(as_json(result.notes, tuple[Note, ...]))
        whole["evaluation"] = json.loads(as_json(result.evaluation, Evaluation))
        say([json.dumps(whole, ensure_ascii=False, indent=1)])
    else:
        for note in result.notes:
            say_aside(note_line(note, tell))
        told = diagnosis_lines(result.diagnosis, say=tell)
        say([*figure_lines(result.evaluation, tell), "", *told])
    return exit_code(result.diagnosis, args.fail_on or DiagnoseSettings().fail_on)
