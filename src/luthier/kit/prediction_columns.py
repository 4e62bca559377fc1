"""Which column of a file of answers holds what, whoever wrote it: Keras, scikit-learn, anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from luthier.errors import Problem, did_you_mean
from luthier.kit.column_names import (
    LABEL_NAMES,
    TEXT_NAMES,
    WEAK_LABEL_NAMES,
    WEAK_TEXT_NAMES,
    find_by_name,
    is_id,
)
from luthier.kit.column_problems import equally_likely
from luthier.kit.number_cells import as_numbers, as_output, is_numeric
from luthier.kit.table import Table
from luthier.records import Note

TRUE_LABELS = (
    *("true_label", "y_true", "true", "truth", "gold", "gold_label", "actual", "expected"),
    *("真实标签", "真實標籤"),
)
PREDICTIONS = (
    *("predicted", "predicted_label", "pred_label", "pred", "preds", "y_pred", "predictions"),
    *("predict", "output_label", "model_label", "预测", "預測", "预测标签", "預測標籤", "模型预测"),
)
LISTS = ("probabilities", "probs", "proba", "y_prob", "y_proba", "scores", "logits", "outputs",
         "softmax", "probability")  # fmt: skip
LONE = ("score", "prob")
"""Names of a column that is alone: the probability of the second of two labels, or a confidence."""
CONFIDENCE = ("confidence", "conf", "certainty", "置信度", "信心", "信心度")
"""The same, beside a prediction only."""
ROLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "text": (("text",), TEXT_NAMES, WEAK_TEXT_NAMES),
    "label": (("label",), TRUE_LABELS, LABEL_NAMES, WEAK_LABEL_NAMES),
    "prediction": (("prediction",), PREDICTIONS),
}
"""Role -> names of its column, likeliest first, those of one group equally likely."""

_PREFIX = re.compile(
    r"^(?:y_)?(?:probability|probabilities|proba|probs|prob|p|score|scores|logits|logit|softmax|"
    r"output|outputs|confidence|class|label)[ _:.\-\[(]+(.+?)[\])]?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """What was found in one file.

    Args:
        roles: `text`, `label`, `prediction` -> column name, for those that are there.
        scores: one column of numbers per label -> what its name says of the label (`spam`, `0`);
            one column for two labels; or one column of lists, named by "".
        notes: what was guessed.
    """

    roles: Mapping[str, str]
    scores: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def listed(self) -> bool:
        """Whether one column holds all numbers of a row as a list."""
        return len(self.scores) == 1 and "" in self.scores.values()


def answer_columns(
    table: Table, asked: Mapping[str, str]
) -> tuple[AnswerColumns, tuple[Problem, ...]]:
    """Find the columns by name, and what is left by what stands in it.

    Args:
        table: with a header.
        asked: role -> column name that the user gave.
    """
    roles: dict[str, str] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    for role, groups in ROLES.items():
        if name := asked.get(role):
            if name in table.columns:
                roles[role] = name
            else:
                hint = did_you_mean(name, list(table.columns))
                listed = "the columns are " + ", ".join(list(table.columns)[:12])
                problems.append(
                    Problem(f"there is no column {name!r}", where=table.name, hint=hint or listed)
                )
            continue
        free = [name for name in table.columns if name not in (*roles.values(), *asked.values())]
        found = find_by_name(free, groups, partial(_may_be, table, role))
        if found.name:
            roles[role] = found.name
        elif found.equal:
            problems.append(equally_likely(table, role, found.equal, f"--{role}-column"))
        elif role == "label":
            names = ", ".join(list(table.columns)[:12])
            what = f"no column for the true label among {names}"
            problems.append(Problem(what, table.name, "say which: --label-column NAME"))
        notes += found.notes(role, table.name, f"--{role}-column")
    scores = _scores(table, roles)
    if scores:
        shown = ", ".join(list(scores)[:6]) + (", ..." if len(scores) > 6 else "")
        notes.append(Note("guessed", f"{table.name}: outputs of the model are in {shown}"))
    return AnswerColumns(roles, scores, tuple(notes)), tuple(problems)


def _may_be(table: Table, role: str, name: str) -> bool:
    """No text is a number."""
    return role != "text" or not is_numeric(table.columns[name])


def _scores(table: Table, roles: Mapping[str, str]) -> dict[str, str]:
    """Column -> what its name says of the label; empty where there are no outputs.

    A column is told by most of its cells: one that is no number is a mistake to be named, and no
    reason to pass over the column.
    """
    left = {name: cells for name, cells in table.columns.items() if name not in roles.values()}
    for name, cells in left.items():
        if name.strip().casefold() in LISTS and _mostly(cells, as_numbers):
            return {name: ""}
    numeric = [name for name, cells in left.items() if _mostly(cells, as_output)]
    prefixed = {name: _PREFIX.match(name.strip()) for name in numeric}
    named = {name: match.group(1).strip() for name, match in prefixed.items() if match}
    if len(named) >= 2:
        return named
    aliases = (*LISTS, *LONE, *(CONFIDENCE if "prediction" in roles else ()))
    alone = [name for name in numeric if name.strip().casefold() in aliases]
    if len(alone) == 1 and not named:
        return {alone[0]: "1"}
    labels = {str(cell).strip() for role in ("label", "prediction") if role in roles
              for cell in table.columns[roles[role]]}  # fmt: skip
    bare = {
        name: name.strip()
        for name in numeric
        if not _looks_like_a_count(name, left[name])
        and (name.strip() in labels or all(map(_is_output_or_empty, left[name])))
    }
    return bare if len(bare) >= 2 else {}


def _mostly(cells: Sequence[Any], read: Callable[[Any], object]) -> bool:
    """Whether half of the cells that are not empty can be read so."""
    there = [cell for cell in cells if cell not in (None, "")]
    return bool(there) and 2 * sum(read(cell) is not None for cell in there) >= len(there)


def _is_output_or_empty(cell: Any) -> bool:
    return cell in (None, "") or as_output(cell) is not None


def _looks_like_a_count(name: str, values: Sequence[Any]) -> bool:
    """An id, an index, a loss or a length is no output of a model."""
    if is_id(name) or name.strip().casefold() in ("loss", "length", "len", "column 1"):
        return True
    numbers = [as_output(value) or 0.0 for value in values[:2000]]
    whole = all(number.is_integer() for number in numbers)
    return whole and len(set(numbers)) > 3 and numbers == sorted(numbers)
