"""`luthier split DATA`: share out the rows into a new run."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, add_run_dir, new_parser, settings_of


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "share out the rows into train, validation and test"
    parser = new_parser(verbs, "split", summary, run, settings=True)
    parser.add_argument("data", metavar="DATA", help="labelled file or folder")
    add_run_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.progress import listener
    from luthier.journeys.verbs import split

    tell = spoken(args)
    with listener(tell) as listen:
        done = split(args.data, run_dir=args.run_dir, settings=settings_of(args), listen=listen)
    counts = done.splits.counts()
    if args.json:
        print(json.dumps({"run": str(done.path), "splits": counts}, ensure_ascii=False))
    else:
        print(", ".join(f"{count:,} {tell(name)}" for name, count in counts.items()))
        print(f"{done.path / 'splits.parquet'}")
        print(tell("next: {step}", step=f"luthier train {done.path}"))
    return 0
