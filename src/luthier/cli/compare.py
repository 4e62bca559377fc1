"""`luthier compare RUN RUN ...`: which run is better on the same rows, and what flipped."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, add_language, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "which of several runs is better on the same rows, what was changed, what flipped"
    parser = new_parser(verbs, "compare", summary, run)
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="run folders; the first is the measure of the others"
    )
    add_language(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.compare import compare
    from luthier.reporting.compare_page import difference_sentence

    found, page = compare(args.runs, language=args.lang)
    if args.json:
        print(json.dumps({"page": str(page), **json.loads(as_json(found))}, ensure_ascii=False))
        return 0
    lines = [f"on the same {found.n:,} {found.split} rows, paired, 95 % intervals:"]
    lines += [f"  {difference_sentence(one, found)}" for one in found.differences]
    lines.append(f"settings that differ: {', '.join(found.settings) or 'none'}")
    lines.append(f"rows not answered alike: {len(found.flipped):,}")
    lines.append(f"page    {page}")
    say(lines)
    return 0
