"""True labels as numbers in one file and as names in another: no guess can match them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from luthier.errors import InputError, Problem

if TYPE_CHECKING:
    from luthier.kit.prediction_files import AnswerFile


def refuse_numbered_labels(files: Sequence[AnswerFile], words: set[str], shown: str) -> None:
    """Refuse files whose labels are all numbers where `words`, the names, stand in others.

    Args:
        files: all files of the run.
        words: labels and predictions that are no numbers, from all files.
        shown: some of the words, for people.

    Raises:
        InputError: with every file whose labels are numbers.
    """
    problems = []
    for file in files:
        cells = {cell for cell in file.values("label") or () if cell}
        if cells and not cells & words:
            what = f"its labels are numbers, those of other files are names ({shown})"
            problems.append(Problem(what, where=str(file.path)))
    if problems:
        raise InputError(
            problems,
            next_step="say which number is which: --label-names a,b,c, in the order of the numbers",
        )
