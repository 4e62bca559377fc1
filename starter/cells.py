"""One cell of the evaluation: one arm on one set, with so many rows, one seed and fixed settings.

A cell is a job of its own: its answers, its validation figure and its time are written to the
cache as one small file as soon as it is done. The file's name is the digest of all that decides the
answers (rows, weights, tokenizer, settings, seed), so the command can be stopped, gone on with and
spread over days, and what a new model does not change is not computed again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.kit.label_counts import LabelCounts, macro_f1
from luthier.records import IntArray
from luthier.run_folder import atomic_path
from starter.rivals import Linear, frozen_answers, tfidf_answers
from starter.sets import LabelledSet, drawn, load_set

FORMAT = 3
"""Raised when the way a cell is computed changes, so that no old answer is taken for a new one."""
CONVERTED_SET = "hotel_reviews_zh"
CONVERSIONS = ("s2t", "s2twp")
"""OpenCC configurations: Simplified to Traditional, and to Taiwan's words as well."""
CHOOSING_SEED = 0
"""Settings are chosen on the validation rows with this seed only."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What is measured: `kind` is `finetuned`, `twin`, `frozen`, `svm` or `logistic`.

    Args:
        name: what the tables call it.
        kind: how it answers; `twin` is fine-tuned from random weights.
        folder: model folder; None for TF-IDF.
    """

    name: str
    kind: str
    folder: Path | None = None

    @property
    def trains_a_model(self) -> bool:
        """Whether weights are trained, so that the seed matters on full data too."""
        return self.kind in {"finetuned", "twin"}


@dataclass(frozen=True)
class Cell:
    """One job; `settings` as sorted (name, value) pairs, `per_label` None for all rows."""

    set_name: str
    per_label: int | None
    arm: Arm
    seed: int
    settings: tuple[tuple[str, float | str], ...]
    data_digest: str
    model_digest: str

    @property
    def key(self) -> str:
        """Hex digest of all that decides the answers; the arm's name and folder do not."""
        decides = [
            FORMAT,
            self.set_name,
            self.per_label,
            self.arm.kind,
            self.seed,
            self.settings,
            self.data_digest,
            self.model_digest,
        ]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:32]

    def path(self, cache_folder: Path) -> Path:
        """Its file in the cache."""
        return cache_folder / f"{self.key}.npz"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a computed cell besides its answers.

    Args:
        train_rows: rows it learned from.
        validation_macro_f1: on the validation rows; None where no choice needs it.
        seconds: wall time of the cell.
    """

    train_rows: int
    validation_macro_f1: float | None
    seconds: float


def run_cell(cell: Cell, data_folder: Path, cache_folder: Path) -> Facts:
    """Compute a cell and write it to the cache."""
    began = time.perf_counter()
    whole = load_set(cell.set_name, data_folder)
    asked = {"test": whole.test.texts}
    if cell.seed == CHOOSING_SEED:
        asked["validation"] = whole.validation.texts
    if cell.set_name == CONVERTED_SET and cell.per_label is None:
        asked |= {name: converted(whole.test.texts, name) for name in CONVERSIONS}
    train_rows, found = _answers(cell, whole, asked, cache_folder)
    score = None
    if "validation" in found:
        counts = LabelCounts.of_rows(
            whole.validation.labels, found.pop("validation"), len(whole.label_names)
        )
        score = float(macro_f1(counts))
    facts = Facts(train_rows, score, round(time.perf_counter() - began, 2))
    _write(cell, facts, found, cache_folder)
    return facts


def read_facts(cell: Cell, cache_folder: Path) -> Facts | None:
    """What is known of a cell, or None where it is not computed yet."""
    path = cell.path(cache_folder)
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return Facts(**json.loads(str(stored["facts"])))


def read_answers(cell: Cell, cache_folder: Path, name: str = "test") -> npt.NDArray[np.int16]:
    """Answers of a computed cell, int16 [n]: to the test rows, or to converted ones."""
    with np.load(cell.path(cache_folder), allow_pickle=False) as stored:
        return np.asarray(stored[name])


@cache
def converted(texts: tuple[str, ...], configuration: str) -> tuple[str, ...]:
    """The texts in Traditional characters by OpenCC."""
    import opencc

    converter = opencc.OpenCC(configuration)
    return tuple(converter.convert(text) for text in texts)


@cache
def model_digest(folder: Path, *, weights: bool = True) -> str:
    """Hex sha256 of configuration, tokenizer and weights; a random-weights twin has none of these.

    Keys of the configuration that do not change the model are left out, so a twin stays the same
    when new weights of the same shape are saved.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    ignored = {"dtype", "torch_dtype", "transformers_version", "_name_or_path", "architectures"}
    plain = {key: value for key, value in sorted(config.items()) if key not in ignored}
    digest = hashlib.sha256(json.dumps(plain).encode())
    names = ["tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"]
    for name in [*names, *(["model.safetensors"] if weights else [])]:
        if (folder / name).is_file():
            digest.update(name.encode() + (folder / name).read_bytes())
    return digest.hexdigest()


