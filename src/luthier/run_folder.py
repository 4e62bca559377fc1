"""The run folder: names, atomic writes, and reading everything back. No torch here.

Other programs read this folder; its layout is described in docs/run-folder.md. Every file appears
whole or not at all: it is written beside its place, flushed to disk, and renamed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from luthier.errors import Problem, RunFolderError
from luthier.records import (
    Audit,
    Diagnosis,
    EncodedFacts,
    Evaluation,
    Event,
    Note,
    Predictions,
    Source,
    SplitName,
    Splits,
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


class RunFolder:
    """One run on disk, as paths and as records.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    # places -------------------------------------------------------------------------------------

    @property
    def settings_path(self) -> Path:
        """Resolved settings and their origins."""
        return self.path / RUN_SETTINGS

    @property
    def history_path(self) -> Path:
        """One training event per line."""
        return self.path / "history.jsonl"

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

    def predictions_path(self, split: str) -> Path:
        """Parquet file of one split's predictions (`floor_<name>` for the rivals)."""
        return self.path / "predictions" / f"{split}.parquet"

    # life ---------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the folder.

        Raises:
            RunFolderError: when something is there already.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise RunFolderError(
                Problem("this folder is not empty", where=str(self.path)),
                next_step="choose another folder with --run-dir, or go on from it with "
                f"--resume --run-dir {self.path}",
            )
        self.path.mkdir(parents=True, exist_ok=True)

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

        Raises:
            RunFolderError: when another process holds it.
        """
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
                    next_step="wait for it, or choose another folder with --run-dir",
                ) from error
            yield

    # records ------------------------------------------------------------------------------------

    def _save(self, name: str, kind: type[Any], record: object) -> None:
        write_json(self.path / name, TypeAdapter(kind).dump_python(record, mode="json"))

    def _load(self, name: str, kind: type[T]) -> T:
        self.require(name)
        try:
            return TypeAdapter(kind).validate_json((self.path / name).read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RunFolderError(
                Problem(f"cannot be read: {place}: {first['msg']}", where=str(self.path / name)),
                next_step="this file was written by another version or edited; "
                "run the verb that makes it again",
            ) from error

    def save_source(self, source: Source) -> None:
        """Write source.json."""
        self._save("source.json", Source, source)

    def save_audit(self, audit: Audit) -> None:
        """Write audit.json."""
        self._save("audit.json", Audit, audit)

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
        for split in splits.values():
            split.update(split.pop("figures"))
        write_json(self.path / "metrics.json", {**splits, **value})

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
    def diagnosis(self) -> Diagnosis:
        """Every fault with its outcome."""
        return self._load("diagnosis.json", Diagnosis)

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json as a plain dict."""
        self.require("metrics.json")
        value: dict[str, Any] = json.loads((self.path / "metrics.json").read_text(encoding="utf-8"))
        return value

    @property
    def evaluation(self) -> Evaluation:
        """metrics.json as a record."""
        value = self.metrics
        rest = {"n", "labels_in_average", "per_label", "confusion_matrix", "floor", "model_digest"}
        splits = {
            name: {
                **{key: part for key, part in value.pop(name).items() if key in rest},
                "figures": {key: part for key, part in split.items() if key not in rest},
            }
            for name, split in list(value.items())
            if isinstance(split, dict) and "confusion_matrix" in split
        }
        return TypeAdapter(Evaluation).validate_python({"splits": splits, **value})

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
        self.require("splits.parquet")
        table, rest = _read_table(self.path / "splits.parquet")
        return Splits(
            row_ids=table["row_id"].to_numpy(),
            names=tuple(table["split"].to_pylist()),
            method=rest["method"],
            seed=rest["seed"],
            notes=TypeAdapter(tuple[Note, ...]).validate_python(rest["notes"]),
        )

    def save_predictions(self, split: str, predictions: Predictions) -> None:
        """Write one split's predictions, labels by name."""
        names = np.array([*predictions.label_names, ""], dtype=object)
        columns: dict[str, Any] = {
            "row_id": predictions.row_ids,
            "label": names[predictions.labels].tolist(),
            "prediction": names[predictions.predicted].tolist(),
        }
        for index, name in enumerate(predictions.label_names):
            columns[f"probability_{name}"] = predictions.probabilities[:, index]
        columns["loss"] = predictions.loss
        _write_table(
            self.predictions_path(split),
            columns,
            {
                "label_names": list(predictions.label_names),
                "model_digest": predictions.model_digest,
            },
        )

    def predictions(self, split: str) -> Predictions:
        """The predictions of one split."""
        self.require(f"predictions/{split}.parquet")
        table, rest = _read_table(self.predictions_path(split))
        names: list[str] = rest["label_names"]
        index = {name: i for i, name in enumerate(names)} | {"": -1}
        return Predictions(
            row_ids=table["row_id"].to_numpy(),
            labels=np.array([index[name] for name in table["label"].to_pylist()], dtype=np.int64),
            predicted=np.array([index[n] for n in table["prediction"].to_pylist()], dtype=np.int64),
            probabilities=np.column_stack([table[f"probability_{n}"].to_numpy() for n in names]),
            loss=table["loss"].to_numpy(),
            label_names=tuple(names),
            model_digest=rest["model_digest"],
        )

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
        lines = self.history_path.read_bytes().split(b"\n")
        return tuple(event_from_json(json.loads(line)) for line in lines[:-1] if line)


def _write_table(path: Path, columns: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    table = pa.table(dict(columns))
    table = table.replace_schema_metadata(
        {"luthier": json.dumps(dict(metadata), ensure_ascii=False)}
    )
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def _read_table(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    try:
        table = pq.read_table(path)
        metadata: dict[str, Any] = json.loads((table.schema.metadata or {})[b"luthier"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise RunFolderError(
            Problem("is not a table that Luthier wrote", where=str(path)),
            next_step="run the verb that makes it again",
        ) from error
    return table, metadata
