"""Fine-tune an encoder and let it answer: a plain loop over texts that were tokenised once.

Why not Luthier's engine: it measures 2,000 training rows and all validation rows and writes two
checkpoints after every epoch, which is what a user needs, and many times the training itself where
there are few rows; and these published figures must not move when the engine does.
The step is the usual one: AdamW, linear warm-up and decay, clipped gradients, rows of like length
together. The last epoch's weights answer; no row of validation or test is looked at on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
)

import luthier.kit.openmp  # noqa: F401 - before torch is imported
from luthier.evidence.out_of_fold import out_of_fold
from luthier.kit.class_weights import ByFrequency, class_weights
from luthier.kit.learning_rate import FROZEN_RATE
from luthier.models.first_token import first_token_only, proven_first_token
from luthier.models.lower_half import hold_lower_half, let_go
from luthier.models.quiet import quiet
from luthier.models.trunk import frozen_modules, frozen_trunk
from luthier.records import FloatArray, IntArray, TeacherOpinions

WEIGHT_DECAY = 0.01
WARMUP = 0.1
MAX_GRAD_NORM = 1.0
LABEL_SMOOTHING = 0.1
"""Of a label alone; where a teacher's opinion is mixed into it, that is soft enough."""
TEACHER_ALPHA = 0.5
"""Part of the teacher's opinion, the default of `train.teacher_alpha`."""
BATCHES_SORTED_TOGETHER = 50
ANSWER_TOKENS = 8192
"""Tokens, padding included, that are answered at once."""

Tokens = list[npt.NDArray[np.int64]]
"""Token ids of each text, special tokens included."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How it is fine-tuned: peak learning rate, passes over the rows, rows per step, weights.

    `class_weights` and `teacher` are what the settings of that name are in Luthier. `freeze_share`
    is the part of the epochs in which the lower half of the layers stays as it is, as
    `train.freeze_epochs` counts them.
    """

    learning_rate: float
    epochs: int
    batch_size: int
    class_weights: ByFrequency = "none"
    teacher: Literal["none", "linear"] = "none"
    freeze_share: float = 0.0

    @property
    def frozen_epochs(self) -> int:
        """The first epochs, in which only the upper half and the head learn."""
        return round(self.freeze_share * self.epochs)


@dataclass(frozen=True, slots=True)
class Lesson:
    """The n rows that are learned from: their texts, token ids and labels, int64 [n]."""

    texts: Sequence[str]
    tokens: Tokens
    labels: IntArray


def tokens_of(folder: Path, texts: Sequence[str], max_length: int) -> Tokens:
    """Token ids of every text, cut at `max_length`, with the tokenizer of a model folder."""
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ids = tokenizer(list(texts), truncation=True, max_length=max_length, padding=False)
    return [np.array(row, dtype=np.int64) for row in ids["input_ids"]]


def finetuned(
    folder: Path,
    lesson: Lesson,
    label_count: int,
    schedule: Schedule,
    seed: int,
    *,
    random_weights: bool = False,
) -> PreTrainedModel:
    """The classifier after fine-tuning, in evaluation mode.

    Args:
        folder: the pretrained model.
        lesson: the training rows.
        label_count: K, the outputs of the head.
        schedule: learning rate, epochs, batch size, class weights, teacher.
        seed: seed of the head, the dropout and the order of the rows.
        random_weights: start from random weights of the same architecture instead.
    """
    torch.manual_seed(seed)
    model = _starting(folder, label_count, random_weights=random_weights)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()  # type: ignore[arg-type]
    names = [str(label) for label in range(label_count)]
    weights = class_weights(schedule.class_weights, lesson.labels, names)[lesson.labels]
    wanted = taught(lesson, names, schedule, seed)
    with _cheaper(model, lesson.tokens):
        _train(model, lesson.tokens, wanted, weights, schedule, seed)
    trained: PreTrainedModel = model.eval()
    return trained


def taught(
    lesson: Lesson, names: Sequence[str], schedule: Schedule, seed: int
) -> npt.NDArray[np.float32]:
    """float32 [n, K]: what each row is taught, its label smoothed or mixed with an opinion."""
    labels = lesson.labels
    at = np.arange(len(labels))
    if schedule.teacher == "linear":
        opinions = out_of_fold(at, lesson.texts, labels, names, seed)
        if opinions is not None:
            return TeacherOpinions.about(at, opinions.linear, TEACHER_ALPHA).shares(at, labels)
    smoothed = np.full((len(labels), len(names)), LABEL_SMOOTHING / len(names), dtype=np.float32)
    smoothed[at, labels] += 1 - LABEL_SMOOTHING
    return smoothed


