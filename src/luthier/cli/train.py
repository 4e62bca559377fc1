"""`luthier train DATA` or `luthier train RUN`: fit a model, without judging it on test rows."""

from __future__ import annotations

import argparse
import json

from luthier.cli.arguments import Verbs, add_run_dir, new_parser, settings_of


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "fit a model (a run folder is resumed), without judging it on test rows"
    parser = new_parser(verbs, "train", summary, run, settings=True)
    parser.add_argument("source", metavar="DATA|RUN", help="labelled file or folder, or a run")
    add_run_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.progress import both, listener
    from luthier.cli.stopping import Stopper
    from luthier.journeys.verbs import train
    from luthier.records import event_to_json

    with Stopper() as stopper, listener() as show:
        done = train(
            args.source,
            run_dir=args.run_dir,
            settings=settings_of(args),
            listen=both(stopper.hear, show),
            should_stop=stopper,
        )
    stopped = event_to_json(done.history[-1])
    if args.json:
        print(json.dumps({"run": str(done.path), **stopped}, ensure_ascii=False))
    else:
        print(
            f"best after step {stopped['best_step']:,}: "
            f"validation {stopped['metric_name']} {stopped['best_metric']:.3f}"
        )
        print(f"{done.model}")
        print(f"next: luthier workup --resume --run-dir {done.path}")
    return 0
