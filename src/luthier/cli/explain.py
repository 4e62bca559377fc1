"""`luthier explain FAULT`: the page of a fault."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = new_parser(verbs, "explain", "what a fault is, how it is detected, what to do", run)
    parser.add_argument("fault", metavar="FAULT", help="name of a fault (list: luthier faults)")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.faults import get_fault
    from luthier.journeys.verbs import explain
    from luthier.reporting.fault_page import fault_page
    from luthier.reporting.words import track_record_in_words

    page = explain(args.fault)
    record = get_fault(args.fault).track_record
    if args.json:
        value = {"fault": args.fault, "page": page, "track_record": record}
        print(json.dumps(value, ensure_ascii=False))
    else:
        tell = spoken(args)
        print(f"{fault_page(page, tell)}\n\n## {tell('Track record')}\n")
        print(track_record_in_words(record, tell))
    return 0
