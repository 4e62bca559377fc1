"""Many rows say the same thing again.

## What it is

Rows are equal to other rows, or nearly so: copies from an export, a form letter, a bot, or
something that many people write.

## Why it hurts

Each copy counts as a row: training leans to what was copied, shares of labels are not those of
different texts, and there is less to learn from than the number of rows says. Copies on both sides
of a split are a leak; that is another fault.

## How it is detected

Texts are equal after Unicode normalisation (NFKC), lower case, and without punctuation and spare
spaces; nearly equal when they share 8 in 10 of their character n-grams (`split.near_duplicates`;
MinHash, confirmed exactly, Broder 1997). All rows of a cluster but one are spare. It is a count,
not an estimate, so it carries no interval.

## What stays quiet

A spare row in twenty: people do write the same. Rows with the same text and different labels are
counted elsewhere (`conflicting_labels`).

## What to do

Find out where the copies come from. If they are no messages of their own, keep one of each; if many
people really write it, leave them in.
"""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.kit.text_key import text_key
from luthier.records import (
    Applicability,
    Audit,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
)

FAULT = FaultInfo("repeated_rows", "D1", "Many rows repeat others", any_task=True)

LIMITS: tuple[tuple[float, Severity], ...] = ((0.3, "medium"), (0.1, "low"), (0.05, "note"))
"""Share of rows that are spare from which it counts so much; never high: they may be messages."""

MOST_ROWS = 300
"""Rows named in a finding, at most; of the largest clusters."""


def detect(rows: Rows, audit: Audit) -> Outcome:
    """Count the rows that could be left out without losing a text."""
    if not len(rows):
        return CannotTell("There are no rows.", "rows")
    texts = dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True))
    clusters = sorted(audit.alike_clusters, key=lambda own: (-len(own), own))
    spare = sum(len(own) - 1 for own in clusters)
    equal = sum(len(own) - len({text_key(texts[i]) for i in own}) for own in clusters)
    share = spare / len(rows)
    largest = max(map(len, clusters), default=0)
    measured = {
        "spare_rows": spare,
        "spare_share": share,
        "equal": equal,
        "nearly_equal": spare - equal,
        "clusters": len(clusters),
        "largest_cluster": largest,
    }
    said = (
        f"{spare:,} of {len(rows):,} rows ({share:.1%}) repeat another one: {equal:,} are equal, "
        f"{spare - equal:,} nearly so"
    )
    for limit, severity in LIMITS:
        if share >= limit:
            return Fired(
                f"{said}; the commonest text stands there {largest:,} times.",
                severity,
                measured,
                {severity: limit for limit, severity in LIMITS},
                tuple(i for own in clusters for i in own[1:])[:MOST_ROWS],
            )
    return Clear(f"{said}." if spare else f"No text of {len(rows):,} rows repeats.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Only a person knows what is a copy and what a message."""
    return (
        Prescription(
            "Keep one of each text in a copy of the data file "
            f"(texts: {fired.measured['clusters']:,}), if the others are copies and not messages "
            "of their own.",
            f"{fired.measured['spare_share']:.0%} of the rows say nothing new, but weigh as much.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="repeat_rows",
    severities=({"share": 0.08}, {"share": 0.2}, {"share": 0.4}),
    accept=("train_test_duplicates",),
    must_not=("conflicting_labels",),
)


def _case(texts: list[str], clusters: tuple[tuple[int, ...], ...]) -> dict[str, object]:
    n = len(texts)
    return {
        "rows": example.rows(texts, ["a"] * n),
        "audit": Audit(n, {"a": n}, (), (), (), {}, {}, (), clusters),
    }


_LETTERS = [f"第{i}封信说的是别的事情" for i in range(40)]

CASES = (
    Case(
        "a third are copies", "firing", _case([*_LETTERS[:20], *["自动回复！"] * 10],
        (tuple(range(20, 30)),)), "fired",
    ),
    Case("no text twice", "quiet", _case(_LETTERS, ()), "clear"),
    Case("one in forty", "near_miss", _case([*_LETTERS, _LETTERS[0]], ((0, 40),)), "clear"),
    Case("no rows", "quiet", _case([], ()), "cannot_tell"),
)  # fmt: skip
