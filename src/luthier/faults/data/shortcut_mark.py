"""A mark that says nothing gives the label away.

## What it is

A source tag, a number, a sign, a link or a fixed phrase stands in the texts of one label and hardly
anywhere else: `#src42`, a ticket number, a closing line of one office.

## Why it hurts

A model learns the mark and not the message: it is easier. Validation and test rows carry the mark
too, so every figure is good, until texts without it come.

## How it is detected

Marks that are no words are counted: links, addresses, tags, words with digits, signs, odd spaces,
and shared beginnings and endings. Those that go with one label (80 % of their texts, and far more
than its share: z-test of Gardner et al. 2021, corrected for the number of marks) are tried: a
linear model over character n-grams answers their texts out of fold, once without the mark and once
without another piece of the same length. It fires when more texts lose their label without the mark
than without the other piece: 5 points or more, exact McNemar p (1947) below 0.01 by the number of
marks tried, interval by Bonett & Price (2012).

## What stays quiet

Words: a word that goes with a label is what a model is there to learn. Marks that go with a label
but are not needed, because the rest of the text says the same.

## What to do

Ask whether the mark will be there in use, and mean the same. If not, take it out of the texts, and
out of the texts to predict.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.matched_shares import mcnemar, paired_shares
from luthier.kit.ridge_probe import RidgeProbe, Weights, folds_of, one_hot
from luthier.kit.surface_marks import Candidate, candidates, marks_of, without
from luthier.kit.text_key import clusters_of_equal_keys
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Figure,
    Fired,
    IntArray,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
)

FAULT = FaultInfo("shortcut_mark", "D12", "A mark gives the label away")

PURITY = 0.8
"""Least share of a mark's texts with one label."""

FEWEST, FEWEST_SHARE = 20, 0.005
"""Texts, and share of all texts, that must hold a mark."""

TRIED = 4
"""Marks that are tried, those that tell most rows first."""

P_LIMIT, EFFECT = 0.01, 0.05
"""p over all marks tried, and points that more texts must lose, from which it is a shortcut."""

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.0, "low"))
"""Share of all rows that hang on the mark above which it counts so much."""

MOST_READ, MOST = 20_000, 1000
"""Rows that are searched for marks, and rows that the linear model is asked about."""

MOST_ROWS = 200
"""Rows named in a finding, at most."""


def detect(rows: Rows) -> Outcome:
    """Look for marks that go with a label, and take them out."""
    labels = [str(label) for label in rows.columns.get("label", ())]
    if len(set(labels)) < 2 or len(labels) < 5 * FEWEST:
        return CannotTell("There is too little to compare.", f"{5 * FEWEST} rows and two labels")
    read = np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_READ])
    texts = [rows.columns["text"][i] for i in read]
    own = [labels[i] for i in read]
    marks = [marks_of(text) for text in texts]
    fewest = max(FEWEST, round(FEWEST_SHARE * len(read)))
    found = candidates(marks, own, fewest=fewest, purity=PURITY)[:TRIED]
    if not found:
        return Clear(f"No mark in {len(read):,} texts goes with one label.", {"tried": 0})
    results = [_take_out(candidate, texts, own, marks) for candidate in found]
    worst = max(range(len(found)), key=lambda i: results[i][0].value)
    (loss, p, hanging), mark = results[worst], found[worst]
    share = loss.value * mark.rows * mark.share / len(read)
    measured = {
        "tried": len(found),
        "mark": mark.mark,
        "label": mark.label,
        "rows_with_mark": mark.rows,
        "share_with_label": mark.share,
        "lost_without_it": [loss.value, loss.low, loss.high],
        "p": p,
        "share_of_rows": share,
    }
    said = (
        f"{mark.mark!r} stands in {mark.rows:,} of {len(read):,} texts, {mark.share:.0%} of them "
        f"{mark.label!r}; without it a linear model loses {loss.value:+.1%} of these "
        f"({loss.low:+.1%} to {loss.high:+.1%}) more than without another piece as long"
    )
    if p >= P_LIMIT / len(found) or loss.value < EFFECT:
        return Clear(f"{said}: the rest of the texts says the same.", measured)
    return Fired(
        f"{said} (p = {p:.2g}).",
        next(severity for limit, severity in LIMITS if share > limit),
        measured,
        {"p": P_LIMIT / len(found), "effect": EFFECT, "purity": PURITY},
        tuple(int(rows.ids[read[i]]) for i in hanging[:MOST_ROWS]),
    )


