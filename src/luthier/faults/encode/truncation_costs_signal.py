"""Texts are longer than the model reads, and what is cut off would have helped.

## What it is

The model reads `text.max_length` tokens of a text. What lies behind is cut off, and may be what
tells the label.

## Why it hurts

No training brings back what is never read. Other long rows lose nothing: whether it matters is a
question to the data, not to the lengths.

## How it is detected

Three things are measured. The share of training rows that are cut, for each label. Whether the part
that is cut off helps: a linear model over character n-grams answers the cut training rows out of
fold, once from what the model reads and once from the whole text, on the same folds (exact McNemar
test, 1947; interval of the gain by Bonett & Price 2012). Whether cut validation rows are answered
worse than whole ones of the same label (Mantel & Haenszel 1959, interval by Sato 1989). It fires
when more than 5 % of the rows are cut (or 20 % of a label) and the whole text surely helps (p below
0.01), or the cut rows are surely answered worse. Where the text is cut is taken in proportion to
its characters.

## What stays quiet

Rows that are cut where the rest tells nothing more: it says so, with the gain that is left open.

## What to do

Read more of the text, or another part of it: the part that helps a linear model most is named. Try
it in a new run; longer inputs take more time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit import cut_texts
from luthier.kit.matched_shares import mcnemar, paired_shares
from luthier.kit.sentences import joined
from luthier.kit.share_difference import rows_to_see
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Figure,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
    RowLengths,
    Rows,
    Severity,
    SplitName,
    Splits,
)
from luthier.settings import Settings

FAULT = FaultInfo("truncation_costs_signal", "D14", "What is cut off would have helped")

SHARE, SHARE_OF_LABEL = 0.05, 0.20
"""Share of cut rows, of all or of one label, below which nothing is asked."""

P_LIMIT = 0.01
"""Above this p the whole text may help by chance only."""

MARGIN = 0.02
"""It is clear when the whole text surely gains less than this on the cut rows."""

LIMITS: tuple[tuple[float, Severity], ...] = ((0.03, "high"), (0.005, "medium"), (0.0, "low"))
"""Gain on the cut rows by their share of all rows: accuracy that is lost on the whole."""

MOST_ROWS, FEWEST_CUT, LONGEST_INPUT = 200, 40, 512
"""Rows named, at most; cut training rows needed; most tokens that most encoders read."""


def detect(
    rows: Rows,
    splits: Splits,
    lengths: RowLengths,
    settings: Settings,
    validation_predictions: Predictions,
) -> Outcome:
    """Ask what the whole text would tell."""
    if "label" not in rows.columns:
        return CannotTell("Only labels are compared.", "rows with one label each")
    lost = dict(zip(lengths.row_ids.tolist(), lengths.lost.tolist(), strict=True))
    labels = dict(zip(rows.ids.tolist(), rows.columns["label"], strict=True))
    train = [i for i in splits.ids_of("train").tolist() if i in lost and i in labels]
    cut = [i for i in train if lost[i] > 0]
    share, worst, worst_share = cut_texts.cut_shares(train, lost, labels)
    text = settings.text
    measured: dict[str, Any] = {"cut_rows": len(cut), "rows": len(train), "cut_share": share}
    measured |= {"most_cut_label": worst, "most_cut_label_share": worst_share}
    measured |= {"long_texts": text.long_texts, "max_length": text.max_length}
    head = f"{len(cut):,} of {len(train):,} training rows are cut ({share:.1%})."
    if worst_share:
        head = joined(head, f"Of those of {worst!r} it is {worst_share:.1%}.")
    if share <= SHARE and worst_share <= SHARE_OF_LABEL:
        return Clear(joined(head, "That is too few to matter."), measured)
    if len(cut) < FEWEST_CUT:
        few = joined(head, "That is too few to ask.")
        return CannotTell(few, f"{FEWEST_CUT} cut training rows", measured)
    measured["tokens_p95"] = float(np.quantile(lengths.tokens, 0.95))
    gap = cut_texts.whole_against_cut(validation_predictions, lost)
    return _ask(head, cut_texts.cut_rows(rows, lengths, train, seed=0), measured, gap)


def _ask(
    head: str, sample: cut_texts.CutRows, measured: dict[str, Any], gap: Figure | None
) -> Outcome:
    """Ask a linear model what the whole text is worth; `gap` is what validation rows show."""
    way, share = measured["long_texts"], measured["cut_share"]
    read, whole = sample.right(way), sample.right(cut_texts.WHOLE)
    only_whole, only_read = int((whole & ~read).sum()), int((read & ~whole).sum())
    gain, p = paired_shares(only_whole, only_read, len(read)), mcnemar(only_whole, only_read)
    measured |= {
        "gain": [gain.value, gain.low, gain.high],
        "p": p,
        "asked_rows": gain.n,
        "lost_accuracy": gain.value * share,
        "gap": None if gap is None else [gap.value, gap.low, gap.high],
    }
    said = joined(head, f"A linear model gains {_ends(gain)} on cut rows from the whole text.")
    limits = {severity: limit for limit, severity in LIMITS} | {"p": P_LIMIT, "share": SHARE}
    if p < P_LIMIT and gain.value > 0:
        others = {x: float(sample.right(x).mean()) for x in cut_texts.SAME_LENGTH if x != way}
        measured["accuracy_by_way"] = {way: float(read.mean())} | others
        helped = [i for i, better in zip(sample.ids, whole & ~read, strict=False) if better]
        worth = next(severity for limit, severity in LIMITS if gain.value * share > limit)
        message = joined("Truncation costs signal.", said, f"By chance: p = {p:.2g}.")
        return Fired(message, worth, measured, limits, tuple(helped[:MOST_ROWS]))
    if gap is not None and gap.low > 0:
        worse = (
            f"That may be chance, but cut validation rows are answered {_ends(gap)} worse than "
            "whole ones of the same label."
        )
        return Fired(joined(said, worse), "low", measured, limits)
    if gain.high <= MARGIN:
        return Clear(joined("Truncation does not cost signal.", said), measured)
    wanted = rows_to_see(MARGIN, (only_whole + only_read) / len(read))
    return CannotTell(said, f"about {max(100, round(wanted, -2)):,} cut rows", measured)


def _ends(figure: Figure) -> str:
    return f"{figure.value:+.3f} ({figure.low:+.3f} to {figure.high:+.3f})"


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """The part that helps most at the same length, then more length, then all of it."""
    found, cures = fired.measured, []
    ways = found.get("accuracy_by_way", {})
    best = max(ways, key=ways.__getitem__, default=found["long_texts"])
    if best != found["long_texts"]:
        part, now = cut_texts.SAME_LENGTH.get(best, best), ways[found["long_texts"]]
        what = f"Read another part of long texts at the same length: {part}."
        why = f"A linear model answers {ways[best]:.3f} of the cut rows from it, now {now:.3f}."
        settings: dict[str, object] = {"text.long_texts": best}
        cures.append(Prescription(what, why, Applicability.ASK, settings))
    longer = min(LONGEST_INPUT, 32 * int(np.ceil(found["tokens_p95"] / 32)))
    if longer > found["max_length"]:
        what = f"Read up to {longer} tokens (a step takes more time)."
        why = "So 19 rows in 20 are read whole, if the model can read so many."
        cures.append(Prescription(what, why, Applicability.ASK, {"text.max_length": longer}))
    if found["long_texts"] != "windows":
        what = "Read long texts whole, in windows whose answers are pooled (takes more time)."
        why = "Nothing is cut off then."
        cures.append(Prescription(what, why, Applicability.ASK, {"text.long_texts": "windows"}))
    if not cures:
        what = "Take a pretrained model that reads longer texts, or shorten the texts by hand."
        why = "Every setting that reads more is used already."
        cures.append(Prescription(what, why, Applicability.ADVICE))
    return tuple(cures)


PLANT = Plant(
    level="config",
    operator="put_the_signal_last",
    severities=({"share": 0.15}, {"share": 0.4}, {"share": 0.9}),
    accept=("minority_label_too_small", "not_better_than_linear"),
    must_not=("conflicting_labels", "train_test_duplicates"),
)

_FILLER = "the message is about something that was bought in the shop some days ago and "


def _case(
    where: str, n: int = 160, max_length: int = 64, answered: float = 0.9
) -> dict[str, object]:
    """Long texts with their keyword at the `head` or the `tail`; half of each is cut off."""
    rng = np.random.default_rng(1)
    labels = ["a", "b"] * (n // 2)
    words = {"a": ("refund", "money"), "b": ("parcel", "courier")}
    texts = []
    for label in labels:
        body = " ".join(rng.permutation(_FILLER.split()))
        key = str(rng.choice(words[label]))
        texts.append(f"{key} {body} {body}" if where == "head" else f"{body} {body} {key}")
    sides: list[SplitName] = ["train"] * (3 * n // 4)
    sides += ["validation"] * (n - len(sides))
    first = len([side for side in sides if side == "train"])
    truth = np.arange(n - first) % 2
    right = np.arange(n - first) < answered * (n - first)
    tokens = np.full(n, 2 * max_length, dtype=np.int64)
    return {
        "rows": example.rows(texts, labels),
        "splits": example.splits(sides),
        "lengths": RowLengths(np.arange(n), tokens, tokens - max_length),
        "settings": Settings.model_validate({"text": {"max_length": max_length}}),
        "validation_predictions": example.predictions(
            truth.tolist(), np.where(right, truth, 1 - truth).tolist(), first_row=first
        ),
    }


_NONE_LOST = {"lengths": RowLengths(np.arange(160), np.full(160, 50), np.full(160, 0))}

CASES = (
    Case("the word that tells it stands last", "firing", _case("tail"), "fired"),
    Case("nothing is cut", "quiet", _case("tail") | _NONE_LOST, "clear"),
    Case("all rows cut, the word stands first", "near_miss", _case("head", 640), "clear"),
    Case("few rows, all cut", "near_miss", _case("tail", 40), "cannot_tell"),
)
