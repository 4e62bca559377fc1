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
    from luthier.cli.language import spoken
    from luthier.cli.progress import both, listener
    from luthier.cli.stopping import Stopper
    from luthier.journeys.verbs import train
    from luthier.records import event_to_json
    from luthier.reporting.words import metric_title

    tell = spoken(args)
    with Stopper(tell) as stopper, listener(tell) as show:
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
            tell(
                "best after step {step}: validation {metric} {value}",
                step=f"{stopped['best_step']:,}",
                metric=metric_title(stopped["metric_name"], tell),
                value=f"{stopped['best_metric']:.3f}",
            )
        )
        print(f"{done.model}")
        step = f"luthier workup --resume --run-dir {done.path}"
        print(tell("next: {step}", step=step))
    return 0
