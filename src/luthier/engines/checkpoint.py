"""`checkpoints/best/` and `last/`: whole or not at all, without pickle, each with its digest.

`last/` is written before `best/`, and holds all that a resumed run needs. So after a crash between
the two, `best/` is made again from `last/`, whose weights are the same at that step.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model

from luthier.errors import Problem, RunFolderError
from luthier.kit.digest import digest_of_tensors
from luthier.machine_errors import machine_error
from luthier.models.lora import shipped_weights
from luthier.records import Stopped
from luthier.run_folder import atomic_folder, recover_folder, write_json

T = TypeVar("T")
Kind = Literal["best", "last"]

WEIGHTS = "model.safetensors"
OPTIMIZER = "optimizer.safetensors"
CHECKPOINT = "checkpoint.json"
STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which weights these are.

    Args:
        step: optimizer steps done.
        epoch: epochs done, with fractions.
        metric_name: what chooses the best checkpoint.
        metric: its value on validation, None where it was not measured at this step.
        digest: sha256 over the sorted weight tensors as they ship (adapters added in).
        optimizer_digest: the same over the optimizer's state; empty in `best/`.
    """

    step: int
    epoch: float
    metric_name: str
    metric: float | None
    digest: str
    optimizer_digest: str = ""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Where a run stands; with the weights and the optimizer's state it is all of it.

    The learning rate, the order of rows and the dropout are functions of the seed and the step.

    Args:
        step: optimizer steps done.
        seconds: wall time used for training up to here, evaluations included.
        best_step: step of the best checkpoint; None before the first evaluation.
        best_metric: its value on validation.
        best_loss: its validation loss, which parts equal values; None where it is not known.
        evaluations_without_improvement: since the best, or the best since all layers learn.
        initial_digest: of the weights before the first step.
        threads: CPU threads that the run uses.
        inputs: what the run depends on: setting or part -> value, compared when it is resumed.
        stopped: the last event of a run that has ended.
        halvings: how often the parts of a step were halved for lack of memory.
        first_token: whether the last layer is computed for the first token alone
            (`models.first_token`): dropout is drawn otherwise then; None where it is not known.
        to_beat: metric and loss that the next evaluation must improve on not to count against
            `early_stopping_patience`: the best, since all layers learn.
    """

    step: int
    seconds: float
    best_step: int | None
    best_metric: float | None
    evaluations_without_improvement: int
    initial_digest: str
    threads: int
    inputs: Mapping[str, str]
    stopped: Stopped | None = None
    halvings: int = 0
    best_loss: float | None = None
    first_token: bool | None = None
    to_beat: tuple[float | None, float | None] = (None, None)


def save_last(
    folder: Path,
    model: torch.nn.Module,
    optimizer_state: Mapping[str, torch.Tensor],
    checkpoint: Checkpoint,
    state: TrainingState,
) -> None:
    """Write `last/` in one piece."""
    with atomic_folder(folder / "last") as temporary:
        save_model(model, str(temporary / WEIGHTS))
        save_file({k: v.contiguous() for k, v in optimizer_state.items()}, temporary / OPTIMIZER)
        write_json(temporary / CHECKPOINT, TypeAdapter(Checkpoint).dump_python(checkpoint))
        write_json(temporary / STATE, TypeAdapter(TrainingState).dump_python(state, mode="json"))


def save_state(folder: Path, state: TrainingState) -> None:
    """Replace the state of `last/` where its weights stay the same."""
    write_json(folder / "last" / STATE, TypeAdapter(TrainingState).dump_python(state, mode="json"))


def copy_last_to_best(folder: Path, checkpoint: Checkpoint) -> None:
    """Make `best/` of the weights in `last/`, in one piece. The file is shared where it can be."""
    with atomic_folder(folder / "best") as temporary:
        try:
            os.link(folder / "last" / WEIGHTS, temporary / WEIGHTS)
        except OSError:  # a file system without hard links
            shutil.copyfile(folder / "last" / WEIGHTS, temporary / WEIGHTS)
        write_json(temporary / CHECKPOINT, TypeAdapter(Checkpoint).dump_python(checkpoint))


def mend_best(folder: Path, state: TrainingState) -> None:
    """See that `best/` holds the best step; it is made again of `last/` where that is the same.

    Raises:
        RunFolderError: when the weights of the best step are gone.
    """
    there = has(folder, "best") and read_checkpoint(folder, "best").step
    if state.best_step is None or there == state.best_step:
        return
    if state.best_step == state.step:
        copy_last_to_best(folder, read_checkpoint(folder, "last"))
        return
    raise RunFolderError(
        Problem(
            f"the best checkpoint, of step {state.best_step}, is gone; "
            f"last/ holds step {state.step}",
            where=str(folder / "best"),
        ),
        next_step=_ways_out(folder, "best"),
    )


def recover(folder: Path) -> None:
    """Mend what a crash left: the previous checkpoints come back, unfinished ones go."""
    if folder.is_dir():
        recover_folder(folder / "last")
        recover_folder(folder / "best")


def clear(folder: Path) -> None:
    """Forget the checkpoints of an earlier run, `last/` first: it is what a resume looks for."""
    recover(folder)
    for kind in ("last", "best"):
        if (folder / kind).exists():
            unwanted = tempfile.mkdtemp(prefix=f".{kind}.", suffix=".tmp", dir=folder)
            (folder / kind).rename(Path(unwanted) / kind)
            shutil.rmtree(unwanted)


def has(folder: Path, kind: Kind) -> bool:
    """Whether this checkpoint is there."""
    return (folder / kind / CHECKPOINT).is_file()


def read_checkpoint(folder: Path, kind: Kind) -> Checkpoint:
    """Which weights a checkpoint holds.

    Raises:
        RunFolderError: when it is missing or damaged.
    """
    return _read(folder / kind / CHECKPOINT, Checkpoint)


def read_state(folder: Path) -> TrainingState:
    """Where the run stands that `last/` holds.

    Raises:
        RunFolderError: when it is damaged.
    """
    return _read(folder / "last" / STATE, TrainingState)


def load_weights(folder: Path, kind: Kind, model: torch.nn.Module) -> Checkpoint:
    """Put a checkpoint's weights into `model` and check their digest.

    Raises:
        RunFolderError: when it is missing, damaged, or of another model.
    """
    checkpoint = read_checkpoint(folder, kind)
    try:
        load_model(model, folder / kind / WEIGHTS)
    except (OSError, SafetensorError, RuntimeError) as error:
        path = folder / kind / WEIGHTS
        raise machine_error(error, at=path) or _damaged(path, "cannot be read") from error
    if digest_of_tensors(shipped_weights(model)) != checkpoint.digest:
        raise _damaged(folder / kind / WEIGHTS, "does not have the digest written beside it")
    return checkpoint


def load_optimizer_state(folder: Path, checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The optimizer's tensors of `last/`, their digest checked.

    Raises:
        RunFolderError: when they are missing or damaged.
    """
    path = folder / "last" / OPTIMIZER
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise machine_error(error, at=path) or _damaged(path, "cannot be read") from error
    if digest_of_tensors(tensors) != checkpoint.optimizer_digest:
        raise _damaged(path, "does not have the digest written beside it")
    return tensors


def _read(path: Path, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise machine_error(error, at=path) or _damaged(path, "cannot be read") from error


def _damaged(path: Path, what: str) -> RunFolderError:
    return RunFolderError(
        Problem(f"this part of a checkpoint {what}", where=str(path)),
        next_step=_ways_out(path.parents[1], path.parent.name),
    )


def _ways_out(folder: Path, kind: str) -> str:
    gone, run = shlex.quote(str(folder)), shlex.quote(str(folder.parent))
    return (
        f"bring {folder / kind} back from a copy, or train again from the beginning: "
        f"rm -r {gone}, then: luthier workup --resume --run-dir {run}"
    )