def _train(
    model: PreTrainedModel,
    rows: Tokens,
    wanted: npt.NDArray[np.float32],
    weights: FloatArray,
    schedule: Schedule,
    seed: int,
) -> None:
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=schedule.learning_rate, fused=True)
    each = math.ceil(len(rows) / schedule.batch_size)
    total, frozen = schedule.epochs * each, schedule.frozen_epochs * each
    lengths = np.array([len(row) for row in rows])
    step = 0
    held = hold_lower_half(model) if frozen else ()
    still = _modules_of(model, held)
    for epoch in range(schedule.epochs):
        if epoch == schedule.frozen_epochs:
            let_go(held)
            still = ()
        model.train()
        for module in still:
            module.eval()
        for batch in _batches(lengths, schedule.batch_size, np.random.default_rng([seed, epoch])):
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = schedule.learning_rate * rate_share(step, total, frozen)
            logits = model(**_padded([rows[i] for i in batch], model.device)).logits
            targets = torch.from_numpy(wanted[batch]).to(model.device)
            losses = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")
            own = torch.from_numpy(weights[batch].astype(np.float32)).to(model.device)
            (losses * own).mean().backward()
            torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


def _modules_of(
    model: PreTrainedModel, held: Sequence[torch.nn.Parameter]
) -> tuple[torch.nn.Module, ...]:
    """The modules that learn nothing now; their dropout is off, as in Luthier."""
    cut = frozen_trunk(model) if held else None
    return frozen_modules(model, cut) if cut else ()


def _cheaper(model: PreTrainedModel, rows: Tokens) -> AbstractContextManager[None]:
    """The same function for up to half the work (`models.first_token`), where that is proven."""
    by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    tried = [rows[by_length[i]] for i in (0, len(rows) // 2, len(rows) - 1)]
    return first_token_only(proven_first_token(model, _padded(tried, model.device)))


def rate_share(step: int, total: int, frozen: int = 0) -> float:
    """Share of the peak learning rate at a 1-based step: up linearly, then down to (almost) 0.

    The first `frozen` steps have a course of their own with twice the peak.
    """
    if step <= frozen:
        return FROZEN_RATE * rate_share(step, frozen)
    step, total = step - frozen, total - frozen
    warmup = math.ceil(WARMUP * total)
    return step / (warmup + 1) if step <= warmup else (total - step + 1) / (total - warmup)


def answers(model: PreTrainedModel, rows: Tokens) -> IntArray:
    """Label number of each text, int64 [n]."""
    with _cheaper(model, rows):
        logits = _over(model, rows, lambda inputs: model(**inputs).logits)
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)


def frozen_features(folder: Path, rows: Tokens) -> npt.NDArray[np.float32]:
    """Mean of the last hidden states over the tokens of each text, float32 [n, width]."""
    with quiet():
        encoder = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    encoder.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    def read(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        mask = inputs["attention_mask"][:, :, None].float()
        hidden: torch.Tensor = encoder(**inputs).last_hidden_state
        return (hidden * mask).sum(1) / mask.sum(1)

    return _over(encoder, rows, read)


def _starting(folder: Path, label_count: int, *, random_weights: bool) -> PreTrainedModel:
    with quiet():
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=label_count, dtype=torch.float32, use_safetensors=True
        )
    # the class draws every weight anew, by its own rule of initialisation
    start: PreTrainedModel = type(model)(model.config) if random_weights else model
    return start


def _batches(
    lengths: IntArray, size: int, random: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Every row once, in random order, rows of like length together."""
    order = random.permutation(len(lengths))
    chunk = size * max(1, min(BATCHES_SORTED_TOGETHER, len(lengths) // size // 4))
    batches = []
    for start in range(0, len(order), chunk):
        rows = order[start : start + chunk]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[at : at + size] for at in range(0, len(rows), size)]
    for place in random.permutation(len(batches)):
        yield batches[place]


def _padded(rows: Tokens, device: torch.device) -> dict[str, torch.Tensor]:
    """Right-padded ids and their mask, int64 [b, longest row]; masked places may hold any id."""
    ids = np.zeros((len(rows), max(len(row) for row in rows)), dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    arrays = {"input_ids": ids, "attention_mask": mask}
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _over(
    model: PreTrainedModel, rows: Tokens, read: Callable[[dict[str, torch.Tensor]], torch.Tensor]
) -> npt.NDArray[np.float32]:
    """What `read` gives for every row, in the order of `rows`, longest rows first on the way."""
    order = np.argsort([-len(row) for row in rows], kind="stable")
    found: list[npt.NDArray[np.float32]] = []
    start = 0
    with torch.inference_mode():
        while start < len(order):
            fitting = max(1, ANSWER_TOKENS // len(rows[order[start]]))
            batch = [rows[i] for i in order[start : start + fitting]]
            found.append(read(_padded(batch, model.device)).float().cpu().numpy())
            start += fitting
    joined = np.concatenate(found)
    in_order = np.empty_like(joined)
    in_order[order] = joined
    return in_order
