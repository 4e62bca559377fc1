"""Which output of a model is which label, as far as files of answers say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.numbered_labels import refuse_numbered_labels
from luthier.kit.prediction_files import AnswerFile, are_numbers, some_of, width_of
from luthier.records import Note


class NamedLabels(NamedTuple):
    """The labels in the order of the outputs.

    Args:
        names: K names.
        notes: what was guessed.
        assumed: whether neither a person nor a file says this order.
    """

    names: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    assumed: bool = False


def label_names(files: Sequence[AnswerFile], given: Sequence[str]) -> NamedLabels:
    """The labels in the order of the outputs.

    By `--label-names`; else by the names of the output columns; else numbers by size and names in
    Unicode order, as scikit-learn's LabelEncoder has them.

    Raises:
        InputError: when the number of outputs is not the number of labels.
    """
    seen = {
        value for file in files for role in ("label", "prediction")
        for value in file.values(role) or () if value
    }  # fmt: skip
    if given:
        return NamedLabels(tuple(given))
    by_columns = next(
        (tuple(f.columns.scores.values()) for f in files if len(f.columns.scores) > 1), ()
    )
    words = {value for value in seen if not value.lstrip("-").isdigit()}
    if words:
        refuse_numbered_labels(files, words, some_of(_ordered(words)))
    if by_columns and (words <= set(by_columns) or not words) and not are_numbers(by_columns):
        said = f"labels are in the order of the output columns: {some_of(by_columns)}"
        return NamedLabels(by_columns, (Note("guessed", said),))
    if len(by_columns) > 1 and not are_numbers(by_columns):
        _refuse_missing(files, words)
    names = _ordered(words or seen)
    outputs = max((width_of(file, len(words or seen)) for file in files), default=0)
    if not words and outputs > len(names) and are_numbers(names):
        names = tuple(str(i) for i in range(outputs))
    if outputs > 1 and len(names) != outputs:
        what = f"there are {outputs} outputs and {len(names)} labels ({some_of(names)})"
        raise InputError(
            Problem(what, where=str(files[0].path)),
            next_step="name all labels in the order of the outputs: --label-names a,b,c",
        )
    if outputs or (words and words != seen):
        order = "by size" if are_numbers(names) else "in alphabetical order, as scikit-learn has it"
        note = Note("guessed", f"outputs are taken {order}: {some_of(names)}")
        return NamedLabels(names, (note,), assumed=bool(words) and (outputs > 0 or words != seen))
    return NamedLabels(names)


def _refuse_missing(files: Sequence[AnswerFile], words: set[str]) -> None:
    """Refuse output columns that are named by some of the labels, and lack others.

    Raises:
        InputError: with every label that has no column of outputs.
    """
    problems = []
    step = ""
    for file in files:
        scores = file.columns.scores
        if len(scores) < 2 or not words & set(scores.values()):
            continue
        for label in sorted(words - set(scores.values())):
            what = f"there is no output column for the label {label!r}"
            hint = did_you_mean(label, list(scores.values()))
            problems.append(Problem(what, where=str(file.path), hint=hint))
            column, said = next(iter(scores.items()))
            named = column.replace(said, label) if said in column else f"prob_{label}"
            step = step or (
                f"add the column ({named}), or leave all output columns out: the predictions alone "
                "can be diagnosed too"
            )
    if problems:
        raise InputError(problems, next_step=step)


def _ordered(names: set[str]) -> tuple[str, ...]:
    if are_numbers(tuple(names)):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))
