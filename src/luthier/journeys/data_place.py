"""Where the data of a run lie now: at their path, or where a person moved them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.data_files import is_pattern
from luthier.kit.hub_data import is_hub_name
from luthier.records import Note
from luthier.run_folder import RunFolder


def place_of_data(run: RunFolder, path: str) -> tuple[Path, tuple[Note, ...]]:
    """The path of a run's data as a person here would type it, and whether it is another one.

    Where nothing is at the path that the run keeps, a file or folder of the same name is looked for
    in this folder, beside the run, and beside the folder of runs. Whether it holds the same bytes
    is checked by who reads it.

    Raises:
        InputError: when it is in none of these places.
    """
    given = Path(path)
    never_read = not (run.path / "source.json").exists()
    if never_read or given.exists() or is_pattern(path) or is_hub_name(given):
        return _as_seen(given), ()
    for there in _places(run):
        if (found := there / given.name).exists():
            what = f"the data are no longer at {path}; read from {found.resolve()}"
            return _as_seen(found.resolve()), (Note("chosen", what),)
    near = [entry.name for entry in Path.cwd().iterdir()]
    raise InputError(
        Problem("the data of this run are not there", str(given), did_you_mean(given.name, near)),
        next_step=f"put {given.name} back, or into this folder ({Path.cwd()}) or beside the run "
        f"({run.path.resolve().parent})",
    )


def _places(run: RunFolder) -> Iterator[Path]:
    yield Path.cwd()
    yield from run.path.resolve().parents[:2]


def _as_seen(path: Path) -> Path:
    """The path as a person in this folder would type it; settings hold it in full."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
