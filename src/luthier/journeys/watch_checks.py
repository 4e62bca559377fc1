"""What is handed to the doctor, checked at once: a model, its optimizer, group names, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    import torch


def check_watched(model: object, optimizer: object) -> None:
    """Whether these two can be watched.

    Raises:
        InputError: when one is no module or no optimizer (of torch, or a wrapper that holds one).
    """
    import torch

    problems = []
    if not isinstance(model, torch.nn.Module):
        what = f"wants the torch.nn.Module that is trained, not {_kind(model)}"
        problems.append(Problem(what, where="model"))
    held = getattr(optimizer, "optimizer", None)
    if not any(isinstance(each, torch.optim.Optimizer) for each in (optimizer, held)):
        what = f"wants the torch.optim.Optimizer that trains the model, not {_kind(optimizer)}"
        problems.append(Problem(what, where="optimizer"))
    if problems:
        step = "make the model and its optimizer first, then luthier.watch(model, optimizer)"
        raise InputError(problems, next_step=step)


def check_groups(model: torch.nn.Module, wanted: Sequence[str]) -> None:
    """Whether the model has the groups of parameters that are named.

    Raises:
        InputError: when it has not.
    """
    from luthier.evidence.parameter_groups import groups_of, names_meant

    groups = groups_of(model)
    known = ["all", *dict.fromkeys(name for g in groups for name in (g.name, g.role))]
    unknown = [name for name in wanted if not names_meant(groups, [name])]
    _refuse(unknown, known, "luthier.watch(model, optimizer, trained='all')")


def check_group_names(wanted: Sequence[str]) -> None:
    """Whether some model can have groups of these names, where the model is not known yet.

    Raises:
        InputError: when none can.
    """
    from luthier.evidence.parameter_groups import NAMES, is_group_name

    unknown = [name for name in wanted if not is_group_name(name)]
    _refuse(unknown, ["all", *NAMES, "layer 0"], "luthier.DoctorCallback(trained='all')")


def _refuse(unknown: Sequence[object], known: Sequence[str], step: str) -> None:
    problems = [
        Problem(
            f"there is no group of parameters {name!r}",
            where="trained",
            hint=did_you_mean(str(name), known) or f"there are {', '.join(known)}",
        )
        for name in unknown
    ]
    if problems:
        raise InputError(problems, next_step=step)


def answers_of(split: str, given: object) -> tuple[Any, Any]:
    """Logits [n, K] as float64 and class ids [n], as arrays.

    Raises:
        InputError: when they are no such pair, or do not belong together.
    """
    where, step = f"evaluated({split}=...)", f"doctor.evaluated({split}=(logits, labels))"
    single = hasattr(given, "shape") or isinstance(given, str | Mapping)
    pair = tuple(given) if isinstance(given, Iterable) and not single else ()
    if len(pair) != 2:
        what = f"wants two things, logits and class ids, not {_kind(given)}"
        if pair:
            what = f"wants logits and class ids; the number of things given is {len(pair)}"
        raise InputError(Problem(what, where=where), next_step=step)
    try:
        numbers, truth = _array(pair[0]).astype(np.float64), _array(pair[1])
    except (TypeError, ValueError, RuntimeError) as error:
        what = f"wants logits [n, K] and class ids [n] as numbers: {error}"
        raise InputError(Problem(what, where=where), next_step=step) from error
    if numbers.ndim != 2 or truth.shape != (len(numbers),) or truth.dtype.kind not in "iu":
        what = f"wants logits [n, K] and class ids [n], not {numbers.shape} and {truth.shape}"
        raise InputError(Problem(what, where=where), next_step="see help(luthier.watch)")
    k = numbers.shape[1]
    if len(truth) and not (truth < k).all():
        what = f"there is a class id {int(truth.max())}, but only {k} outputs"
        raise InputError(Problem(what, where=where), next_step="give ids from 0 to K - 1")
    return numbers, truth


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _array(values: Any) -> Any:
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float().numpy() if values.is_floating_point() else values.numpy()
    return np.asarray(values)
