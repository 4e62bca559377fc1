"""The run folder: names, atomic writes, and reading everything back. No torch here.

Other programs read this folder; its layout is described in docs/run-folder.md. Every file appears
whole or not at all: it is written beside its place, flushed to disk, and renamed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from luthier.errors import Problem, RunFolderError
from luthier.machine_errors import machine_error, machine_errors_named
from luthier.prediction_tables import column, columns_of, predictions_of
from luthier.records import (
    AnyPredictions,
    Audit,
    Diagnosis,
    EncodedFacts,
    Evaluation,
    Event,
    Folds,
    FoldsEvaluation,
    LabelPairs,
    Note,
    Predictions,
    RowLengths,
    Source,
    SplitEvaluation,
    SplitName,
    Splits,
    TrainingFacts,
    event_from_json,
    event_to_json,
)

T = TypeVar("T")

RUN_SETTINGS = "run.yaml"


def sha256_of_file(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed onto it when the block ends without an exception."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically, with line feeds on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinities are refused, they are not JSON."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block ends well.

    When the block ends with an exception, a full disk included, nothing of it stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    name = tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        temporary.chmod(0o755)
        yield temporary
        replace_folder(temporary, target)
    except Exception:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def replace_folder(new: Path, target: Path) -> None:
    """Put the complete folder `new` in the place of `target`; see `recover_folder`."""
    for path in new.iterdir():
        path.chmod(0o644)  # libraries leave temporary files readable to their owner only
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    old = target.with_name(target.name + ".old")
    if old.exists():
        shutil.rmtree(old)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(target: Path) -> None:
    """Mend what a crash between the two renames of `replace_folder` left behind."""
    old = target.with_name(target.name + ".old")
    if old.exists():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    for leftover in target.parent.glob(f".{target.name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Environment:
    """What must be so in environment.json; it may hold more."""

    versions: dict[str, str]
    hardware: dict[str, Any]
    command: str
    notes: tuple[str, ...] = ()


class RunFolder:
    """One run on disk, as paths and as records.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    # places -------------------------------------------------------------------------------------

    @property
    def settings_path(self) -> Path:
        """Resolved settings and their origins."""
        return self.path / RUN_SETTINGS

    def fold(self, number: int) -> RunFolder:
        """The run of one fold, counted from 1."""
        return RunFolder(self.path / "folds" / f"fold_{number}")

    @property
    def history_path(self) -> Path:
        """One training event per line."""
        return self.path / "history.jsonl"

    @property
    def training_path(self) -> Path:
        """What was seen while the model was trained, for the doctor."""
        return self.path / "training.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of `best/` and `last/`."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """What ships."""
        return self.path / "model"

    @property
    def plots(self) -> Path:
        """PNG files."""
        return self.path / "plots"

    @property
    def report(self) -> Path:
        """The self-contained HTML file."""
        return self.path / "report.html"

    @property
    def relabel_path(self) -> Path:
        """The relabel queue."""
        return self.path / "relabel.csv"

    def predictions_path(self, split: str) -> Path:
        """Parquet file of one split's predictions (`floor_<name>` for the rivals)."""
        return self.path / "predictions" / f"{split}.parquet"

    # life ---------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the folder.

        Raises:
            RunFolderError: when something is there already.
            MachineError: when the system refuses it.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise RunFolderError(
                Problem("this folder is not empty", where=str(self.path)),
                next_step="choose another folder with --run-dir, or go on from it with "
                f"--resume --run-dir {self.path}",
            )
        try:
            with machine_errors_named():
                self.path.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # a file system that takes none, such as /proc
            raise RunFolderError(
                Problem("no folder can be made here", where=str(self.path)),
                next_step="choose another folder with --run-dir",
            ) from error

    def require(self, *relative: str) -> None:
        """Check that the folder is a run and holds these parts.

        Raises:
            RunFolderError: when it does not, with what to type.
        """
        if not self.settings_path.is_file():
            raise RunFolderError(
                Problem("this is not a run folder (it has no run.yaml)", where=str(self.path)),
                next_step="luthier workup DATA makes one; give the folder it names",
            )
        missing = [name for name in relative if not (self.path / name).exists()]
        if missing:
            raise RunFolderError(
                Problem(f"this run has no {', '.join(missing)} yet", where=str(self.path)),
                next_step=f"luthier workup --resume --run-dir {self.path}",
            )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one writer; the operating system frees it however the writer ends.

        Whatever the machine refuses in the meantime is raised with its place and its cure.

        Raises:
            RunFolderError: when another process holds it.
            MachineError: when the disk is full, or something else is refused by the system.
        """
        with machine_errors_named(self.path), self._held():
            yield

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        try:
            import fcntl
        except ImportError:  # Windows: one writer is left to the user's care
            yield
            return
        with (self.path / ".lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunFolderError(
                    Problem("another process is writing to this run folder", where=str(self.path)),
                    next_step="wait until it is done, or work in another folder",
                ) from error
            self._clear_unfinished()
            yield

    def _clear_unfinished(self) -> None:
        """Take away what a writer left that was killed between `atomic_path` and its rename."""
        for leftover in self.path.rglob(".*.tmp"):
            if leftover.is_file():
                leftover.unlink(missing_ok=True)

    # records ------------------------------------------------------------------------------------

    def _save(self, name: str, kind: type[Any], record: object) -> None:
        write_json(self.path / name, TypeAdapter(kind).dump_python(record, mode="json"))

    def read(self, name: str, kind: type[T]) -> T:
        """A record of this folder that has no property of its own.

        Raises:
            RunFolderError: when it is missing or damaged, with what makes it again.
        """
        return self._load(name, kind)

    def _load(self, name: str, kind: type[T]) -> T:
        self.require(name)
        data = self._bytes(name)
        try:
            return TypeAdapter(kind).validate_json(data)
        except ValidationError as error:
            raise self._damaged(name, _first_of(error)) from error

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        try:
            return path.read_bytes()
        except OSError as error:
            refused = machine_error(error, self.path)
            raise refused or self._damaged(name, str(error.strerror)) from error

    def _damaged(self, name: str, what: str) -> RunFolderError:
        path = self.path / name
        return RunFolderError(
            Problem(f"cannot be read: {what}", where=str(path)),
            next_step=_REPAIR[name.partition("/")[0]].format(
                run=shlex.quote(str(self.path)), path=shlex.quote(str(path))
            ),
        )

    def save_source(self, source: Source) -> None:
        """Write source.json."""
        self._save("source.json", Source, source)

    def save_audit(self, audit: Audit) -> None:
        """Write audit.json."""
        self._save("audit.json", Audit, audit)

    def save_label_pairs(self, pairs: LabelPairs) -> None:
        """Write label_pairs.json."""
        self._save("label_pairs.json", LabelPairs, pairs)

    @property
    def label_pairs(self) -> LabelPairs:
        """The dossiers of the confused labels, and the words of every label."""
        return self._load("label_pairs.json", LabelPairs)

    def save_encoding(self, encoding: Mapping[SplitName, EncodedFacts]) -> None:
        """Write encoding.json."""
        self._save("encoding.json", dict[SplitName, EncodedFacts], dict(encoding))

    @property
    def encoding(self) -> dict[SplitName, EncodedFacts]:
        """What was cut and what is unknown, by split."""
        return self._load("encoding.json", dict[SplitName, EncodedFacts])

    def save_evaluation(self, evaluation: Evaluation) -> None:
        """Write metrics.json: the splits at the top level, as other programs expect."""
        value = TypeAdapter(Evaluation).dump_python(evaluation, mode="json")
        splits = value.pop("splits")
        flat = {name: _with_figures_on_top(split) for name, split in splits.items()}
        write_json(self.path / "metrics.json", {**flat, **value})

    def save_diagnosis(self, diagnosis: Diagnosis) -> None:
        """Write diagnosis.json."""
        self._save("diagnosis.json", Diagnosis, diagnosis)

    @cached_property
    def source(self) -> Source:
        """Where the rows came from."""
        return self._load("source.json", Source)

    @property
    def audit(self) -> Audit:
        """Measured facts about the rows."""
        return self._load("audit.json", Audit)

    @property
    def training(self) -> TrainingFacts:
        """What was seen while the model was trained."""
        return self._load("training.json", TrainingFacts)

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, hardware and command of the run."""
        self._load("environment.json", _Environment)
        return self._load("environment.json", dict[str, Any])

    @property
    def diagnosis(self) -> Diagnosis:
        """Every fault with its outcome."""
        return self._load("diagnosis.json", Diagnosis)

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json as a plain dict; what stands in it is that of `evaluation`."""
        return self._judged()[0]

    @property
    def evaluation(self) -> Evaluation:
        """metrics.json as a record."""
        return self._judged()[1]

    def _judged(self) -> tuple[dict[str, Any], Evaluation]:
        metrics = self._load("metrics.json", dict[str, Any])
        splits = {
            name: _with_figures_apart(split)
            for name, split in metrics.items()
            if isinstance(split, dict)
        }
        try:
            return metrics, TypeAdapter(Evaluation).validate_python({**metrics, "splits": splits})
        except ValidationError as error:
            raise self._damaged("metrics.json", _first_of(error)) from error

    def save_splits(self, splits: Splits) -> None:
        """Write splits.parquet; method, seed and notes stand in its metadata."""
        notes = TypeAdapter(tuple[Note, ...]).dump_python(splits.notes, mode="json")
        rest = {"method": splits.method, "seed": splits.seed, "notes": notes}
        _write_table(
            self.path / "splits.parquet",
            {"row_id": splits.row_ids, "split": list(splits.names)},
            rest,
        )

    @property
    def splits(self) -> Splits:
        """Which row belongs to which split."""
        with self._table("splits.parquet") as (table, rest):
            return Splits(
                row_ids=column(table, "row_id").to_numpy(),
                names=TypeAdapter(tuple[SplitName, ...]).validate_python(
                    column(table, "split").to_pylist()
                ),
                method=rest["method"],
                seed=rest["seed"],
                notes=TypeAdapter(tuple[Note, ...]).validate_python(rest["notes"]),
            )

    def save_folds(self, folds: Folds) -> None:
        """Write folds.parquet; method, seed and notes stand in its metadata."""
        notes = TypeAdapter(tuple[Note, ...]).dump_python(folds.notes, mode="json")
        rest = {"folds": len(folds), "method": folds.method, "seed": folds.seed, "notes": notes}
        parts = {f"in_fold_{i}": list(names) for i, names in enumerate(folds.parts, start=1)}
        columns = {"row_id": folds.row_ids, "fold": folds.fold, **parts}
        _write_table(self.path / "folds.parquet", columns, rest)

    @property
    def folds(self) -> Folds:
        """Which row is judged in which fold."""
        with self._table("folds.parquet") as (table, rest):
            parts = [column(table, f"in_fold_{i}").to_pylist() for i in range(1, rest["folds"] + 1)]
            return Folds(
                row_ids=column(table, "row_id").to_numpy(),
                parts=TypeAdapter(tuple[tuple[SplitName, ...], ...]).validate_python(parts),
                method=rest["method"],
                seed=rest["seed"],
                notes=TypeAdapter(tuple[Note, ...]).validate_python(rest["notes"]),
            )

    def save_folds_evaluation(self, evaluation: FoldsEvaluation) -> None:
        """Write folds.json; `pooled` as metrics.json has a split."""
        value = TypeAdapter(FoldsEvaluation).dump_python(evaluation, mode="json")
        pooled = _with_figures_on_top(value["pooled"])
        write_json(self.path / "folds.json", {**value, "pooled": pooled})

    @property
    def folds_evaluation(self) -> FoldsEvaluation:
        """folds.json as a record."""
        value = self._load("folds.json", dict[str, Any])
        try:
            pooled = _with_figures_apart(value["pooled"])
            return TypeAdapter(FoldsEvaluation).validate_python({**value, "pooled": pooled})
        except (ValidationError, KeyError, TypeError, AttributeError) as error:
            what = _first_of(error) if isinstance(error, ValidationError) else "pooled is missing"
            raise self._damaged("folds.json", what) from error

    def save_lengths(self, lengths: RowLengths) -> None:
        """Write lengths.parquet."""
        columns = {"row_id": lengths.row_ids, "tokens": lengths.tokens, "lost": lengths.lost}
        _write_table(self.path / "lengths.parquet", columns, {})

    @property
    def lengths(self) -> RowLengths:
        """How long each row is, and what the model does not see of it."""
        with self._table("lengths.parquet") as (table, _):
            return RowLengths(*(column(table, c).to_numpy() for c in ("row_id", "tokens", "lost")))

    def save_predictions(self, split: str, predictions: AnyPredictions) -> None:
        """Write one split's predictions, labels by name."""
        _write_table(self.predictions_path(split), *columns_of(predictions))

    def answers(self, split: str) -> AnyPredictions:
        """The predictions of one split, of whatever task."""
        with self._table(f"predictions/{split}.parquet") as (table, rest):
            return predictions_of(table, rest)

    def predictions(self, split: str) -> Predictions:
        """The predictions of one split, of a task with one label per row.

        Raises:
            RunFolderError: when they are of another task, or damaged.
        """
        answers = self.answers(split)
        if not isinstance(answers, Predictions):
            raise RunFolderError(
                Problem(
                    "these are no answers of one label", where=str(self.predictions_path(split))
                ),
                next_step="read them with run.answers(...)",
            )
        return answers

    @contextlib.contextmanager
    def _table(self, name: str) -> Iterator[tuple[pa.Table, dict[str, Any]]]:
        """A table and its metadata; whatever is wrong with them inside the block is said."""
        self.require(name)
        try:
            table = pq.read_table(pa.BufferReader(self._bytes(name)))
            yield table, json.loads((table.schema.metadata or {})[b"luthier"])
        except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
            what = str(error.args[0] if error.args else error).splitlines()[0]
            if isinstance(error, KeyError):
                what = f"it has no {error.args[0]!r} that Luthier writes"
            elif isinstance(error, ValidationError):
                what = _first_of(error)
            raise self._damaged(name, what) from error

    # history ------------------------------------------------------------------------------------

    def append_history(self, event: Event) -> None:
        """Add one line to history.jsonl."""
        line = json.dumps(event_to_json(event), ensure_ascii=False, allow_nan=False)
        with self.history_path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(line + "\n")

    def rewrite_history(self, events: Sequence[Event]) -> None:
        """Replace history.jsonl by these events (a resumed run forgets what it does again)."""
        lines = [json.dumps(event_to_json(e), ensure_ascii=False, allow_nan=False) for e in events]
        write_text(self.history_path, "".join(line + "\n" for line in lines))

    @property
    def history(self) -> tuple[Event, ...]:
        """Every whole line of history.jsonl; a last line cut off by a crash is left out."""
        if not self.history_path.exists():
            return ()
        events, problems = [], []
        lines = self._bytes("history.jsonl").split(b"\n")
        for number, line in enumerate(lines[:-1], start=1):
            if not line:
                continue
            try:
                events.append(event_from_json(json.loads(line)))
            except (ValueError, TypeError) as error:
                what = _first_of(error) if isinstance(error, ValidationError) else str(error)
                where = f"{self.history_path}:{number}"
                problems.append(Problem(f"this is no whole event: {what}", where=where))
        if problems:
            raise RunFolderError(
                problems,
                next_step="delete these lines, or bring the file back from a copy, then: "
                f"luthier workup --resume --run-dir {self.path}",
            )
        return tuple(events)


