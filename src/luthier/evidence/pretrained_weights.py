"""Whether the weights that training begins with are the pretrained ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from luthier.evidence.parameter_groups import Group, groups_of, plain_name
from luthier.records import PretrainedFacts

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"


def pretrained_facts(model: torch.nn.Module, source: str, meant: bool | None) -> PretrainedFacts:
    """Compare a model that has not been trained yet with the file its weights should be from.

    Where the file is not at hand, layers are judged by themselves: after random initialisation
    every bias is exactly 0 and every norm exactly 1, after training none is.

    Args:
        model: before its first step.
        source: folder or hub name; empty where nobody said. Nothing is downloaded.
        meant: whether pretrained weights were meant; None where nobody said.
    """
    groups = [group for group in groups_of(model) if group.role not in {"head", "adapter"}]
    # the pooler of BERT belongs to the head: many checkpoints come without it
    groups = [group for group in groups if group.name != "pooler"]
    state = model.state_dict()  # whole tables, where only the rows in use are trained
    tensors = {
        name: state.get(name, p).detach() for group in groups for name, p in group.tensors.items()
    }
    different, absent, compared = [], [], 0
    file = dict(_tensors_of(source))
    for name, tensor in tensors.items() if file else ():
        key = _key(name, model, file)
        if key is None:
            absent.append(name)
            continue
        stored = _read(file[key], key)
        compared += 1
        here = tensor.cpu()
        if stored.shape != here.shape or not torch.equal(stored.to(here.dtype), here):
            different.append(name)
    fresh, judged = _fresh(model, groups)
    # a name that is not in the file may only have another form there: looks decide as well
    absent = [name for name in absent if name in set(fresh)]
    examples = [*different, *absent] or fresh
    return PretrainedFacts(
        source=source,
        meant=meant,
        tensors=len(tensors),
        compared=compared,
        different=len(different),
        absent=len(absent) if compared or absent else None,
        fresh=len(fresh),
        judged=judged,
        examples=tuple(examples[:5]),
    )


def _tensors_of(source: str) -> Iterator[tuple[str, Path]]:
    """Key -> safetensors file that holds it; nothing where there is none on this machine."""
    if not source:
        return
    folder = Path(source)
    files: set[Path] = set()
    if (folder / INDEX).is_file():
        listed = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        files = {folder / name for name in listed.values()}
    elif (folder / SINGLE).is_file():
        files = {folder / SINGLE}
    elif not folder.exists():
        files = _cached(source)
    for file in sorted(files):
        try:
            with safe_open(str(file), framework="pt") as opened:
                yield from ((key, file) for key in opened.keys())  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError):
            continue


def _cached(name: str) -> set[Path]:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, SINGLE)
    except HFValidationError:
        return set()
    return {Path(found)} if isinstance(found, str) else set()


def _read(file: Path, key: str) -> torch.Tensor:
    with safe_open(str(file), framework="pt") as opened:
        tensor: torch.Tensor = opened.get_tensor(key)
        return tensor


def _key(name: str, model: torch.nn.Module, file: Mapping[str, Path]) -> str | None:
    """The name of a tensor in the file: with or without the encoder's prefix, old names too."""
    plain = plain_name(name)
    prefix = f"{getattr(model, 'base_model_prefix', '')}."
    forms = [plain, plain.removeprefix(prefix), prefix + plain]
    for form in forms:
        old = form.replace("LayerNorm.weight", "LayerNorm.gamma")
        for candidate in (form, old.replace("LayerNorm.bias", "LayerNorm.beta")):
            if candidate in file:
                return candidate
    return None


def _fresh(model: torch.nn.Module, groups: list[Group]) -> tuple[list[str], int]:
    """Tensors of groups that look newly drawn, and the number of tensors that could be judged."""
    modules = dict(model.named_modules())
    fresh: list[str] = []
    judged = 0
    for group in groups:
        untouched, told = True, 0
        for name, p in group.tensors.items():
            module = type(modules.get(name.rpartition(".")[0])).__name__.lower()
            if name.endswith("bias"):
                told, untouched = told + 1, untouched and not bool(p.detach().any())
            elif "norm" in module and p.ndim == 1:
                told, untouched = told + 1, untouched and bool((p.detach() == 1).all())
        if told:
            judged += len(group.tensors)
            fresh += list(group.tensors) if untouched else []
    return fresh, judged
