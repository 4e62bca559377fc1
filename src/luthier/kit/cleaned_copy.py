"""What a cleaned copy of the rows would leave out or change, row by row; nothing is done here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from luthier.kit.junk import JUNK_WORDS, junk_of
from luthier.kit.label_noise import estimate_noise, mean_probabilities, surely_wrong
from luthier.kit.row_answers import answer_word, row_answers
from luthier.kit.text_key import is_empty, text_key
from luthier.records import LabelOpinions, Note, Rows

Deed = Literal["kept", "left out", "relabelled"]

_CONTRADICTING = {
    "label": "several labels and no majority",
    "labels": "several sets of labels and no majority",
    "number": "several numbers",
}
_LACKING = {
    "text": "text",
    "text_pair": "second text",
    "label": "label",
    "labels": "labels",
    "number": "number",
    "time": "time",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row.

    Args:
        deed: `kept`, `left out` or `relabelled`.
        answer: its label, labels or number in the copy, as the rows have it.
        reason: why; empty for a row that is kept.
    """

    deed: Deed
    answer: Any
    reason: str = ""


def plan_changes(
    rows: Rows, opinions: LabelOpinions | None
) -> tuple[tuple[Change, ...], tuple[Note, ...]]:
    """What to do with each row, in row order, and what a person should know of it.

    Left out: junk, repeats of a text with the same label (the first stays; within one given split),
    and texts whose labels contradict each other without a majority; with one, the minority takes
    the label of the majority. A set of labels is compared as a whole, and numbers that contradict
    each other have no majority. Relabelled: the labels that are most surely wrong, fewer than there
    are wrong ones. Rows that the files give for validation or test keep their labels and stay, but
    for junk: a model must not choose what judges it.

    Args:
        rows: with `text` and what they are labelled with.
        opinions: answers by models that did not learn from the rows; None relabels nothing.
    """
    answers = rows.columns[answer_word(rows)]
    changes = [Change("kept", answer) for answer in answers]
    judging = {p for p, split in enumerate(rows.given_split) if split in ("validation", "test")}
    for position, text in enumerate(rows.columns["text"]):
        if kind := junk_of(str(text)):
            changes[position] = Change("left out", answers[position], JUNK_WORDS[kind])
    learned = [p for p, c in enumerate(changes) if c.deed == "kept" and p not in judging]
    _settle_repeats(rows, learned, changes)
    notes = [Note("chosen", f"{len(judging):,} validation and test rows are left as they are")]
    if opinions is not None:
        _relabel(rows, opinions, judging, changes)
    relabelled = sum(change.reason.startswith("wrong by") for change in changes)
    if relabelled and not judging:
        what = (
            f"labels changed by a model: {relabelled:,}; judge models on rows that a person "
            "labelled, not on rows of this copy"
        )
        notes.append(Note("warning", what))
    return tuple(changes), tuple(notes if judging else notes[1:])


def why_dropped(rows: Rows) -> tuple[Change, ...]:
    """Why each of these rows was left out when they were read.

    Args:
        rows: `Rows.dropped`.
    """
    changes = []
    for position, answer in enumerate(rows.columns[answer_word(rows)]):
        empty = (
            said for n, said in _LACKING.items() if n in rows.columns
            and is_empty(rows.columns[n][position])
        )  # fmt: skip
        changes.append(Change("left out", answer, f"without {' and '.join(empty)}"))
    return tuple(changes)


def _settle_repeats(rows: Rows, learned: Sequence[int], changes: list[Change]) -> None:
    answers, word = row_answers(rows), answer_word(rows)
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for position in learned:
        groups[text_key(str(rows.columns["text"][position]))].append(position)
    for positions in groups.values():
        if len(positions) == 1:
            continue
        first, *others = positions
        counts = Counter(answers[p] for p in positions).most_common(2)
        where = rows.locations[first]
        if len(counts) > 1 and (word == "number" or counts[0][1] == counts[1][1]):
            for p in positions:
                other = rows.locations[next(q for q in positions if q != p)]
                reason = f"the same text as {other}, with {_CONTRADICTING[word]}"
                changes[p] = Change("left out", changes[p].answer, reason)
            continue
        if answers[first] != counts[0][0]:
            these = "this label" if word == "label" else "these labels"
            reason = f"the same text has {these} in {counts[0][1]} of {len(positions)} rows"
            like = next(p for p in others if answers[p] == counts[0][0])
            changes[first] = Change("relabelled", changes[like].answer, reason)
        for p in others:
            changes[p] = Change("left out", changes[p].answer, f"the same text as {where}")


def _relabel(rows: Rows, opinions: LabelOpinions, judging: set[int], changes: list[Change]) -> None:
    answers = opinions.linear
    place = {int(i): p for p, i in enumerate(rows.ids.tolist())}
    rather = mean_probabilities(opinions)
    for position in surely_wrong(opinions, estimate_noise(opinions)).tolist():
        here = place[int(answers.row_ids[position])]
        if here in judging or changes[here].deed != "kept":
            continue
        best = int(rather[position].argmax())
        present = float(rather[position][answers.labels[position]])
        reason = (
            f"wrong by a model that did not learn from it: {rather[position][best]:.2f} for the "
            f"new label, {present:.2f} for {changes[here].answer!r}"
        )
        changes[here] = Change("relabelled", answers.label_names[best], reason)
