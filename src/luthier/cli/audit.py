"""`luthier audit DATA`: is the data fit to learn from? Writes nothing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, new_parser, settings_of

if TYPE_CHECKING:
    from luthier.journeys.verbs import AuditReport


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "is the data fit to learn from? (writes nothing)"
    parser = new_parser(verbs, "audit", summary, run, settings=True)
    parser.add_argument("data", metavar="DATA", help="labelled file or folder")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.results import as_json, diagnosis_lines, exit_code
    from luthier.cli.terminal import say
    from luthier.journeys.opening import resolve_settings
    from luthier.journeys.verbs import audit
    from luthier.records import Audit, Diagnosis, Source

    given = settings_of(args)
    result = audit(args.data, settings=given)
    if args.json:
        parts = {
            "source": as_json(result.rows.source, Source),
            "audit": as_json(result.audit, Audit),
            "diagnosis": as_json(result.diagnosis, Diagnosis),
        }
        print("{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}")
    else:
        say([*_lines(result), "", *diagnosis_lines(result.diagnosis)])
    fail_on = resolve_settings(given, args.data).settings.diagnose.fail_on
    return exit_code(result.diagnosis, fail_on)


def _lines(result: AuditReport) -> list[str]:
    audit, source = result.audit, result.rows.source
    lines = [f"{audit.rows:,} rows, {len(audit.label_counts)} labels, from {source.path}"]
    lines += [f"  {note.kind}: {note.message}" for note in (*source.notes, *audit.notes)]
    counts = list(audit.label_counts.items())
    shown = counts if len(counts) <= 20 else [*counts[:10], *counts[-10:]]
    width = max(len(f"{count:,}") for _, count in counts)
    for number, (label, count) in enumerate(shown):
        if len(shown) < len(counts) and number == 10:
            lines.append(f"  ... {len(counts) - 20} more labels ...")
        lines.append(f"  {count:>{width},}  {label}")
    length = ", ".join(f"{name} {value:g}" for name, value in audit.length_characters.items())
    lines.append(f"characters a text: {length}")
    lines.append(
        f"repeated texts: {sum(len(c) - 1 for c in audit.duplicate_clusters):,} rows; "
        f"with different labels: {len(audit.conflicting_clusters):,} texts"
    )
    return lines
