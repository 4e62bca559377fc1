"""`luthier compare RUN RUN ...`: which run is better on the same rows, and what flipped."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "which of several runs is better on the same rows, what was changed, what flipped"
    parser = new_parser(verbs, "compare", summary, run)
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="run folders; the first is the measure of the others"
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.compare import compare
    from luthier.reporting.compare_page import difference_sentences, rows_called

    tell = spoken(args)
    found, page = compare(args.runs, language=tell.language)
    if args.json:
        print(json.dumps({"page": str(page), **json.loads(as_json(found))}, ensure_ascii=False))
        return 0
    lines = [
        tell(
            "on the same {n} {split} rows, paired, 95 % intervals:",
            n=f"{found.n:,}",
            split=tell(rows_called(found.split)),
        )
    ]
    lines += [f"  {sentence}" for sentence in difference_sentences(found, tell)]
    lines += [tell("  note: {message}", message=tell.told(note)) for note in found.notes]
    settings = ", ".join(found.settings) or tell("none")
    lines.append(tell("settings that differ: {settings}", settings=settings))
    lines.append(tell("rows not answered alike: {n}", n=f"{len(found.flipped):,}"))
    lines.append(tell("page    {path}", path=page))
    say(lines)
    return 0