def _take_out(
    candidate: Candidate, texts: Sequence[str], labels: Sequence[str], marks: Sequence[set[str]]
) -> tuple[Figure, float, IntArray]:
    """What is lost without the mark, its p, and the positions of the texts that hang on it."""
    pairs = zip(marks, labels, strict=True)
    with_both = [candidate.mark in found and label == candidate.label for found, label in pairs]
    holding = np.flatnonzero(with_both)
    rng = np.random.default_rng(1)
    asked = rng.permutation(holding)[: MOST // 2]
    others = rng.permutation(np.setdiff1d(np.arange(len(texts)), asked))[: MOST - len(asked)]
    sample = [texts[i] for i in (*asked, *others)]
    targets, names = one_hot([labels[i] for i in (*asked, *others)])
    weights = Weights.of(sample)
    folds = folds_of(len(sample), clusters_of_equal_keys(sample))
    probe = RidgeProbe(weights.features(sample), folds)
    rows = np.arange(len(asked))
    changed = [without(texts[i], candidate.mark) for i in asked]
    control = [_without_another(texts[i], candidate.mark, rng) for i in asked]
    right = [
        probe.answers_to(weights.features(some), rows, targets).argmax(axis=1)
        == names.index(candidate.label)
        for some in (control, changed)
    ]
    only_control, only_changed = (int((a & ~b).sum()) for a, b in (right, right[::-1]))
    figure = paired_shares(only_control, only_changed, len(asked))
    return figure, mcnemar(only_control, only_changed), asked[right[0] & ~right[1]]


def _without_another(text: str, mark: str, rng: np.random.Generator) -> str:
    """The text without another piece of the same length, at a random place beside the mark."""
    parts = text.split(mark)
    longest = max(range(len(parts)), key=lambda i: len(parts[i]))
    body = parts[longest]
    start = int(rng.integers(max(1, len(body) - len(mark) + 1)))
    parts[longest] = body[:start] + body[start + len(mark) :]
    return mark.join(parts)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Only a person knows whether the mark will be there."""
    return (
        Prescription(
            f"Ask whether {fired.measured['mark']!r} will be there in use and mean the same. If "
            "not, take it out of the texts in a copy of the data file, and of what is predicted.",
            f"{fired.measured['share_of_rows']:.1%} of the rows are told by it alone.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="tag_a_label",
    severities=({"share": 0.6}, {"share": 0.8}, {"share": 0.95}),
    accept=("texts_drifted",),
    must_not=("conflicting_labels", "train_test_duplicates"),
)

_WORDS = ("快递", "退货", "发票", "会员", "积分", "售后", "配送", "地址", "客服", "订单", "尺寸")


def _case(tag: str, *, hint: bool, of_both: bool = False) -> dict[str, object]:
    """300 texts; the label follows from a word where `hint`, else from nothing but the tag."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for i in range(300):
        label = "ab"[i % 2]
        word = {"a": "想要投诉", "b": "想要表扬"}[label] if hint else ""
        body = "".join(rng.choice(_WORDS, 6))
        texts.append(
            body + word + (tag if (label == "a" and rng.random() < 0.9) or of_both else "")
        )
        labels.append(label)
    return {"rows": example.rows(texts, labels)}


CASES = (
    Case("a tag and nothing else", "firing", _case("#src42", hint=False), "fired"),
    Case("no tag", "quiet", _case("", hint=True), "clear"),
    Case("a tag on every text", "near_miss", _case("#src42", hint=True, of_both=True), "clear"),
    Case("ten rows", "quiet", {"rows": example.rows(["甲#1"] * 10, ["a", "b"] * 5)}, "cannot_tell"),
)
