"""Which columns of a file of answers hold the outputs of the model, one for each label."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from luthier.errors import Problem
from luthier.kit.column_names import is_id
from luthier.kit.number_cells import as_numbers, as_output
from luthier.kit.output_forms import fits
from luthier.kit.table import Table

LISTS = ("probabilities", "probs", "proba", "y_prob", "y_proba", "scores", "logits", "outputs",
         "softmax", "probability")  # fmt: skip
LONE = ("score", "prob", "logit")
"""Names of a column that is alone: the probability of the second of two labels, or a confidence."""
CONFIDENCE = ("confidence", "conf", "certainty", "置信度", "信心", "信心度")
"""The same, beside a prediction only."""
NO_LABELS = frozenset(
    ("max", "min", "mean", "avg", "std", "var", "sum", "top", "top1", "best", "len", "length",
     "margin", "gap", "diff", "entropy", "count", "rank")
)  # fmt: skip
"""What is told of the outputs of a row, or of its text, in a column that is called like them."""

_PREFIX = re.compile(
    r"^(?:y_)?(?:probability|probabilities|proba|probs|prob|p|score|scores|logits|logit|softmax|"
    r"output|outputs|confidence|class|label)[ _:.\-\[(]+(.+?)[\])]?$",
    re.IGNORECASE,
)


def output_columns(
    table: Table, roles: Mapping[str, str]
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Column -> what its name says of the label; empty where there are no outputs.

    A column is told by most of its cells: one that is no number is a mistake to be named, and no
    reason to pass over the column. Columns that are called outputs of labels and hold hardly any
    number are a problem: the model may have broken.

    Args:
        table: with a header.
        roles: role -> column that is known already.
    """
    left = {name: cells for name, cells in table.columns.items() if name not in roles.values()}
    for name, cells in left.items():
        if name.strip().casefold() in LISTS and _mostly(cells, as_numbers):
            return {name: ""}, ()
    labels = _labels(table, roles)
    numeric = [name for name, cells in left.items() if _mostly(cells, as_output)]
    predicted = table.columns[roles["prediction"]] if "prediction" in roles else None
    named = _of_labels(table, _named(numeric), labels, predicted)
    if len(named) >= 2:
        return named, ()
    silent = _named([name for name in left if name not in numeric])
    if labels and labels <= {*_folded(silent)}:
        return {}, tuple(_no_numbers(table, name) for name in silent)
    aliases = (*LISTS, *LONE, *(CONFIDENCE if "prediction" in roles else ()))
    alone = [name for name in numeric if name.strip().casefold() in aliases]
    if len(alone) == 1 and not named:
        return {alone[0]: "1"}, ()
    bare = {
        name: name.strip()
        for name in numeric
        if not _looks_like_a_count(name, left[name])
        and (name.strip().casefold() in labels or all(map(_is_output_or_empty, left[name])))
    }
    return (bare if len(bare) >= 2 else {}), ()


def _labels(table: Table, roles: Mapping[str, str]) -> set[str]:
    """Every label that occurs in the file, without capitals."""
    columns = [table.columns[roles[role]] for role in ("label", "prediction") if role in roles]
    there = (cell for cells in columns for cell in cells if cell not in (None, ""))
    return {str(cell).strip().casefold() for cell in there}


def _named(columns: Sequence[str]) -> dict[str, str]:
    found = {name: _PREFIX.match(name.strip()) for name in columns}
    return {name: match.group(1).strip() for name, match in found.items() if match}


def _of_labels(
    table: Table, named: Mapping[str, str], labels: set[str], predicted: Sequence[Any] | None
) -> dict[str, str]:
    """Of columns that are called like outputs those of the labels, each label once.

    Columns of one way of writing belong together (`prob_a`, `prob_b`; not `score_a`). Where several
    such families have all labels, it is the one whose highest output is the prediction; of the
    columns of a family, those that are no labels of these rows and spoil their sum are left out.
    """
    families: dict[str, dict[str, str]] = {}
    for name, said in named.items():
        families.setdefault(name.replace(said, "", 1).strip().casefold(), {})[name] = said
    whole = [family for family in families.values() if labels <= {*_folded(family)}]
    if not labels or not whole:
        return dict(named)
    best = max(whole, key=lambda family: _agrees(table, family, labels, predicted))
    bare = {name: said for name, said in best.items() if said.casefold() in labels}
    others = {*_folded(best)} - labels
    if not others or len(bare) < 2 or _sums(table, best):
        return best
    return bare if _sums(table, bare) or others <= NO_LABELS else best


def _folded(family: Mapping[str, str]) -> list[str]:
    return [said.casefold() for said in family.values()]


def _values(table: Table, family: Mapping[str, str]) -> np.ndarray[Any, Any]:
    read = [[as_output(cell) for cell in table.columns[name]] for name in family]
    return np.array([[np.nan if v is None else v for v in cells] for cells in read]).T


def _sums(table: Table, family: Mapping[str, str]) -> bool:
    """Whether most rows are shares of 1 or of 100."""
    values = _values(table, family)
    return any(fits(values, whole).mean() > 0.5 for whole in (1.0, 100.0))


def _agrees(
    table: Table, family: Mapping[str, str], labels: set[str], predicted: Sequence[Any] | None
) -> float:
    """Share of rows whose prediction has the highest output; 0 where there is no prediction."""
    if predicted is None:
        return 0.0
    own = {name: said.casefold() for name, said in family.items() if said.casefold() in labels}
    highest = np.nan_to_num(_values(table, own), nan=-np.inf).argmax(axis=1)
    said = list(own.values())
    given = (str(cell).strip().casefold() for cell in predicted)
    right = [said[at] == one for at, one in zip(highest, given, strict=True)]
    return float(np.mean(right)) if right else 0.0


def _no_numbers(table: Table, name: str) -> Problem:
    cell = next((cell for cell in table.columns[name] if cell not in (None, "")), None)
    if cell is None:
        what = "this column of outputs is empty in every row, as NaN is written"
        return Problem(what, f"{table.name}: {name}", "find out where the model breaks")
    return Problem(f"outputs are numbers, and here stands {str(cell)!r}", f"{table.name}: {name}")


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
