"""Answers that are no single label per row: a quantity, or several labels."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.errors import InputError, Problem
from luthier.kit.prediction_files import AnswerFile
from luthier.kit.targets import guess_target


def refuse_other_kinds(files: Sequence[AnswerFile]) -> None:
    """Refuse files of quantities and of label sets: as labels they would be nonsense.

    The rule is that of data files (`kit/targets.py`), so that a file is the same kind everywhere.

    Raises:
        InputError: with every such column.
    """
    problems: list[Problem] = []
    for file in files:
        for role in ("label", "prediction"):
            name = file.columns.roles.get(role, "")
            cells = [cell for cell in file.values(role) or () if cell]
            if cells and guess_target(cells, None, name).kind == "number":
                what = (
                    f"column {name!r} holds a quantity ({cells[0]}), not labels: answers that "
                    "estimate a number cannot be diagnosed from a file yet"
                )
                hint = "if it is an output of the model, call the column prob_<label>, or score"
                problems.append(Problem(what, str(file.path), "" if role == "label" else hint))
                break  # one column of a file says enough
    if not problems:
        problems = _label_sets(files)
    if problems:
        raise InputError(
            problems,
            next_step="where each cell is one label after all: --label-names a,b,c; a model that "
            "Luthier trains on such data is diagnosed as a run: luthier workup FILE",
        )


def _label_sets(files: Sequence[AnswerFile]) -> list[Problem]:
    """True labels and predictions together: a sign in one shows that of the other; then each alone.

    They may be written by different hands, `a; b` in one column and `a|b` in the other.
    """
    problems = []
    for file in files:
        told = [[c for c in file.values(role) or () if c] for role in ("label", "prediction")]
        named = file.columns.roles["label"]
        ways = ((way, guess_target(way, None, named)) for way in ([*told[0], *told[1]], *told))
        cells, found = next(((c, g) for c, g in ways if g.kind == "labels"), ([], None))
        if found is None:
            continue
        sign = found.separator
        cell = next((c for c in cells if (sign in c if sign else c.startswith(("[", "{")))), "")
        what = (
            f"there are several labels per row ({cell}): such answers cannot be diagnosed from a "
            "file yet"
        )
        problems.append(Problem(what, str(file.path)))
    return problems
