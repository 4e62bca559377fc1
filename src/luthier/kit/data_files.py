"""Which files of a path hold rows, and which split each one stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.tables import EXTENSIONS
from luthier.records import SPLIT_NAMES, Note, SplitName

_NOT_ROWS = {"labels", "label", "class", "classes", "categories", "readme", "source", "license"}
_WORDS: dict[SplitName, str] = {
    "train": "train|training|训练|訓練",
    "validation": "validation|valid|val|dev|eval|验证|驗證",
    "test": "test|testing|测试|測試",
}
_NAMES = {
    split: re.compile(rf"(?:^|[^a-z])(?:{words})(?:set|data|集)?(?![a-z])", re.IGNORECASE)
    for split, words in _WORDS.items()
}
_NAMING = "name them train, validation and test (train.csv, dev.csv, test.csv), or give one file"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: `name` is how messages call it; `split` where its name says one."""

    path: Path
    name: str
    split: SplitName | None


def find_data_files(
    given: Path, *, train_required: bool
) -> tuple[tuple[DataFile, ...], tuple[Note, ...]]:
    """The files to read, in the order train, validation, test.

    A folder with one file of rows is that file. With several, their names must say the split.

    Args:
        given: a file or a folder.
        train_required: whether a folder with splits must have a training file.

    Raises:
        InputError: when nothing is there, or it is unclear which files to read.
    """
    if not given.exists():
        raise _missing(given)
    if not given.is_dir():
        return (DataFile(given, str(given), None),), ()
    present = sorted(p for p in given.iterdir() if p.is_file() and not p.name.startswith("."))
    readable = [path for path in present if path.suffix.lower() in EXTENSIONS]
    splits = {path: _split_of(path) for path in readable if path.stem.lower() not in _NOT_ROWS}
    named = [(path, split) for path, split in splits.items() if split]
    if len(splits) == 1:
        files = [DataFile(path, path.name, None) for path in splits]
    elif named:
        _check_splits(given, named, train_required=train_required)
        named.sort(key=lambda pair: SPLIT_NAMES.index(pair[1]))
        files = [DataFile(path, path.name, split) for path, split in named]
    else:
        raise _unclear(given, sorted(splits), present)
    return tuple(files), _left_out(present, files)


def _split_of(path: Path) -> SplitName | None:
    found = [split for split, pattern in _NAMES.items() if pattern.search(path.stem)]
    return found[0] if len(found) == 1 else None


def _check_splits(
    folder: Path, named: Sequence[tuple[Path, SplitName]], *, train_required: bool
) -> None:
    problems = []
    for split in SPLIT_NAMES:
        names = [path.name for path, own in named if own == split]
        if len(names) > 1:
            what = f"{len(names)} files stand for {split}: {', '.join(names)}"
            problems.append(Problem(what, where=str(folder)))
        if not names and split == "train" and train_required:
            others = ", ".join(path.name for path, _ in named)
            problems.append(Problem(f"no training file beside {others}", where=str(folder)))
    if problems:
        raise InputError(problems, next_step="keep one file per split, with its split in its name")


def _left_out(present: Sequence[Path], files: Sequence[DataFile]) -> tuple[Note, ...]:
    read = {file.path for file in files}
    names = [path.name for path in present if path not in read]
    if not names:
        return ()
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
    return (Note("skipped", f"left out, their names do not say rows: {shown}"),)


def _unclear(folder: Path, candidates: Sequence[Path], present: Sequence[Path]) -> InputError:
    if candidates:
        names = ", ".join(path.name for path in candidates[:10])
        what = f"unclear which of {len(candidates)} files hold what: {names}"
        return InputError(Problem(what, where=str(folder), hint=_NAMING))
    names = ", ".join(path.name for path in present[:10]) or "it is empty"
    what = f"no file of rows in this folder ({names})"
    return InputError(
        Problem(what, where=str(folder), hint=f"files read end in {' '.join(EXTENSIONS)}")
    )


def _missing(given: Path) -> InputError:
    beside = sorted(p.name for p in given.parent.iterdir()) if given.parent.is_dir() else []
    hint = did_you_mean(given.name, beside)
    what = "there is no such file or folder"
    if not given.parent.is_dir():
        what += f", nor the folder {given.parent}"
    return InputError(
        Problem(what, where=str(given), hint=hint),
        next_step="give the path of a data file or folder",
    )
