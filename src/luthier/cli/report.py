"""`luthier report RUN`: write the page and the plots again."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, add_run, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "write report.html and the plots of a run again (needs no torch)"
    parser = new_parser(verbs, "report", summary, run)
    add_run(parser)
    parser.add_argument(
        "--test-rows",
        action="store_true",
        help="show the test rows too; that is a look at the test set and is written in the ledger",
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.progress import listener
    from luthier.journeys.verbs import report

    tell = spoken(args)
    with listener(tell) as listen:
        path = report(
            args.run_folder, language=tell.language, test_rows=args.test_rows, listen=listen
        )
    print(json.dumps({"report": str(path)}, ensure_ascii=False) if args.json else path)
    return 0
