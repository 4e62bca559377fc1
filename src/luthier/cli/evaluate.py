"""`luthier evaluate RUN`: judge the model of a run again."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, add_run, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "judge the model of a run again (a look at the test rows is recorded)"
    parser = new_parser(verbs, "evaluate", summary, run)
    add_run(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.progress import listener
    from luthier.cli.results import score_lines
    from luthier.journeys.verbs import evaluate

    tell = spoken(args)
    with listener(tell) as listen:
        done = evaluate(args.run_folder, language=tell.language, listen=listen)
    if args.json:
        print(json.dumps(done.metrics, ensure_ascii=False, indent=1))
    else:
        print("\n".join(score_lines(done, tell)))
    return 0
