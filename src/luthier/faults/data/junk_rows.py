"""Some rows hold nothing to learn from.

## What it is

Rows without text, of HTML instead of text, of characters that were read in a wrong encoding, of one
character over and over, or of punctuation alone.

## Why it hurts

A label on such a row teaches the model to answer it for noise. In the test rows they cost score
that no model could have.

## How it is detected

By exact rules on every text: nothing visible; more than half of it markup, with fewer than five
letters beside it (a Chinese one counts as two); more than a tenth of it broken characters (U+FFFD,
锟斤拷, Ã©); at least twelve letters of which at most two are different; no letter, digit or emoji
at all. It is a count, so it carries no interval.

## What stays quiet

Short texts, emoji, numbers, laughter of a few characters (哈哈哈哈), and markup around words. Texts
that are merely unusual are not judged.

## What to do

Read the rows named. Mend the reading of the file where characters are broken, take the markup out
before labelling, and leave the rest out: `luthier audit FILE --fix OUT` writes such a copy.
"""

from __future__ import annotations

from collections import Counter

from luthier.faults import example_evidence as example
from luthier.kit.junk import JUNK_WORDS, junk_of
from luthier.kit.plural import plural
from luthier.records import (
    Applicability,
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

FAULT = FaultInfo("junk_rows", "D16", "Rows without content", any_task=True)

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.002, "low"))
"""Share of all rows from which it counts so much; below all of them it is a note. The same limits
as for conflicting labels: both are rows that no model can get right but by luck."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(rows: Rows) -> Outcome:
    """Count the rows that hold nothing."""
    found = {p: kind for p, text in enumerate(rows.columns["text"]) if (kind := junk_of(text))}
    if not found:
        return Clear(f"Every one of the {len(rows):,} rows holds a text.", {"junk": 0})
    counts: Counter[str] = Counter(found.values())
    share = len(found) / len(rows)
    what = ", ".join(f"{count:,} {JUNK_WORDS[kind]}" for kind, count in counts.most_common())
    return Fired(
        f"Rows that hold nothing to learn from: {len(found):,} of {len(rows):,} ({what}).",
        next((severity for limit, severity in LIMITS if share >= limit), "note"),
        {"junk": len(found), "share": share, **counts},
        {severity: limit for limit, severity in LIMITS},
        tuple(int(rows.ids[p]) for p in list(found)[:MOST_ROWS]),
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Rows are never edited by themselves."""
    junk = fired.measured["junk"]
    return (
        Prescription(
            f"Look at the {junk:,} row{plural(junk)} named, and mend or leave out in a copy: "
            "luthier audit FILE --fix OUT",
            "They carry labels that their texts cannot explain.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="spoil_texts",
    severities=({"share": 0.005}, {"share": 0.02}, {"share": 0.06}),
    accept=(
        "wrong_labels",
        "unknown_tokens",
        "conflicting_labels",
        "repeated_rows",
        "train_test_duplicates",
    ),
    must_not=("confused_labels", "last_instead_of_best"),
)

CASES = (
    Case(
        "markup, broken characters and one key held down",
        "firing",
        {
            "rows": example.rows(
                ["<div><br/><p></p></div>", "锟斤拷锟斤拷", "aaaaaaaaaaaaaaaa", "退款多久到账"],
                ["a", "b", "a", "b"],
            )
        },
        "fired",
    ),
    Case(
        "plain texts",
        "quiet",
        {"rows": example.rows(["退款多久到账", "Where is my parcel?"], ["a", "b"])},
        "clear",
    ),
    Case(
        "emoji, laughter, numbers, and markup inside a text",
        "near_miss",
        {
            "rows": example.rows(
                [
                    "😡",
                    "哈哈哈哈",
                    "12",
                    "Das Café ist naïve",
                    "please write <b>back</b> to me soon",
                ],
                ["a", "b", "a", "b", "a"],
            )
        },
        "clear",
    ),
)
