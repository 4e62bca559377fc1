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
    from luthier.journeys.verbs import explain

    page = explain(args.fault)
    value = {"fault": args.fault, "page": page}
    print(json.dumps(value, ensure_ascii=False) if args.json else page)
    return 0
