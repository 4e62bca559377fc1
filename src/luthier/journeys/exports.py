"""The exported formats of a run: what is known of each, which one answers, and loading it."""

from __future__ import annotations

import shlex
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from luthier.errors import InputError, Problem, RunFolderError, did_you_mean
from luthier.formats.onnx import FORMATS, OnnxModel
from luthier.journeys.shipping import manifest
from luthier.records import Exported, Note
from luthier.run_folder import RunFolder, sha256_of_file

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FACTS = "export.json"
WAYS = ("auto", "torch", *FORMATS)
_ADAPTER = TypeAdapter(Exported)


def export_folder(run: RunFolder, kind: str) -> Path:
    """Where a format lies."""
    return run.path / "exports" / kind


def exported(run: RunFolder) -> tuple[Exported, ...]:
    """What was exported from the weights that ship now, fastest first.

    Raises:
        RunFolderError: when the facts of an export cannot be read.
    """
    digest = manifest(run)["digest"]
    found = []
    for kind in FORMATS:
        path = export_folder(run, kind) / FACTS
        if not path.exists():
            continue
        try:
            facts = _ADAPTER.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise RunFolderError(
                Problem("cannot be read", where=str(path)), next_step=_again(run, kind)
            ) from error
        if facts.model_digest == digest:
            found.append(facts)
    return tuple(sorted(found, key=lambda one: one.seconds_per_1000_rows))


def chosen_export(
    run: RunFolder, way: str, max_loss: float
) -> tuple[Exported | None, tuple[Note, ...]]:
    """The format that answers; None is torch. A format that was asked for by name must be there.

    Args:
        run: has a model.
        way: one of `WAYS`; `auto` takes the fastest export that passed its check, costs no more
            than `max_loss`, and is faster than torch was.
        max_loss: points (hundredths) of the figure.

    Raises:
        InputError: when there is no such format, or the one asked for was not exported.
    """
    if way not in WAYS:
        raise InputError(
            Problem(f"there is no format {way!r}", where="--format", hint=did_you_mean(way, WAYS)),
            next_step=f"one of: {', '.join(WAYS)}",
        )
    if way == "torch":
        return None, ()
    there = exported(run)
    if way == "auto":
        if there and util.find_spec("onnxruntime") is None:
            what = "exported formats are not used: the package onnxruntime is not installed"
            return None, (Note("skipped", what),)
        for one in there:
            faster = one.seconds_per_1000_rows < one.torch_seconds_per_1000_rows
            if faster and one.within(max_loss):
                return one, (_said(one),)
        return None, ()
    named = next((one for one in there if one.format == way), None)
    if named is None:
        raise InputError(
            Problem(f"{way} was not exported from the weights that ship", where=str(run.path)),
            next_step=_again(run, way),
        )
    if not named.passed:
        what = f"{way} did not pass its check: rows differ at the stage {named.first_stage}"
        return named, (_said(named), Note("warning", what))
    return named, (_said(named),)


def load_export(
    run: RunFolder, facts: Exported, threads: int
) -> tuple[OnnxModel, PreTrainedTokenizerBase]:
    """The graph, its files checked, and the tokenizer that ships with the model.

    Raises:
        RunFolderError: when a file is not the one that was checked.
        MissingExtraError: when ONNX Runtime is not installed.
    """
    from luthier.models.pretrained import find_model, load_tokenizer

    folder = export_folder(run, facts.format)
    changed = [
        Problem("is not the file that was checked when it was exported", where=str(folder / name))
        for name, digest in facts.files.items()
        if not (folder / name).is_file() or sha256_of_file(folder / name) != digest
    ]
    if changed:
        raise RunFolderError(changed, next_step=_again(run, facts.format))
    tokenizer = load_tokenizer(find_model(str(run.model.absolute())))
    return OnnxModel(folder, tokenizer.pad_token_id or 0, threads), tokenizer


def _said(facts: Exported) -> Note:
    points = 100 * facts.loss.value
    times = facts.torch_seconds_per_1000_rows / facts.seconds_per_1000_rows
    return Note(
        "chosen",
        f"answered with {facts.format}: {times:.1f} times as fast as torch, {facts.metric} "
        f"{-points:+.2f} points on {facts.loss.n:,} validation rows",
    )


def _again(run: RunFolder, kind: str) -> str:
    return f"luthier export {shlex.quote(str(run.path))} --format {kind}"
