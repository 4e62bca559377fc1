"""Which files of a path hold rows, and which split each one stands for."""

from __future__ import annotations

import glob
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.arrow_files import DATASET_DICT, STATE
from luthier.kit.hub_data import fetch_hub_data, is_hub_name
from luthier.kit.tables import EXTENSIONS, kind_of
from luthier.records import SPLIT_NAMES, Note, SplitName

_NOT_ROWS = {"labels", "label", "class", "classes", "categories", "readme", "source", "license"}
_NOT_ROWS |= {"class_names", "label_names", "dataset_info", "stopwords", "requirements"}
_WORDS: dict[SplitName, str] = {
    "train": "train|training|训练|訓練",
    "validation": "validation|valid|val|dev|eval|验证|驗證",
    "test": "test|testing|测试|測試",
}
_NAMES = {
    split: re.compile(rf"(?:^|[^a-z])(?:{words})(?:set|data|集)?(?![a-z])", re.IGNORECASE)
    for split, words in _WORDS.items()
}
_SHARD = re.compile(r"[-_.]?\d+(?:[-_]of[-_]\d+)?$")
SETS_SHOWN = 5
"""Data sets of one folder that a message names."""
_NAMING = "name them train, validation and test (train.csv, dev.csv, test.csv), or give one file"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: `name` is how messages call it; `split` where its name says one."""

    path: Path
    name: str
    split: SplitName | None


Found = tuple[tuple[DataFile, ...], tuple[Note, ...]]


def is_pattern(given: str) -> bool:
    """Whether a path is a name pattern (`data/trec_*.txt`), to be matched against names."""
    return any(sign in given for sign in "*?[")


def find_data_files(given: Path, *, train_required: bool) -> Found:
    """The files to read, in the order train, validation, test.

    A folder with one file of rows is that file. With several, their names must say the split; a
    split may lie in numbered parts (train-00000-of-00002.parquet).

    Args:
        given: a file, a folder, a name pattern (`data/trec_*.txt`), a folder that `save_to_disk`
            wrote, or the name of a data set on huggingface.co.
        train_required: whether a folder with splits must have a training file.

    Raises:
        InputError: when nothing is there, or it is unclear which files to read.
    """
    if given.is_dir():
        return _in_folder(given, train_required=train_required)
    if given.exists():
        return (DataFile(given, str(given), None),), ()
    if is_pattern(str(given)):
        matches = sorted(Path(name) for name in glob.glob(str(given)))  # noqa: PTH207 - a whole path
        files = [path for path in matches if path.is_file()]
        if not files:
            raise InputError(Problem("no file has a name of this pattern", where=str(given)))
        return _among(given, files, train_required=train_required)
    if is_hub_name(given):
        folder, note = fetch_hub_data(given.as_posix())
        found, notes = _in_folder(folder, train_required=train_required)
        return found, (note, *notes)
    raise _missing(given)


def _in_folder(folder: Path, *, train_required: bool) -> Found:
    if (folder / STATE).is_file():
        return (DataFile(folder, folder.name, None),), ()
    if (folder / DATASET_DICT).is_file():
        return _saved_splits(folder, train_required=train_required)
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    present = [path for path in inside if path.is_file()]
    folders = [path for path in inside if path.is_dir()]
    if not any(_holds_rows(path) for path in present):
        if [path.name for path in folders] == ["data"]:
            return _in_folder(folders[0], train_required=train_required)
        for split_folder in filter(_split_of, folders):
            present += sorted(path for path in split_folder.iterdir() if _holds_rows(path))
    return _among(folder, present, train_required=train_required)


def _holds_rows(path: Path) -> bool:
    readable = path.is_file() and kind_of(path) in EXTENSIONS
    return readable and _stem(path).lower() not in _NOT_ROWS


def _saved_splits(folder: Path, *, train_required: bool) -> Found:
    """The splits of a `DatasetDict` that `save_to_disk` wrote: a folder each."""
    try:
        names = list(map(str, json.loads((folder / DATASET_DICT).read_bytes())["splits"]))
    except (ValueError, KeyError, TypeError) as error:
        what = "does not name the splits of a data set"
        raise InputError(Problem(what, where=str(folder / DATASET_DICT))) from error
    return _among(folder, [folder / name for name in names], train_required=train_required)


def _among(given: Path, present: Sequence[Path], *, train_required: bool) -> Found:
    readable = [path for path in present if _holds_rows(path) or path.is_dir()]
    splits = {path: _split_of(path) or _split_of_folder(given, path) for path in readable}
    named = {path: split for path, split in splits.items() if split}
    if len(splits) == 1:
        files = [DataFile(path, path.name, None) for path in splits]
    elif named:
        _check_splits(given, named, train_required=train_required)
        order = sorted(named, key=lambda path: SPLIT_NAMES.index(named[path]))
        files = [DataFile(path, _name_of(given, path), named[path]) for path in order]
    else:
        raise _unclear(given, sorted(splits), present)
    return tuple(files), _left_out(present, files)


def _stem(path: Path) -> str:
    """The name without the endings that say the format."""
    return path.name.removesuffix(".gz").removesuffix(kind_of(path))


def _split_of(path: Path) -> SplitName | None:
    stem = _stem(path)
    found = [split for split, pattern in _NAMES.items() if pattern.search(stem)]
    return found[0] if len(found) == 1 else None


def _split_of_folder(given: Path, path: Path) -> SplitName | None:
    """The split that the name of a folder inside `given` says (`train/0000.parquet`)."""
    return _split_of(path.parent) if _is_deeper(given, path) else None


def _name_of(given: Path, path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if _is_deeper(given, path) else path.name


def _is_deeper(given: Path, path: Path) -> bool:
    return path.parent != given and path.parent.parent == given


def _set_of(path: Path, split: SplitName) -> str:
    """What is left of a name without its split and its number: `trec` of trec_train-00000.csv."""
    stem = _stem(path)
    if _split_of(path) is None:
        return ""  # its folder says the split
    if (shard := _SHARD.search(stem)) and _NAMES[split].search(stem[: shard.start()]):
        stem = stem[: shard.start()]
    return _NAMES[split].sub("", stem, count=1).strip("-_. ").lower()


def _check_splits(given: Path, named: Mapping[Path, SplitName], *, train_required: bool) -> None:
    sets = {path: _set_of(path, split) for path, split in named.items()}
    training = sorted({sets[path] for path, split in named.items() if split == "train"} - {""})
    if given.is_dir() and len(training) > 1:
        raise _several_sets(given, training, sets)
    problems = []
    for split in SPLIT_NAMES:
        paths = [path for path, own in named.items() if own == split]
        if len({sets[path] for path in paths}) > 1:
            names = ", ".join(path.name for path in paths)
            problems.append(Problem(f"{len(paths)} files stand for {split}: {names}", str(given)))
        if not paths and split == "train" and train_required:
            others = ", ".join(path.name for path in named)
            problems.append(Problem(f"no training file beside {others}", where=str(given)))
    if problems:
        raise InputError(problems, next_step="keep one file per split, with its split in its name")


def _several_sets(given: Path, names: Sequence[str], sets: Mapping[Path, str]) -> InputError:
    """A folder with the files of several data sets: which they are, and how to read one."""
    held = "; ".join(
        f"{name} ({', '.join(sorted(path.name for path, own in sets.items() if own == name))})"
        for name in names[:SETS_SHOWN]
    )
    more = "; ..." if len(names) > SETS_SHOWN else ""
    what = f"this folder holds {len(names)} data sets, and one is read at a time: {held}{more}"
    patterns = [shlex.quote(f"{given / name}*") for name in names[:SETS_SHOWN]]
    return InputError(
        Problem(what, where=str(given)),
        next_step=f"give the pattern of one in place of the folder: {' or '.join(patterns)}",
    )


def _left_out(present: Iterable[Path], files: Sequence[DataFile]) -> tuple[Note, ...]:
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
    begun = [name for name in beside if name.startswith(given.name)]
    hint = did_you_mean(given.name, beside)
    if len(begun) > 1:
        hint = f"{len(begun)} names there begin so; a pattern reads them: '{given}*'"
    what = "there is no such file or folder"
    if not given.parent.is_dir():
        what += f", nor the folder {given.parent}"
    return InputError(
        Problem(what, where=str(given), hint=hint),
        next_step="give the path of a data file or folder",
    )