def _answers(
    cell: Cell, whole: LabelledSet, asked: Mapping[str, Sequence[str]], cache_folder: Path
) -> tuple[int, dict[str, IntArray]]:
    """Number of training rows, and the answers to each list of texts."""
    train = drawn(whole.train, cell.per_label, cell.seed)
    settings: dict[str, Any] = {"class_weights": "none", "teacher": "none", **dict(cell.settings)}
    if cell.arm.folder is None:
        features, c = settings["features"], settings["C"]
        linear = Linear(cell.arm.kind, features, c, settings["class_weights"])
        found = tfidf_answers(train, list(asked.values()), linear)
    elif cell.arm.kind == "frozen":
        known = _frozen(cell.arm.folder, whole, cell.model_digest, cache_folder)
        found = frozen_answers(
            np.stack([known[text] for text in train.texts]),
            train.labels,
            [_features(cell.arm.folder, texts, whole, known) for texts in asked.values()],
            settings["C"],
            settings["class_weights"],
        )
    else:
        from starter import finetune

        rows = dict(_tokens(cell.arm.folder, whole))
        schedule = finetune.Schedule(
            learning_rate=settings["learning_rate"],
            epochs=int(settings["epochs"]),
            batch_size=int(settings["batch_size"]),
            class_weights=settings["class_weights"],
            teacher=settings["teacher"],
            freeze_share=float(settings.get("freeze_share", 0.0)),
        )
        model = finetune.finetuned(
            cell.arm.folder,
            finetune.Lesson(train.texts, [rows[text] for text in train.texts], train.labels),
            len(whole.label_names),
            schedule,
            cell.seed,
            random_weights=cell.arm.kind == "twin",
        )
        found = []
        for texts in asked.values():
            new = [text for text in texts if text not in rows]
            if new:
                ids = finetune.tokens_of(cell.arm.folder, new, whole.max_length)
                rows |= dict(zip(new, ids, strict=True))
            found.append(finetune.answers(model, [rows[text] for text in texts]))
    return len(train), dict(zip(asked, found, strict=True))


def _texts(whole: LabelledSet) -> list[str]:
    parts = (whole.train, whole.validation, whole.test)
    return list(dict.fromkeys(text for part in parts for text in part.texts))


_TOKENS: dict[tuple[Path, str], dict[str, npt.NDArray[np.int64]]] = {}


def _tokens(folder: Path, whole: LabelledSet) -> dict[str, npt.NDArray[np.int64]]:
    """Text -> token ids of a whole set, made once per process; the latest set is kept."""
    from starter import finetune

    if (folder, whole.name) not in _TOKENS:
        _TOKENS.clear()
        texts = _texts(whole)
        ids = finetune.tokens_of(folder, texts, whole.max_length)
        _TOKENS[folder, whole.name] = dict(zip(texts, ids, strict=True))
    return _TOKENS[folder, whole.name]


def _frozen(
    folder: Path, whole: LabelledSet, digest: str, cache_folder: Path
) -> dict[str, npt.NDArray[np.float32]]:
    """Text -> frozen features of a whole set, kept in the cache for the other cells."""
    texts = _texts(whole)
    path = cache_folder / "features" / f"{digest[:16]}-{whole.digest[:16]}.npy"
    if not path.is_file():
        values = _features(folder, texts, whole, {})
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, values, allow_pickle=False)
    return dict(zip(texts, np.load(path, allow_pickle=False), strict=True))


def _features(
    folder: Path,
    texts: Sequence[str],
    whole: LabelledSet,
    known: Mapping[str, npt.NDArray[np.float32]],
) -> npt.NDArray[np.float32]:
    """Frozen features [n, width]; those of texts that are not known yet are computed."""
    from starter import finetune

    new = [text for text in dict.fromkeys(texts) if text not in known]
    found = dict(known)
    if new:
        tokens = finetune.tokens_of(folder, new, whole.max_length)
        found |= dict(zip(new, finetune.frozen_features(folder, tokens), strict=True))
    return np.stack([found[text] for text in texts])


def _write(cell: Cell, facts: Facts, found: Mapping[str, IntArray], cache_folder: Path) -> None:
    arrays = {name: answers.astype(np.int16) for name, answers in found.items()}
    described = {**asdict(cell), "arm": {"name": cell.arm.name, "kind": cell.arm.kind}}
    with atomic_path(cell.path(cache_folder)) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            facts=np.array(json.dumps(asdict(facts))),
            cell=np.array(json.dumps(described)),
            **arrays,  # type: ignore[arg-type]  # numpy takes any names
        )
