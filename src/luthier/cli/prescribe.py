"""`luthier prescribe RUN`: what to change, safest first."""

from __future__ import annotations

import argparse
import shlex

from luthier.cli.arguments import Verbs, add_run, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = new_parser(verbs, "prescribe", "what should change, safest first", run)
    add_run(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.verbs import prescribe
    from luthier.records import Note, Prescription
    from luthier.reporting.commands import as_typed
    from luthier.reporting.words import note_line

    cures, notes = prescribe(args.run_folder)
    if args.json:
        left_out = as_json(notes, tuple[Note, ...])
        text = as_json(cures, tuple[Prescription, ...])
        print(f'{{"prescriptions": {text}, "notes": {left_out}}}')
        return 0
    tell = spoken(args)
    lines = [] if cures else [tell("nothing to change: no fault that was checked has fired")]
    for cure in cures:
        kind = tell(cure.applicability.value)
        lines.append(tell("{kind}: {message}", kind=kind, message=tell.told(cure.what)))
        lines.append(tell("  why: {why}", why=tell.told(cure.why)))
        for name, value in cure.settings.items():
            lines.append(f"  --{name} {shlex.quote(as_typed(value))}")
    lines += [note_line(note, tell) for note in notes]
    say(lines)
    return 0
