"""`luthier workup DATA`: the whole way."""

from __future__ import annotations

import argparse

from luthier.cli.arguments import Verbs, add_run_dir, new_parser, settings_of


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = new_parser(
        verbs, "workup", "from a labelled file to a judged model", run, settings=True
    )
    parser.add_argument(
        "data",
        nargs="?",
        metavar="DATA",
        help=".csv .tsv .txt .json .jsonl file, or a folder with train, validation, test files",
    )
    add_run_dir(parser)
    parser.add_argument(
        "--resume", action="store_true", help="go on in --run-dir from what is there"
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.progress import both, listener
    from luthier.cli.results import exit_code, show_run
    from luthier.cli.stopping import Stopper
    from luthier.journeys.workup import workup
    from luthier.settings_file import from_run_yaml

    tell = spoken(args)
    with Stopper(tell) as stopper, listener(tell) as show:
        done = workup(
            args.data,
            run_dir=args.run_dir,
            settings=settings_of(args),
            resume=args.resume,
            language=tell.language,
            listen=both(stopper.hear, show),
            should_stop=stopper,
        )
    show_run(done, json_wanted=args.json, tell=tell)
    return exit_code(done.diagnosis, from_run_yaml(done.settings_path).settings.diagnose.fail_on)
