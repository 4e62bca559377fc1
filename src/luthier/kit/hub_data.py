"""Data sets on huggingface.co: their parquet copies, from the local cache or the network."""

from __future__ import annotations

import re
from pathlib import Path

from luthier.errors import InputError, Problem
from luthier.machine_errors import machine_error
from luthier.records import Note

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*){1,2}")
_PARQUET = "refs/convert/parquet"
"""The branch on which huggingface.co keeps every public data set as parquet: config/split/*."""
_DEFAULT = "default"


def is_hub_name(path: Path) -> bool:
    """Whether a path that does not exist may be `owner/name` or `owner/name/config`."""
    text = path.as_posix()
    here = path.parts[:1] and Path(path.parts[0]).exists()
    return bool(not path.suffix and not here and _NAME.fullmatch(text))


def fetch_hub_data(name: str) -> tuple[Path, Note]:
    """A folder with the parquet files of a data set, and where they come from.

    Args:
        name: `owner/name`, or `owner/name/config` where the data set has several parts.

    Raises:
        InputError: when it is neither in the cache nor can be fetched, or has several configs.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    repository, config = "/".join(name.split("/")[:2]), "/".join(name.split("/")[2:])
    wanted = [f"{config}/*/*.parquet"] if config else ["*/*/*.parquet"]
    try:
        found = Path(
            snapshot_download(
                repository, repo_type="dataset", revision=_PARQUET, allow_patterns=wanted
            )
        )
    except (OSError, ValueError) as error:
        refused = machine_error(error)
        if refused is not None:
            raise refused from error
        why = "huggingface.co cannot be reached, and the data set is not in the cache"
        if isinstance(error, RepositoryNotFoundError):
            why = "huggingface.co has no such data set, or it is private"
        raise InputError(
            Problem(f"there is no such file or folder here; {why}", where=name),
            next_step="give the path of a data file or folder, or a name that huggingface.co knows "
            "(with a network)",
        ) from error
    folder = _config_folder(found, config, repository)
    return folder, Note("chosen", f"data set {repository} of huggingface.co, part {folder.name}")


def _config_folder(found: Path, config: str, repository: str) -> Path:
    """The folder of one config; it holds a folder per split."""
    configs = sorted(path.name for path in found.iterdir() if path.is_dir())
    if config in configs:
        return found / config
    if _DEFAULT in configs or len(configs) == 1:
        return found / (_DEFAULT if _DEFAULT in configs else configs[0])
    what = f"has {len(configs)} parts: {', '.join(configs[:12])}" if configs else "has no rows"
    hint = f"name one: {repository}/{configs[0]}" if configs else ""
    raise InputError(Problem(what, where=repository, hint=hint))
