"""`luthier diagnose RUN`: why is it not better?"""

from __future__ import annotations

import argparse

from luthier.cli.arguments import Verbs, add_run, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = new_parser(verbs, "diagnose", "why is it not better? (needs no torch)", run)
    add_run(parser)
    parser.add_argument(
        "--fail-on",
        choices=("note", "low", "medium", "high", "never"),
        help="lowest severity that makes the exit code 1 (default: the run's diagnose.fail_on)",
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.progress import listener
    from luthier.cli.results import as_json, diagnosis_lines, exit_code
    from luthier.cli.terminal import say
    from luthier.journeys.verbs import diagnose
    from luthier.run_folder import RunFolder
    from luthier.settings_file import from_run_yaml

    with listener() as listen:
        diagnosis = diagnose(args.run_folder, listen=listen)
    say([as_json(diagnosis)] if args.json else diagnosis_lines(diagnosis))
    settings = from_run_yaml(RunFolder(args.run_folder).settings_path).settings
    return exit_code(diagnosis, args.fail_on or settings.diagnose.fail_on)
