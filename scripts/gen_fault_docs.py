"""Write docs/faults/ from the fault files; with `--check`, only say whether it is current."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luthier.faults import (
    STABLE_FALSE_ALARMS,
    STABLE_HEALTHY,
    STABLE_PLANTED,
    STABLE_RECALL,
    Fault,
    all_faults,
)
from luthier.records import EVIDENCE
from luthier.reporting.words import track_record_in_words

TARGET = Path(__file__).parents[1] / "docs" / "faults"

HEAD = "<!-- Made by scripts/gen_fault_docs.py from src/luthier/faults/: edit there. -->"


def pages() -> dict[str, str]:
    """File name -> text of every page, the index among them."""
    found = {f"{fault.id}.md": page(fault) for fault in all_faults()}
    return found | {"index.md": index()}


def page(fault: Fault) -> str:
    """One fault: its own page, what it needs, and its track record."""
    title, _, body = fault.page.partition("\n")
    needs = "\n".join(
        f"- `{name}`: {EVIDENCE[name].meaning} (made by {EVIDENCE[name].verb})"
        for name in fault.needs
    ) + "".join(
        f"\n- where it is there, `{name}`: {EVIDENCE[name].meaning} (made by {EVIDENCE[name].verb})"
        for name in fault.wants
    )
    return (
        f"# {fault.info.title}\n\n{HEAD}\n\n`{fault.id}` ({fault.info.code}, {fault.status}). "
        f"{title}\n{body}\n\n## What it needs\n\n{needs}\n\n"
        f"## Track record\n\n{track_record_in_words(fault.track_record)}\n"
        f"{measured_in_detail(fault.track_record)}"
    )


def measured_in_detail(record: Mapping[str, Any] | None) -> str:
    """Hits by severity and by substrate, and how often it stood first; empty in old records."""
    if record is None or "by_severity" not in record:
        return ""
    lines = ["", "| planted | found | 95 % interval |", "|---|---|---|"]
    names = [
        f"severity {place}, mildest first" for place in range(1, 1 + len(record["by_severity"]))
    ]
    rows = [*zip(names, record["by_severity"], strict=True), *record["by_substrate"].items()]
    for name, part in rows:
        if part["planted"]:
            _, low, high = part["recall"]
            found = f"{part['hits']} of {part['planted']}"
            lines.append(f"| {name} | {found} | {low:.0%} to {high:.0%} |")
    first = (
        f"It stood first in {record['named_first']} of {record['planted']} diagnoses, it or a "
        f"fault that may rightly stand above it in {record['named_first_or_accepted']}."
    )
    told = record["rows_named"]
    named = (
        f" Of the rows that it named, {told['planted_among_named']:.0%} were planted ones."
        if told
        else ""
    )
    return "\n".join([*lines, "", first + named, ""])


def index() -> str:
    """All faults in one table, in the order of the flow."""
    lines = [
        "# Faults",
        "",
        HEAD,
        "",
        f"`stable`: at least {STABLE_PLANTED} plants and {STABLE_HEALTHY} healthy runs were "
        f"judged, {STABLE_RECALL:.0%} of the plants of the middle severity were found, and at most "
        f"{STABLE_FALSE_ALARMS:.0%} of the healthy runs raised it. All else is `preview`.",
        "",
        "| fault | stage | status | title | found | false alarms |",
        "|---|---|---|---|---|---|",
    ]
    for fault in all_faults():
        record = fault.track_record or {}
        found = f"{record['hits']} of {record['planted']}" if record else "not measured"
        alarms = f"{record['false_alarms']} on {record['healthy']}" if record else "not measured"
        link = f"[`{fault.id}`]({fault.id}.md)"
        title = fault.info.title
        lines.append(f"| {link} | {fault.stage} | {fault.status} | {title} | {found} | {alarms} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Exit code 1 when `--check` finds a page that is missing, old, or of no fault."""
    broken = [fault for fault in all_faults() if fault.error]
    if broken:
        sys.stderr.write("".join(f"{fault.id}: {fault.error}\n" for fault in broken))
        return 1
    wanted = pages()
    present = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.md")}
    changed = sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))
    if "--check" in sys.argv[1:]:
        if changed:
            sys.stderr.write(f"not current: {', '.join(changed)}; run scripts/gen_fault_docs.py\n")
        return int(bool(changed))
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in wanted:
            (TARGET / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            (TARGET / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
