"""A model folder beside the answers that are said to be its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit.model_packages import require_model_packages
from luthier.kit.telling_rows import telling_rows
from luthier.kit.ways import AS_SHIPPED, Way, exact_ways
from luthier.records import IntArray, Note, Parity, Predictions, SplitName

if TYPE_CHECKING:
    from luthier.evidence.parity import Recorded

Told = Mapping[SplitName, tuple[Predictions, tuple[str, ...], float]]


def foreign_parity(
    folder: Path, initial: Path | None, told: Told
) -> tuple[Parity, tuple[Note, ...]]:
    """Answer the recorded test rows again; validation says how the model is meant to be asked.

    Where the validation answers come out only in another way (a shorter length, lower case), that
    is how the model was trained to be asked, and it is the reference for the test rows.

    Raises:
        InputError: when the labels of the files are not those of the model.
        ModelError: when the folder cannot be loaded.
        MissingExtraError: when torch or transformers is not installed.
    """
    require_model_packages()
    from luthier.evidence.fresh_process import fresh_model
    from luthier.evidence.parity import find_way

    with fresh_model(folder) as model:
        facts = model.facts()
        order = _label_order(facts.labels, told["test"][0].label_names, folder)
        ways = exact_ways(facts.max_length, str(initial.resolve()) if initial else "")
        reference: Way = AS_SHIPPED
        notes: tuple[Note, ...] = ()
        if "validation" in told:
            before = find_way(
                _few(told["validation"], order), model.probabilities, ways
            ).explanation
            reference, notes = _reference(before.way if before else "", ways)
        few, every = _few(told["test"], order), told["test"][0].probabilities[:, order]
        found = find_way(few, model.probabilities, ways, reference, every)
    return (
        replace(
            found,
            missing_keys=facts.missing_keys,
            unexpected_keys=facts.unexpected_keys,
            shipped_digest=facts.digest,
            training_modules=facts.training_modules,
        ),
        notes,
    )


def _few(told: tuple[Predictions, tuple[str, ...], float], order: IntArray) -> Recorded:
    """Rows that tell most, their outputs in the order of the model's labels."""
    from luthier.evidence.parity import Recorded

    answers, texts, rounded = told
    back = np.argsort(order)
    ordered = replace(
        answers,
        labels=np.where(answers.labels >= 0, back[answers.labels], -1),
        predicted=back[answers.predicted],
        probabilities=answers.probabilities[:, order],
    )
    return Recorded(ordered, texts, rounded).take(telling_rows(texts))


def _reference(name: str, ways: tuple[Way, ...]) -> tuple[Way, tuple[Note, ...]]:
    way = next((way for way in ways if way.name == name), None)
    if way is None or way.kind not in ("text", "tokens"):
        return AS_SHIPPED, ()
    what = f"the validation answers come out of {way.name}: the test rows are held against that"
    return replace(way, name=f"{way.name}, as for validation", kind="shipped"), (
        Note("guessed", what),
    )


def _label_order(own: tuple[str, ...], names: tuple[str, ...], folder: Path) -> IntArray:
    """int64 [K]: for each output of the model, its place among the names of the files."""
    if set(own) == set(names):
        return np.array([names.index(name) for name in own], dtype=np.int64)
    unnamed = all(name.startswith("LABEL_") for name in own)
    if len(own) == len(names) and (unnamed or all(name.isdigit() for name in names)):
        return np.arange(len(own))
    what = f"its labels are {', '.join(own[:8])}; those of the files are {', '.join(names[:8])}"
    raise InputError(
        Problem(what, where=str(folder / "config.json")),
        next_step="name the labels of the files in the order of the model: --label-names a,b,c",
    )
