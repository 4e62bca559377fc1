"""Labels that are written in two ways in files of answers: `Positive` here, `positive` there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from luthier.kit.alike_labels import SHOWN, plain_label, twins_noted
from luthier.kit.prediction_files import AnswerFile
from luthier.records import Note


def with_one_spelling(
    files: Sequence[AnswerFile], given: Sequence[str]
) -> tuple[list[AnswerFile], tuple[Note, ...]]:
    """The files with every label written as the true labels are, and what was matched.

    A prediction or an output column that differs from a true label only in case, width or spaces
    means that label. True labels of one file that differ so are kept apart, and so is what looks
    like them: nothing says which is meant.

    Args:
        files: as read; the labels of the last one decide where files differ.
        given: `--label-names`, which decide before any file; may be empty.
    """
    notes: list[Note] = []
    meant: dict[str, str] = {}
    apart: set[str] = set()
    for file in files:
        labels = [label for label in file.values("label") or () if label]
        plain = {plain_label(label): label for label in set(labels)}
        twice = Counter(plain_label(label) for label in set(labels))
        apart |= {key for key, count in twice.items() if count > 1}
        meant |= plain
        notes += twins_noted(labels)
    plain_given = Counter(map(plain_label, given))
    meant |= {plain_label(name): name for name in given}
    apart = {key for key, count in plain_given.items() if count > 1} if given else apart
    mended = []
    for file in files:
        written = {cell for role in ("label", "prediction") for cell in file.values(role) or ()}
        written |= set(file.columns.scores.values()) - {""}
        other = {
            cell: meant[plain_label(cell)]
            for cell in sorted(written - set(meant.values()))
            if cell and plain_label(cell) in meant and plain_label(cell) not in apart
        }
        mended.append(_spelled(file, other) if other else file)
        notes += [_said(file, other)] if other else []
    return mended, tuple(notes)


def _spelled(file: AnswerFile, other: dict[str, str]) -> AnswerFile:
    scores = {name: other.get(said, said) for name, said in file.columns.scores.items()}
    if len(set(scores.values())) < len(scores):  # two columns for one label: leave them as they are
        scores = dict(file.columns.scores)
    return replace(file, columns=replace(file.columns, scores=scores), spelling=other)


def _said(file: AnswerFile, other: dict[str, str]) -> Note:
    groups = list(other.items())
    shown = "; ".join(f"{cell!r} = {label!r}" for cell, label in groups[:SHOWN])
    more = f"; and {len(groups) - SHOWN:,} more" if len(groups) > SHOWN else ""
    what = (
        f"{file.table.name}: these differ only in case, width or spaces, and were read as one "
        f"label: {shown}{more}. Write them alike: whoever compares the cells as they stand calls "
        "these answers wrong"
    )
    return Note("warning", what)
