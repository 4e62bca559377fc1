"""What the frozen layers give, computed once for all rows and kept on disk.

Every further epoch, and every further run with the same frozen weights, the same rows and the same
cut (other seeds, other heads, other learning rates), then costs only the layers that are trained.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel

from luthier.engines.device import memory_explained
from luthier.engines.forward import inputs_of, inputs_to_try
from luthier.engines.kept_array import Array, Kind, NotKeptError, as_kind, kept_array
from luthier.engines.kept_means import KINDS as MEANS_KINDS
from luthier.engines.kept_means import digest_of_rows, means_key
from luthier.kit.batching import parts_within
from luthier.kit.digest import digest_of_tensors
from luthier.kit.join_encoded import join_encoded
from luthier.kit.user_cache import in_words
from luthier.machine_errors import machine_error
from luthier.models.first_token import first_token_only, proven_first_token
from luthier.models.trunk import (
    Cut,
    frozen_trunk,
    kept_part,
    logits_above,
    proven_cut,
    weights_of_trunk,
    what_it_gives,
)
from luthier.recipes import KEEPING_AT_MOST
from luthier.records import Encoded, IntArray, TrainJob
from luthier.settings import seconds

TOKENS_AT_ONCE = 4096
SEEN_ENOUGH = 0.05
"""Share of the tokens after which the whole reading is guessed from the time so far."""
KINDS: tuple[Kind, ...] = (np.float16, np.float32)
"""Of numbers that are kept; the second where one is too large for the first."""
FORMAT = 1
"""Counts up when what is kept changes its meaning."""
_NOT_OF_THE_TRUNK = ("id2label", "label2id", "problem_type", "_name_or_path", "pooling")


class KeptTrunk:
    """Answers of a model from what its frozen layers gave before.

    Args:
        cut: where the model is cut.
        rows: all rows that were read.
        store: float16 or float32 [tokens, width], or [sequences, width] for one vector each; in
            the order of `rows`.
    """

    def __init__(self, cut: Cut, rows: Encoded, store: np.ndarray[Any, Any]) -> None:
        self._cut = cut
        self._rows = rows
        self._store = store
        self._order = np.argsort(rows.row_ids, kind="stable")
        self._ids = rows.row_ids[self._order]
        self._bounds = rows.bounds

    def logits(
        self, model: PreTrainedModel, encoded: Encoded, positions: IntArray, device: torch.device
    ) -> torch.Tensor:
        """Float [s, K], one for each sequence of these rows, as `Encoded.sequences` has them."""
        inputs = inputs_of(model, encoded, positions, device)
        at = self._order[np.searchsorted(self._ids, encoded.row_ids[positions])]
        starts, lengths, _ = self._rows.sequences(at)
        if self._cut.way == "all":
            columns = np.arange(int(lengths.max()))
            places = np.where(
                columns < lengths[:, None], starts[:, None] + columns, starts[:, None]
            )
        else:
            places = np.searchsorted(self._bounds, starts)[:, None]
        kept = torch.from_numpy(self._store[places]).to(device).float()
        return logits_above(model, self._cut, kept, inputs)


def keep_trunk(
    job: TrainJob, model: PreTrainedModel, device: torch.device
) -> tuple[KeptTrunk | None, tuple[str, ...]]:
    """Read all rows by the frozen layers, or find what an earlier run kept.

    Args:
        job: its training and validation rows are read.
        model: on `device`.
        device: where it lies.

    Returns:
        None where nothing is frozen or nothing can be kept; and what a person should know of it.
    """
    cut = frozen_trunk(model)
    if cut is None:
        return None, ()
    still = "dropout inside the frozen layers is off"
    rows = join_encoded(job.encoded["train"], job.encoded["validation"])
    if (rows.row_ids < 0).any():
        return None, (f"{still}; changed copies of rows switch the keeping of their outputs off",)
    if not job.settings.train.trunk_cache_gb:
        return None, (f"{still}; their outputs are not kept (train.trunk_cache_gb is 0)",)
    in_training = model.training
    model.eval()
    try:
        proven = proven_cut(model, cut, inputs_to_try(model, rows, device))
        if proven is None:
            kind = model.config.model_type
            return None, (f"{still}; their outputs are not kept: {kind} models cannot be cut",)
        return _find_or_make(job, model, proven, rows, device, still)
    except OSError as error:
        refused = machine_error(error)
        why = refused.problems[0].what if refused else str(error)
        return None, (f"{still}; their outputs are not kept: {why}",)
    finally:
        model.train(in_training)


def _find_or_make(
    job: TrainJob,
    model: PreTrainedModel,
    cut: Cut,
    rows: Encoded,
    device: torch.device,
    still: str,
) -> tuple[KeptTrunk | None, tuple[str, ...]]:
    patience = _Patience(job)

    def fill(store: Array, kind: Kind) -> None:
        _read_all(store, (model, cut, rows, device), kind, patience)

    encoder: Any = model.base_model
    shared = _is_mean_of_rows(model, cut, rows, device)
    found = kept_array(
        means_key(encoder, rows) if shared else _key(model, cut, rows),
        _shape(cut, rows),
        MEANS_KINDS if shared else KINDS,
        int(job.settings.train.trunk_cache_gb * 1e9),
        fill,
    )
    if found.values is None and found.full:
        full, cure = found.why, "more room: --train.trunk_cache_gb, or another disk: XDG_CACHE_HOME"
        return None, (f"{still}; their outputs are not kept: {full} ({cure})",)
    if found.values is None:
        why = found.why
        return None, (f"{still}; their outputs are not kept: {why}",)
    size = f"{in_words(found.path.stat().st_size)} in {found.path}"
    layers = f"{cut.layers} frozen layer{'s' if cut.layers > 1 else ''}"
    note = f"the outputs of {layers} were computed once and are kept ({size}); {still}"
    if found.before:
        note = f"the outputs of {layers} were kept by an earlier run ({size}); {still}"
    return KeptTrunk(cut, rows, found.values), (note,)


def _is_mean_of_rows(model: PreTrainedModel, cut: Cut, rows: Encoded, device: torch.device) -> bool:
    """Whether what is kept is just what the rival on frozen features reads too: tried on rows."""
    if cut.way != "pooled" or model.config.pooling != "mean" or rows.window_offsets is not None:
        return False
    inputs = inputs_to_try(model, rows, device)
    with torch.inference_mode():
        hidden = what_it_gives(model, cut, inputs)
        last = model.base_model(**inputs).last_hidden_state
    return bool(torch.allclose(hidden, last, rtol=1e-4, atol=1e-5))


def _key(model: PreTrainedModel, cut: Cut, rows: Encoded) -> str:
    """Of all that decides what is kept: weights, architecture, cut, rows, library."""
    config = {
        name: value
        for name, value in model.config.to_dict().items()
        if name not in _NOT_OF_THE_TRUNK and "drop" not in name
    }
    if cut.way == "pooled":
        config["pooling"] = model.config.pooling
    parts = [
        FORMAT,
        transformers.__version__,
        torch.__version__,
        [cut.list_name, cut.layers, cut.way],
        json.dumps(config, sort_keys=True, default=str),
        digest_of_tensors(weights_of_trunk(model, cut)),
        digest_of_rows(rows),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _shape(cut: Cut, rows: Encoded) -> tuple[int, int]:
    return (int(rows.offsets[-1]) if cut.way == "all" else len(rows.bounds) - 1), cut.width


class _Patience:
    """Whether to go on reading: not once training was stopped, or too little time would be left.

    The plan guessed what reading takes from a few batches; here it is seen.
    """

    def __init__(self, job: TrainJob) -> None:
        self._job = job
        self._budget = seconds(job.settings.train.time_budget)
        self._began = time.perf_counter()

    def check(self, done: int, of: int) -> None:
        """Raise `NotKeptError` where it is better to stop; `done` of so many tokens are read."""
        if self._job.should_stop():
            raise NotKeptError("training was stopped")
        if self._budget is None or done < SEEN_ENOUGH * of:
            return
        takes = (time.perf_counter() - self._began) * of / done
        if takes > KEEPING_AT_MOST * self._budget:
            raise NotKeptError(
                f"to read all rows by the frozen layers would take about {takes:.0f} s of "
                f"{self._job.settings.train.time_budget}"
            )


def _read_all(
    store: Array,
    what: tuple[PreTrainedModel, Cut, Encoded, torch.device],
    kind: Kind,
    patience: _Patience,
) -> None:
    """Read all rows and write what is kept.

    Raises:
        OverflowError: when a value does not fit the kind of number.
    """
    model, cut, rows, device = what
    done, tokens = 0, int(rows.lengths.sum())
    layer = None
    if cut.way == "first":
        layer = proven_first_token(model, inputs_to_try(model, rows, device))
    with torch.inference_mode(), memory_explained(), first_token_only(layer):
        for part in parts_within(np.arange(len(rows)), rows.lengths, TOKENS_AT_ONCE):
            patience.check(done, tokens)
            inputs = inputs_of(model, rows, part, device)
            hidden = what_it_gives(model, cut, inputs)
            values = kept_part(model, cut, hidden, inputs["attention_mask"]).float().cpu()
            store[_places(rows, part, cut)] = as_kind(values.numpy(), kind)
            done += int(rows.lengths[part].sum())


def _places(rows: Encoded, part: IntArray, cut: Cut) -> IntArray:
    """Where in the store the outputs for these rows stand, int64 [m]."""
    starts, lengths, _ = rows.sequences(part)
    ends = np.cumsum(lengths)
    places: IntArray = np.arange(int(ends[-1])) + np.repeat(starts - (ends - lengths), lengths)
    if cut.way != "all":
        places = np.searchsorted(rows.bounds, starts)
    return places
