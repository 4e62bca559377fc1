"""`luthier demo`: the whole way on the embedded sample."""

from __future__ import annotations

import argparse

from luthier.cli.arguments import Verbs, add_run_dir, new_parser, settings_of


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "the whole way on the embedded sample, in under 3 minutes"
    parser = new_parser(verbs, "demo", summary, run, settings=True)
    add_run_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Do it. Findings are what a demo is for, so they do not make the exit code 1."""
    from luthier.cli.language import spoken
    from luthier.cli.progress import both, listener
    from luthier.cli.results import exit_code, show_run
    from luthier.cli.stopping import Stopper
    from luthier.journeys.workup import demo

    tell = spoken(args)
    with Stopper(tell) as stopper, listener(tell) as show:
        done = demo(
            run_dir=args.run_dir,
            settings=settings_of(args),
            language=tell.language,
            listen=both(stopper.hear, show),
            should_stop=stopper,
        )
    show_run(done, json_wanted=args.json, tell=tell)
    return exit_code(done.diagnosis, "never")
