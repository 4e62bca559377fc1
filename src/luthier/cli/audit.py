"""`luthier audit DATA [--fix OUT] [--relabel OUT]`: is the data fit to learn from?"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, new_parser, settings_of

if TYPE_CHECKING:
    from luthier.journeys.auditing import AuditReport
    from luthier.records import Agreement, Audit, Diagnosis, Figure
    from luthier.reporting.catalogue import Catalogue


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "is the data fit to learn from? (writes nothing unless asked)"
    parser = new_parser(verbs, "audit", summary, run, settings=True)
    parser.add_argument("data", metavar="DATA", help="labelled file or folder")
    fix = "write a cleaned copy (.csv, .tsv or .jsonl), with what was done to each row"
    parser.add_argument("--fix", metavar="OUT", help=fix)
    queue = "write the rows whose labels are doubted as CSV, most doubtful first"
    parser.add_argument("--relabel", metavar="OUT", help=queue)
    parser.add_argument("--force", action="store_true", help="replace OUT if it is there")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json, exit_code
    from luthier.cli.terminal import say
    from luthier.journeys.auditing import audit
    from luthier.journeys.opening import resolve_settings
    from luthier.records import Audit, Diagnosis, Source
    from luthier.reporting.diagnosis_lines import diagnosis_lines

    tell = spoken(args)
    given = settings_of(args)
    _check_places(args)  # before the work, not after
    result = audit(args.data, settings=given, to_fix=bool(args.fix))
    if args.json:
        parts = {
            "source": as_json(result.rows.source, Source),
            "audit": as_json(result.audit, Audit),
            "diagnosis": as_json(result.diagnosis, Diagnosis),
        }
        print("{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}")
    else:
        own, later = _of_an_audit(result)
        say([*_lines(result, tell), "", *diagnosis_lines(own, say=tell)])
        step = f"luthier workup {shlex.quote(args.data)}"
        say([tell("{n} more checks need a model and its answers: {step}", n=later, step=step)])
    _write(args, result, tell)
    fail_on = resolve_settings(given, args.data).settings.diagnose.fail_on
    return exit_code(result.diagnosis, fail_on)


def _check_places(args: argparse.Namespace) -> None:
    """Whether every file that was asked for can be written."""
    from luthier.journeys.copy_place import check_apart, check_free, left_out_beside
    from luthier.kit.copy_forms import COPY_ENDINGS
    from luthier.kit.relabel_queue import QUEUE_ENDINGS

    copy, queue = (Path(out) if out else None for out in (args.fix, args.relabel))
    if copy and queue:
        check_apart(copy, queue)
    asked = ((copy, COPY_ENDINGS), (copy and left_out_beside(copy), COPY_ENDINGS))
    for out, endings in (*asked, (queue, QUEUE_ENDINGS)):
        if out:
            check_free(out, [Path(args.data)], endings, force=args.force)


def _write(args: argparse.Namespace, result: AuditReport, tell: Catalogue) -> None:
    """The files that were asked for."""
    from luthier.cli.terminal import say_aside
    from luthier.journeys.auditing import fix, save_relabel_queue
    from luthier.kit.relabel_queue import STOP_RULE
    from luthier.reporting.words import note_line

    if args.relabel:
        path = save_relabel_queue(result, args.relabel, force=args.force)
        say_aside(
            tell(
                "{n} rows to read, most doubtful first: {path}. {rule}",
                n=f"{len(result.queue):,}",
                path=path,
                rule=tell.told(STOP_RULE),
            )
        )
    if args.fix:
        fixed = fix(result, args.fix, force=args.force)
        deeds = ", ".join(f"{count:,} {tell(deed)}" for deed, count in sorted(fixed.deeds.items()))
        say_aside(f"{deeds}: {fixed.path}")
        for note in fixed.notes:
            say_aside(f"  {note_line(note, tell)}")


def _of_an_audit(result: AuditReport) -> tuple[Diagnosis, int]:
    """The diagnosis without the checks that no audit can do, and how many these are."""
    from luthier.faults import all_faults

    seen = {"rows", "audit", "label_opinions", "label_pairs"}
    if result.rows.source.has_own_splits:
        seen.add("splits")
    own = {fault.id for fault in all_faults() if seen.issuperset(fault.needs)}
    unchecked = result.diagnosis.not_checked
    kept = tuple(item for item in unchecked if item.fault in own)
    return replace(result.diagnosis, not_checked=kept), len(unchecked) - len(kept)


def _lines(result: AuditReport, tell: Catalogue) -> list[str]:
    from luthier.reporting.words import note_line

    audit, source = result.audit, result.rows.source
    rows, labels = f"{audit.rows:,}", len(audit.label_counts)
    if labels:
        head = tell("{n} rows, {k} labels, from {path}", n=rows, k=labels, path=source.path)
    else:
        head = tell("{n} rows, from {path}", n=rows, path=source.path)
    lines = [head, *(f"  {note_line(note, tell)}" for note in (*source.notes, *audit.notes))]
    counts = list(audit.label_counts.items())
    shown = counts if len(counts) <= 20 else [*counts[:10], *counts[-10:]]
    width = max((len(f"{count:,}") for _, count in counts), default=0)
    for number, (label, count) in enumerate(shown):
        if len(shown) < len(counts) and number == 10:
            lines.append(tell("  ... {n} more labels ...", n=len(counts) - 20))
        lines.append(f"  {count:>{width},}  {label}")
    length = ", ".join(f"{name} {value:g}" for name, value in audit.length_characters.items())
    lines.append(tell("characters a text: {length}", length=length))
    if audit.numbers:
        numbers = ", ".join(f"{name} {value:g}" for name, value in audit.numbers.items())
        lines.append(tell("numbers to estimate: {numbers}", numbers=numbers))
    lines.append(_repeats(audit, tell))
    if audit.agreement is not None:
        lines += _agreement_lines(audit.agreement, tell)
    return lines


def _repeats(audit: Audit, tell: Catalogue) -> str:
    rows = f"{sum(len(c) - 1 for c in audit.duplicate_clusters):,}"
    texts = f"{len(audit.conflicting_clusters):,}"
    if audit.numbers:
        return tell(
            "repeated texts: {rows} rows; with different numbers: {texts} texts",
            rows=rows,
            texts=texts,
        )
    return tell(
        "repeated texts: {rows} rows; with different labels: {texts} texts", rows=rows, texts=texts
    )


def _agreement_lines(agreement: Agreement, tell: Catalogue) -> list[str]:
    lines = [
        tell(
            "{people} annotators, {n} items with labels of two or more: "
            "Krippendorff's alpha {alpha}",
            people=agreement.annotators,
            n=f"{agreement.items:,}",
            alpha=_with_ends(agreement.alpha),
        )
    ]
    for pair, kappa in agreement.kappas.items():
        lines.append(
            tell(
                "  {pair}: Cohen's kappa {kappa} over {n} items",
                pair=pair,
                kappa=_with_ends(kappa),
                n=f"{kappa.n:,}",
            )
        )
    return lines


def _with_ends(figure: Figure) -> str:
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
