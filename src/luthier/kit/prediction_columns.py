"""Which column of a file of answers holds what, whoever wrote it: Keras, scikit-learn, anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from luthier.errors import Problem, did_you_mean
from luthier.kit.column_names import (
    LABEL_NAMES,
    TEXT_NAMES,
    WEAK_LABEL_NAMES,
    WEAK_TEXT_NAMES,
    find_by_name,
)
from luthier.kit.column_problems import equally_likely
from luthier.kit.number_cells import is_numeric
from luthier.kit.output_columns import output_columns
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
ROLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "text": (("text",), TEXT_NAMES, WEAK_TEXT_NAMES),
    "label": (("label",), TRUE_LABELS, LABEL_NAMES, WEAK_LABEL_NAMES),
    "prediction": (("prediction",), PREDICTIONS),
}
"""Role -> names of its column, likeliest first, those of one group equally likely."""


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
    scores, broken = output_columns(table, roles)
    problems += broken
    if scores:
        shown = ", ".join(list(scores)[:6]) + (", ..." if len(scores) > 6 else "")
        notes.append(Note("guessed", f"{table.name}: outputs of the model are in {shown}"))
    return AnswerColumns(roles, scores, tuple(notes)), tuple(problems)


def _may_be(table: Table, role: str, name: str) -> bool:
    """No text is a number."""
    return role != "text" or not is_numeric(table.columns[name])
