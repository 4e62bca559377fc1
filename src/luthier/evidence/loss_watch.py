"""What reaches the loss, how the loss goes down, and how the rows are ordered."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from luthier.kit.entropy import entropy_of
from luthier.records import FloatArray, IntArray, LearningFacts, LossFacts, LossKind, OrderFacts

FIRST, LAST, MOST_ROWS = 64, 256, 1024
"""Calls kept from the beginning and from the end of training, and rows kept of one call."""

PERMUTATIONS = 200
"""Random orders that the real order of the rows is held against."""

ENOUGH_ANSWERS = 64
"""Late training answers that a run is judged by, where its last fifth holds fewer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a loss in step `step`: what went in, detached; `loss` is the mean over rows."""

    step: int
    kind: LossKind
    called: str
    inputs: torch.Tensor
    targets: torch.Tensor
    loss: torch.Tensor
    rows: int
    smoothing: float


class LossWatch:
    """Keeps a sample of what the loss was called with; nothing is computed before the end."""

    def __init__(self, labels: int | None) -> None:
        self._labels = labels
        self._first: list[Call] = []
        self._last: deque[Call] = deque(maxlen=LAST)
        self._losses: list[tuple[int, int, torch.Tensor]] = []

    def add(self, call: Call) -> None:
        """Remember a call."""
        self._losses.append((call.step, call.rows, call.loss))
        (self._first if len(self._first) < FIRST else self._last).append(call)

    @property
    def _calls(self) -> list[Call]:
        return [*self._first, *self._last]

    def losses(self) -> dict[int, float]:
        """Step -> mean loss over its rows."""
        if not self._losses:
            return {}
        values = torch.stack([loss.float().cpu() for _, _, loss in self._losses]).numpy()
        sums: dict[int, float] = {}
        rows: Counter[int] = Counter()
        for (step, n, _), value in zip(self._losses, values.tolist(), strict=True):
            sums[step] = sums.get(step, 0.0) + n * value
            rows[step] += n
        return {step: total / rows[step] for step, total in sums.items()}

    def inputs(self) -> LossFacts | None:
        """What reached the loss; None where nothing was seen."""
        if not self._first:
            return None
        sample = [call for call in self._calls if call.kind == self._first[0].kind]
        sample = sample[:: max(1, len(sample) // 64)]
        numbers = np.concatenate([_numbers(call.inputs) for call in sample])
        numbers = numbers[np.isfinite(numbers).all(axis=1)]
        ids = np.concatenate([_ids(call) for call in self._calls] or [np.zeros(0, np.int64)])
        with np.errstate(over="ignore"):
            whole = np.abs(np.exp(np.minimum(numbers, 50.0)).sum(axis=1) - 1) < 1e-3
        inside = ((numbers >= 0) & (numbers <= 1)).all(axis=1)
        return LossFacts(
            kind=sample[0].kind,
            called=sample[0].called,
            width=int(numbers.shape[1]),
            rows=len(numbers),
            like_probabilities=int((inside & (np.abs(numbers.sum(axis=1) - 1) < 1e-4)).sum()),
            between_0_and_1=int(inside.sum()),
            like_log_probabilities=int(whole.sum()),
            spread=float(numbers.std(axis=0).mean()) if len(numbers) else 0.0,
            smoothing=sample[0].smoothing,
            targets=_kind_of_targets(sample[0].targets),
            lowest_target=int(ids.min()) if len(ids) else None,
            highest_target=int(ids.max()) if len(ids) else None,
            labels_seen=len(np.unique(ids)),
            labels=self._labels,
        )

    def learning(
        self, rates: dict[int, float], steps_per_epoch: int | None
    ) -> LearningFacts | None:
        """How far the training rows were learned; None where no class ids or losses were seen."""
        by_step = {step: loss for step, loss in self.losses().items() if math.isfinite(loss)}
        if len(by_step) < 2:
            return None
        steps, losses = np.array(list(by_step)), np.array(list(by_step.values()))
        fifth = max(1, len(steps) // 5)
        answers = self._late_answers(steps.tolist(), fifth)
        truth = np.concatenate([pair[0] for pair in answers] or [np.zeros(0, np.int64)])
        answer = np.concatenate([pair[1] for pair in answers] or [np.zeros(0, np.int64)])
        if not len(truth):
            return None
        blocks = np.array_split(losses, min(20, len(losses)))
        tenth = len(losses) // 10
        fall, error = _fall(steps[-fifth:], losses[-fifth:], rates, steps_per_epoch)
        return LearningFacts(
            rows=len(truth),
            right=int((truth == answer).sum()),
            commonest=int(np.bincount(truth).max()),
            answers=len(np.unique(answer)),
            first_loss=float(losses[: max(3, len(losses) // 50)].mean()),
            early_loss=float(losses[tenth : tenth + fifth].mean()),
            late_loss=float(losses[-fifth:].mean()),
            least_loss=float(min(block.mean() for block in blocks)),
            last_fall=fall,
            last_fall_error=error,
        )

    def _late_answers(self, steps: list[int], fifth: int) -> list[tuple[IntArray, IntArray]]:
        """Truth and answer of each call in the last fifth of the steps; of more in a short run."""
        answers: list[tuple[IntArray, IntArray]] = []
        for count in range(fifth, max(fifth, len(steps) // 2) + 1):
            late = [call for call in self._calls if call.step >= steps[-count]]
            answers = [_answers(call) for call in late]
            if sum(len(truth) for truth, _ in answers) >= ENOUGH_ANSWERS:
                break
        return answers

    def order(self, *, by_length: bool) -> OrderFacts | None:
        """Entropy of the labels within batches against random orders; None without ids."""
        batches = [ids for call in self._first if len(ids := _ids(call)) >= 4]
        if len(batches) < 4:
            return None
        joined = np.concatenate(batches)
        sizes = [len(ids) for ids in batches]
        random = np.random.default_rng(0)
        drawn = [_entropy(random.permutation(joined), sizes) for _ in range(PERMUTATIONS)]
        return OrderFacts(
            batches=len(batches),
            rows=len(joined),
            entropy=_entropy(joined, sizes),
            expected=float(np.mean(drawn)),
            lowest=float(min(drawn)),
            one_label=sum(len(np.unique(ids)) == 1 for ids in batches),
            by_length=by_length,
        )


def call_of(
    step: int, kind: LossKind, called: str, inputs: torch.Tensor, targets: torch.Tensor, loss: Any,
    smoothing: float = 0.0,
) -> Call | None:  # fmt: skip
    """A call as it is kept; None where inputs are no rows of numbers (as for pixels).

    Args:
        step: 1-based optimizer step.
        kind: which loss.
        called: how it was called.
        inputs: [n, K], or [n, length, K] for tokens.
        targets: class ids [n] ([n, length]), or numbers of the shape of `inputs`.
        loss: any shape; its mean is kept.
        smoothing: label smoothing.
    """
    if inputs.ndim == 1 and inputs.shape == targets.shape:
        inputs, targets = inputs[:, None], targets[:, None]
    if inputs.ndim == 3 and not targets.is_floating_point():
        inputs, targets = inputs.reshape(-1, inputs.shape[-1]), targets.reshape(-1)
    if inputs.ndim != 2 or not len(inputs) or len(targets) != len(inputs):
        return None
    mean = loss.detach().float().mean()
    rows = len(inputs)
    inputs, targets = inputs.detach()[:MOST_ROWS], targets.detach()[:MOST_ROWS]
    return Call(step, kind, called, inputs, targets, mean, rows, smoothing)


def _numbers(inputs: torch.Tensor) -> FloatArray:
    return inputs.float().cpu().numpy().astype(np.float64)


def _ids(call: Call) -> IntArray:
    """Class ids of a call, ignored ones (below 0) left out; empty where targets are no ids."""
    if call.targets.is_floating_point() or call.targets.ndim != 1:
        return np.zeros(0, dtype=np.int64)
    ids = call.targets.cpu().numpy().astype(np.int64)
    return np.asarray(ids[ids >= 0])


def _answers(call: Call) -> tuple[IntArray, IntArray]:
    if call.targets.is_floating_point() or call.targets.ndim != 1:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    truth = call.targets.cpu().numpy().astype(np.int64)
    answer = call.inputs.argmax(dim=1).cpu().numpy().astype(np.int64)
    return truth[truth >= 0], answer[truth >= 0]


def _kind_of_targets(targets: torch.Tensor) -> str:
    if not targets.is_floating_point():
        return "class ids"
    values = targets.float().cpu().numpy()
    if not np.isin(values, (0.0, 1.0)).all() or values.ndim != 2 or values.shape[1] == 1:
        return "numbers"
    return "one label a row" if (values.sum(axis=1) == 1).all() else "several labels a row"


def _entropy(ids: IntArray, sizes: list[int]) -> float:
    """Mean entropy in nats of the labels within consecutive batches of these sizes."""
    batches = np.split(ids, np.cumsum(sizes)[:-1])
    return sum(map(entropy_of, batches)) / len(sizes)


def _fall(
    steps: IntArray, losses: FloatArray, rates: dict[int, float], steps_per_epoch: int | None
) -> tuple[float | None, float | None]:
    """Relative fall of the loss in one epoch at the highest rate, and its standard error.

    Ordinary least squares of the loss on the rate used up so far, which is what moves weights.
    """
    highest = max(rates.values(), default=0.0)
    if not steps_per_epoch or highest <= 0 or len(steps) < 8:
        return None, None
    used = np.cumsum([rates.get(int(step), 0.0) for step in steps]) / (highest * steps_per_epoch)
    spread = float(((used - used.mean()) ** 2).sum())
    if spread <= 0 or losses.mean() <= 0:
        return None, None
    slope = float(((used - used.mean()) * (losses - losses.mean())).sum()) / spread
    rest = losses - losses.mean() - slope * (used - used.mean())
    error = math.sqrt(float((rest**2).sum()) / (len(steps) - 2) / spread)
    return -slope / float(losses.mean()), error / float(losses.mean())
