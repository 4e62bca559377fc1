"""What the machine refuses (a full disk, a missing permission), as an error to act on."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from luthier.errors import LuthierError, MachineError, Problem

_FREE = "free some space there"
_RIGHTS = "choose a folder that you may write to, or change its permissions"
_MOVE = "move it away"
_OPEN = "close other programs, or allow more: ulimit -n 4096"
_REFUSALS = {
    "ENOSPC": ("the disk is full", _FREE),
    "EDQUOT": ("your share of the disk is full", _FREE),
    "EFBIG": ("the disk is full for this file: it may not grow further", "raise `ulimit -f`"),
    "EACCES": ("permission denied", _RIGHTS),
    "EPERM": ("permission denied", _RIGHTS),
    "EROFS": ("this file system is read-only", "choose a folder on another one"),
    "EISDIR": ("a folder stands where a file belongs", _MOVE),
    "ENOTDIR": ("a file stands where a folder belongs", _MOVE),
    "EEXIST": ("a file stands where a folder belongs", _MOVE),
    "EMFILE": ("too many files are open", _OPEN),
    "ENFILE": ("too many files are open", _OPEN),
    "ENAMETOOLONG": ("this name is too long for the file system", "choose a shorter one"),
    "EIO": ("the disk cannot be read or written", "check the disk, or choose another one"),
}
# Not every system has every code.
_SAID = {getattr(errno, name): said for name, said in _REFUSALS.items() if hasattr(errno, name)}
# Libraries written in Rust (safetensors, tokenizers) hand on the code in their message only.
_RUST = re.compile(r"\(os error (\d+)\)")
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\.tmp")


def machine_error(
    error: BaseException, run: Path | None = None, *, at: Path | None = None
) -> MachineError | None:
    """The refusal of the machine behind an exception; None where there is none.

    Args:
        error: what was caught.
        run: the run folder that was worked on; it is resumed after the cure.
        at: the place to name where the exception names none; `run` when not given.
    """
    link: BaseException | None = error
    while link is not None:
        said = _SAID.get(_code(link))
        if said is not None:
            return _named(said, link, run, at or run)
        link = link.__cause__
    return None


@contextlib.contextmanager
def machine_errors_named(run: Path | None = None) -> Iterator[None]:
    """Raise a refusal of the machine inside the block as one that names its place and its cure.

    Raises:
        MachineError: instead of the exception of Python or of a library.
    """
    try:
        yield
    except LuthierError:
        raise
    except Exception as error:
        found = machine_error(error, run)
        if found is None:
            raise
        raise found from error


def _code(error: BaseException) -> int:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    told = _RUST.search(str(error))
    return int(told[1]) if told else 0


def _named(
    said: tuple[str, str], error: BaseException, run: Path | None, at: Path | None
) -> MachineError:
    what, cure = said
    places = [getattr(error, name, None) for name in ("filename2", "filename")]
    # a file may also be known by its number, which says nothing
    named = [Path(os.fsdecode(place)) for place in places if isinstance(place, str | bytes)]
    where = str(_meant(named[0])) if named else str(at or "")
    again = "the same command again"
    if run is not None and (run / "run.yaml").is_file():
        again = f"luthier workup --resume --run-dir {shlex.quote(str(run))}"
    return MachineError(Problem(what, where=where), next_step=f"{cure}, then: {again}")


def _meant(path: Path) -> Path:
    """The file that was to be written, where `path` is its temporary stand-in."""
    for part in (*reversed(path.parents), path):
        told = _TEMPORARY.fullmatch(part.name)
        if told:
            return part.with_name(told["name"]) / path.relative_to(part)
    return path.parent if path.name == ".lock" else path
