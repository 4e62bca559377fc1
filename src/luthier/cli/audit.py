"""`luthier audit DATA [--fix OUT] [--relabel OUT]`: is the data fit to learn from?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, new_parser, settings_of

if TYPE_CHECKING:
    from luthier.journeys.verbs import AuditReport
    from luthier.records import Agreement


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "is the data fit to learn from? (writes nothing unless asked)"
    parser = new_parser(verbs, "audit", summary, run, settings=True)
    parser.add_argument("data", metavar="DATA", help="labelled file or folder")
    fix = "write a cleaned copy as CSV, with what was done to each row"
    parser.add_argument("--fix", metavar="OUT", help=fix)
    queue = "write the rows whose labels are doubted as CSV, most doubtful first"
    parser.add_argument("--relabel", metavar="OUT", help=queue)
    parser.add_argument("--force", action="store_true", help="replace OUT if it is there")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.results import as_json, exit_code
    from luthier.cli.terminal import say
    from luthier.journeys.label_check import check_free
    from luthier.journeys.opening import resolve_settings
    from luthier.journeys.verbs import audit
    from luthier.records import Audit, Diagnosis, Source
    from luthier.reporting.diagnosis_lines import diagnosis_lines

    given = settings_of(args)
    for out in filter(None, (args.fix, args.relabel)):
        check_free(Path(out), Path(args.data), force=args.force)  # before the work, not after
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
    _write(args, result)
    fail_on = resolve_settings(given, args.data).settings.diagnose.fail_on
    return exit_code(result.diagnosis, fail_on)


def _write(args: argparse.Namespace, result: AuditReport) -> None:
    """The files that were asked for."""
    from luthier.cli.terminal import say_aside
    from luthier.journeys.verbs import fix, save_relabel_queue
    from luthier.kit.relabel_queue import STOP_RULE

    if args.relabel:
        path = save_relabel_queue(result, args.relabel, force=args.force)
        say_aside(f"{len(result.queue):,} rows to read, most doubtful first: {path}. {STOP_RULE}")
    if args.fix:
        fixed = fix(result, args.fix, force=args.force)
        deeds = ", ".join(f"{count:,} {deed}" for deed, count in sorted(fixed.deeds.items()))
        say_aside(f"{deeds}: {fixed.path}")
        for note in fixed.notes:
            say_aside(f"  {note.kind}: {note.message}")


def _lines(result: AuditReport) -> list[str]:
    audit, source = result.audit, result.rows.source
    labels = f"{len(audit.label_counts)} labels, " if audit.label_counts else ""
    lines = [f"{audit.rows:,} rows, {labels}from {source.path}"]
    lines += [f"  {note.kind}: {note.message}" for note in (*source.notes, *audit.notes)]
    counts = list(audit.label_counts.items())
    shown = counts if len(counts) <= 20 else [*counts[:10], *counts[-10:]]
    width = max((len(f"{count:,}") for _, count in counts), default=0)
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
    if audit.agreement is not None:
        lines += _agreement_lines(audit.agreement)
    return lines


def _agreement_lines(agreement: Agreement) -> list[str]:
    alpha = agreement.alpha
    lines = [
        f"{agreement.annotators} annotators, {agreement.items:,} items with labels of two or more: "
        f"Krippendorff's alpha {alpha.value:.2f} [{alpha.low:.2f}, {alpha.high:.2f}]"
    ]
    for pair, kappa in agreement.kappas.items():
        lines.append(
            f"  {pair}: Cohen's kappa {kappa.value:.2f} [{kappa.low:.2f}, {kappa.high:.2f}] "
            f"over {kappa.n:,} items"
        )
    return lines
