"""The user's cache folder: files that can be made again, bounded in size, the oldest go first.

`cache/` in `$LUTHIER_HOME`, else `$XDG_CACHE_HOME/luthier`, else `~/.cache/luthier`. It may be
deleted at any time. What lies there was made from the user's texts: only the user may read it.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

STALE_SECONDS = 86_400
"""A temporary file so old was left by a process that was killed."""


def cache_folder(name: str) -> Path:
    """A folder of this name in the user's cache; made, for this user alone, if it is not there."""
    home, shared = os.environ.get("LUTHIER_HOME"), os.environ.get("XDG_CACHE_HOME")
    usual = (Path(shared) if shared else Path.home() / ".cache") / "luthier"
    folder = (Path(home) / "cache" if home else usual) / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def why_no_room(folder: Path, needed: int, limit: int) -> str:
    """Make room for a file by giving up those that were not used for longest.

    Args:
        folder: of the cache.
        needed: bytes of the new file.
        limit: bytes that all files of the folder may take together.

    Returns:
        Why there is no room, in words; empty where there is.
    """
    if needed > limit:
        return f"it would take {in_words(needed)}, and at most {in_words(limit)} are allowed"
    files = sorted((path for path in folder.iterdir() if path.is_file()), key=_used)
    for path in files:
        if path.suffix == ".tmp" and time.time() - _used(path) > STALE_SECONDS:
            path.unlink(missing_ok=True)
    kept = [path for path in files if path.exists() and path.suffix != ".tmp"]
    taken = sum(path.stat().st_size for path in kept)
    for path in kept:
        if taken + needed <= limit:
            break
        taken -= path.stat().st_size
        path.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        return f"it would take {in_words(needed)}, and {in_words(free)} are free in {folder}"
    return ""


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process gave it up
        return 0.0


def in_words(count: float) -> str:
    """Bytes for people.

    >>> in_words(2_400_000_000)
    '2.4 GB'
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