_AGAIN = "luthier workup --resume --run-dir {run}"
_REPAIR = {
    "source.json": "rm -r {path}, then: " + _AGAIN,
    "audit.json": _AGAIN,
    "encoding.json": _AGAIN,
    "lengths.parquet": "rm -r {path}, then: " + _AGAIN,
    "environment.json": "bring it back from a copy, or start a new run with the same settings: "
    "luthier workup --settings {run}/run.yaml",
    "splits.parquet": "bring it back from a copy, or make it again by the same seed: "
    "rm -r {path}, then: " + _AGAIN,
    "folds.parquet": "bring it back from a copy, or begin the folds again: "
    "rm -r {path} {run}/folds, then: " + _AGAIN,
    "folds.json": "rm -r {path}, then: " + _AGAIN,
    "training.json": "rm -r {path}, then: luthier diagnose {run} (without it)",
    "history.jsonl": "bring it back from a copy, or go on without it: rm -r {path}, then: "
    + _AGAIN,
    "predictions": "luthier evaluate {run}",
    "metrics.json": "luthier evaluate {run}",
    "test_set_looks.json": "luthier evaluate {run}",
    "diagnosis.json": "luthier diagnose {run}",
    "label_pairs.json": "luthier diagnose {run}",
}
"""What makes each part again; `{run}` and `{path}` are filled in."""


def _with_figures_on_top(split: Mapping[str, Any]) -> dict[str, Any]:
    """A SplitEvaluation as files have it: its figures beside the rest."""
    return {**{n: part for n, part in split.items() if n != "figures"}, **split["figures"]}


def _with_figures_apart(split: Mapping[str, Any]) -> dict[str, Any]:
    """What `_with_figures_on_top` was given."""
    rest = {field.name for field in fields(SplitEvaluation)} - {"figures"}
    return {
        **{key: part for key, part in split.items() if key in rest},
        "figures": {key: part for key, part in split.items() if key not in rest},
    }


def _first_of(error: ValidationError) -> str:
    """`place: what` of the first thing that is wrong, in the words of the file."""
    first = error.errors()[0]
    inside = [str(part) for part in first["loc"] if part not in ("splits", "figures")]
    return f"{'.'.join(inside)}: {first['msg']}" if inside else first["msg"]


def _write_table(path: Path, columns: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    table = pa.table(dict(columns))
    table = table.replace_schema_metadata(
        {"luthier": json.dumps(dict(metadata), ensure_ascii=False)}
    )
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)
