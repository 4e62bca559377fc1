"""Where a copy or a queue may be written: asked before the work, not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from luthier.errors import InputError, MachineError, Problem


def left_out_beside(copy: Path) -> Path:
    """Where the rows stand that a cleaned copy leaves out."""
    return copy.with_name(f"{copy.stem}.left_out{copy.suffix}")


def check_free(out: Path, sources: Sequence[Path], endings: Sequence[str], *, force: bool) -> None:
    """`check_place`, of a file whose ending says its form.

    Args:
        out: the file that is to be written.
        sources: the files and folders of the data.
        endings: what its name may end with.
        force: whether a file that is there may be replaced.

    Raises:
        InputError: when the file may not be written.
        MachineError: when no file can be written in its folder.
    """
    check_place(out, sources, f"clean{endings[0]}", force=force)
    if out.suffix.lower() not in endings:
        what = f"can be written as {', '.join(endings)} only, and its name must say so"
        raise InputError(
            Problem(what, where=str(out)), next_step=f"name it {_ending_so(out, endings)}"
        )


def check_place(out: Path, sources: Sequence[Path], example: str, *, force: bool) -> None:
    """Refuse to write over anything unasked, over the data themselves always, and where none can.

    Args:
        out: the file that is to be written.
        sources: the files and folders of the data.
        example: a file's name, for who named a folder.
        force: whether a file that is there may be replaced.

    Raises:
        InputError: when the file may not be written.
        MachineError: when no file can be written in its folder.
    """
    if any(_is_or_lies_in(out, source) for source in sources):
        raise InputError(
            Problem("is, or lies among, the data themselves", where=str(out)),
            next_step="choose another place: your files are never changed",
        )
    if out.is_dir():
        raise InputError(
            Problem("is a folder, and what is written is a file", where=str(out)),
            next_step=f"name a file in it: {out / example}",
        )
    if out.exists() and not force:
        raise InputError(
            Problem("is there already", where=str(out)),
            next_step="choose another file, or replace it with --force",
        )
    _check_writable(out)


def check_apart(copy: Path, queue: Path) -> None:
    """Refuse to write the relabel queue over the cleaned copy of the same audit.

    Raises:
        InputError: when both would be one file.
    """
    if queue.resolve() in (copy.resolve(), left_out_beside(copy).resolve()):
        raise InputError(
            Problem("--fix and --relabel would both be written here", where=str(queue)),
            next_step="give --relabel a file of its own",
        )


def _is_or_lies_in(out: Path, source: Path) -> bool:
    place = out.resolve()
    return place == source.resolve() or (source.is_dir() and place.parent == source.resolve())


def _ending_so(out: Path, endings: Sequence[str]) -> Path:
    bare = out.with_suffix("")
    return bare if bare.suffix.lower() in endings else bare.with_suffix(endings[0])


def _check_writable(out: Path) -> None:
    """Try the nearest folder that is there: rights alone do not tell, for root has them all."""
    folder = out.absolute().parent
    while not os.path.lexists(folder):
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"no file can be written in {folder}: {error.strerror}"
        raise MachineError(
            Problem(what, where=str(out)), next_step="choose a folder that you may write to"
        ) from error
