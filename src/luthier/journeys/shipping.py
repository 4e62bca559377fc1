"""From the best checkpoint to the folder that ships, and back."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from luthier.errors import ModelError, Problem, RunFolderError
from luthier.kit.encode_texts import CUT_SIDES
from luthier.kit.model_packages import require_model_packages
from luthier.kit.parity_class import parity_class
from luthier.records import TrainJob
from luthier.run_folder import RunFolder, write_json
from luthier.settings_file import from_run_yaml

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.engines.local import LocalEngine

MANIFEST = "luthier.json"


@dataclass(frozen=True, slots=True)
class _Manifest:
    """`model/luthier.json`; docs/run-folder.md says what its keys mean."""

    parity_class: str
    digest: str
    step: int
    labels: tuple[str, ...]
    max_length: int
    base_model: str
    task: str
    text: dict[str, Any] = field(default_factory=dict)
    thresholds: tuple[float, ...] = ()


def ship(run: RunFolder, engine: LocalEngine, job: TrainJob) -> None:
    """Write `model/` from `checkpoints/best`, with a manifest that binds its parts together."""
    from luthier.models.pretrained import load_tokenizer
    from luthier.models.shipped import save_shipped

    model, best = engine.best_model(job)
    text = job.settings.text
    tokenizer, side = load_tokenizer(job.model_source), CUT_SIDES.get(text.long_texts, "right")
    save_shipped(model, tokenizer, job.label_names, text.max_length, run.model, side)

    def answers() -> Any:
        rows = job.encoded["validation"]
        logits = engine.logits(model, rows, job.settings)
        return job.task.answers(rows, logits, job.label_names, best.digest)

    bound = _Manifest(
        parity_class=parity_class(job.settings, job.task.name),
        digest=best.digest,
        step=best.step,
        labels=job.label_names,
        max_length=text.max_length,
        base_model=job.model_source.name,
        task=job.task.name,
        text=text.model_dump(mode="json"),
        thresholds=job.task.thresholds(answers),
    )
    write_json(run.model / MANIFEST, asdict(bound))


def manifest(run: RunFolder) -> dict[str, Any]:
    """The manifest of the shipped model.

    Raises:
        RunFolderError: when the run has no model yet, or the manifest cannot be read.
    """
    run.require("model")
    path = run.model / MANIFEST
    try:
        return asdict(TypeAdapter(_Manifest).validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        what = "the manifest of the model cannot be read"
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            what += f": {': '.join([*map(str, first['loc']), first['msg']])}"
        raise _ship_again(run, [Problem(what, where=str(path))]) from error


def load_bound_model(
    run: RunFolder,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, dict[str, Any]]:
    """The shipped model in evaluation mode, its tokenizer, and the manifest that binds them.

    Raises:
        RunFolderError: when weights, labels or length are not those that the manifest names, or a
            part of the model cannot be read.
        MissingExtraError: when torch or transformers is not installed.
    """
    require_model_packages()
    from luthier.kit.digest import digest_of_tensors
    from luthier.models.shipped import load_shipped

    bound = manifest(run)
    try:
        model, tokenizer = load_shipped(run.model)
    except ModelError as error:
        raise _ship_again(run, error.problems) from error
    named = [name for _, name in sorted(dict(model.config.id2label or {}).items())]
    text = from_run_yaml(run.settings_path).settings.text
    problems = []
    if digest_of_tensors(model.state_dict()) != bound["digest"]:
        what = "these weights are not the ones that training chose"
        problems.append(Problem(what, where=str(run.model)))
    if named != list(bound["labels"]):
        what = f"id2label does not name the labels of {MANIFEST} in their order"
        problems.append(Problem(what, where=str(run.model / "config.json")))
    if tokenizer.model_max_length != bound["max_length"]:
        what = f"model_max_length is {tokenizer.model_max_length}, not {bound['max_length']}"
        problems.append(Problem(what, where=str(run.model / "tokenizer_config.json")))
    now = text.model_dump(mode="json")
    changed = [n for n, v in bound["text"].items() if n != "max_length" and now.get(n) != v]
    if changed:
        what = f"text.{changed[0]} is not what the model was trained with"
        problems.append(Problem(what, where=str(run.settings_path)))
    if text.max_length != bound["max_length"]:
        what = f"text.max_length is {text.max_length}, but the model reads {bound['max_length']}"
        problems.append(Problem(what, where=str(run.settings_path)))
    if problems:
        raise _ship_again(run, problems)
    return model, tokenizer, bound


def _ship_again(run: RunFolder, problems: Sequence[Problem]) -> RunFolderError:
    again = f"luthier workup --resume --run-dir {shlex.quote(str(run.path))}"
    return RunFolderError(problems, next_step=f"{again} (writes model/ again)")
