"""How many labels are wrong, and which: from answers of models that did not learn from the rows.

Where a model is surest, its own mistakes are rare, so what it contradicts there is mostly wrong
labels. The share of contradicted labels is taken over the surest tenth and the surest quarter of
the answers, for each answer alike. Labels that are wrong at random give both the same share; hard
texts give a share that falls towards the surest answers, and then only its upper end is used.

The confident joint (kit/confident_joint.py) takes hard texts for wrong labels when the model is a
linear one of texts: on rows of four data sets as they are it found 0 to 11 % wrong labels, this
estimate 0 to 3.5 % (benchmarks/results/label_repair.json).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.kit.intervals import Z95, joined_interval, share_figure
from luthier.records import Figure, FloatArray, IntArray, LabelOpinions, Predictions

SUREST, SURE = 0.10, 0.25
LEAST_PER_ANSWER = 3
LEAST_SURE_ROWS = 30
"""Fewer rows in the surest quarter than this, and nothing is said of the share of wrong labels."""
LEAST_LABEL_ROWS = 5
"""A label with fewer rows is learned too badly to be doubted: no row of it is."""
NEGLIGIBLE = 0.05
"""Where even the upper end is below this, it does not matter what the contradictions come from."""
SHARED = 0.8
"""Of the linear model's sure contradictions, the part that the fine-tuned one must share, or they
may come from what a linear model cannot learn."""
LEAST_SHARED, LEAST_DOUBTS = 100, 10
LEAST_NOISE = 0.02
"""Lower end of the share of wrong labels; on four data sets as they are it was 1.3 % at most."""
SAFE_PART = 0.5
"""Of the least number of wrong labels, the part that may be changed unread."""
LEAST_GAIN = 0.02
"""Natural-log units per row that the model must know more than the shares of the labels."""


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """The share of wrong labels.

    Args:
        noise: estimate with interval; its upper end holds even where `told_apart` is False.
        surest: share of contradicted labels among the surest tenth of the answers.
        sure: the same for the surest quarter.
        agreement: how often the fine-tuned model, too, contradicts the label where the linear one
            does so surely; None without a run or with fewer than 10 such rows.
        gain: natural-log units per row that the linear model knows more than the label shares;
            `gain_low` is the lower end of its 95 % interval.
        entropy: natural-log units per row that are to be known about the labels in all.
        by_model: whether the surest answers are the fine-tuned model's.
        told_apart: whether wrong labels could be told apart from hard texts.
        rows: rows it rests on.
    """

    noise: Figure
    surest: Figure
    sure: Figure
    agreement: Figure | None
    gain: float
    gain_low: float
    entropy: float
    by_model: bool
    told_apart: bool
    rows: int

    @property
    def knows_enough(self) -> bool:
        """Whether the answers rest on enough rows and on more than the shares of the labels."""
        informed = self.by_model or self.gain_low > LEAST_GAIN
        return self.sure.n >= LEAST_SURE_ROWS and informed


def estimate_noise(opinions: LabelOpinions, row_ids: IntArray | None = None) -> NoiseEstimate:
    """The share of wrong labels among the rows.

    Where the fine-tuned model answered rows too that it had not learned from, and is right on them
    clearly more often than the linear one, its surest answers are taken. Otherwise the estimate is
    cut by the share of the linear model's contradictions that it does not share. What a linear
    model cannot learn (the meaning of two words together) then counts for nothing.

    Args:
        opinions: answers of models that did not learn from the rows.
        row_ids: int64, only these rows; all when not given.
    """
    linear, model = _only(opinions.linear, row_ids), _second(opinions)
    better = model is not None and knows_better(model, opinions.linear)
    answers = _only(model, row_ids) if model is not None and better else linear
    surest, sure = contradicted(answers, SUREST), contradicted(answers, SURE)
    falls = sure.low > surest.high
    both = Figure(
        surest.value if falls else (surest.value + sure.value) / 2,
        0.0 if falls else min(surest.low, sure.low),
        surest.high if falls else max(surest.high, sure.high),
        sure.n,
        "mover",
    )
    agreement = _agreement(opinions, row_ids)
    trust = (None if better else agreement) or Figure(1.0, 1.0, 1.0, 0)
    gain, gain_low = _gain(linear)
    noise = Figure(
        both.value * trust.value, both.low * trust.low, both.high * trust.high, sure.n, "mover"
    )
    shared = better or agreement is None or agreement.value >= SHARED
    told_apart = (shared and not falls) or noise.high <= NEGLIGIBLE
    return NoiseEstimate(
        noise=noise,
        surest=surest,
        sure=sure,
        agreement=agreement,
        gain=gain,
        gain_low=gain_low,
        entropy=_entropy(linear),
        by_model=better,
        told_apart=told_apart,
        rows=len(linear),
    )


def contradicted(answers: Predictions, share: float) -> Figure:
    """Share of labels that differ from the answer, among the surest answers; `n` is those rows.

    Every label that was answered counts by how often it was answered, with at least three rows, so
    easy labels do not speak for all. The interval joins Wilson's intervals of the labels (MOVER).
    """
    at = surest_rows(answers, share)
    wrong = answers.predicted != answers.labels
    said = np.flatnonzero(np.bincount(answers.predicted, minlength=1))
    parts, weights = [], []
    for label in said:
        own = at[answers.predicted[at] == label]
        parts.append(share_figure(int(wrong[own].sum()), len(own)))
        weights.append((answers.predicted == label).mean())
    if not parts:
        return Figure(0.0, 0.0, 1.0, 0, "mover")
    low, high = joined_interval(parts, np.array(weights))
    value = float(np.array(weights) @ np.array([part.value for part in parts]))
    return Figure(value, max(0.0, low), min(1.0, high), len(at), "mover")


def surest_rows(answers: Predictions, share: float) -> IntArray:
    """Positions of the surest `share` of the rows of every answer, three at least, sorted."""
    sureness = answers.probabilities.max(axis=1, initial=0.0)
    chosen = []
    for label in np.unique(answers.predicted):
        own = np.flatnonzero(answers.predicted == label)
        most = max(LEAST_PER_ANSWER, int(np.ceil(share * len(own))))
        chosen.append(own[np.argsort(-sureness[own], kind="stable")[:most]])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


def doubted(opinions: LabelOpinions) -> tuple[IntArray, FloatArray]:
    """Positions in `opinions.linear` whose label is contradicted, worst first, and their doubt.

    Doubt is one minus the probability of the present label, the mean of both models where the
    fine-tuned one answered too (its own where it knows better). A row is doubted if its label is
    not the most probable one, and has `LEAST_LABEL_ROWS` rows at least.

    Returns:
        int64 [m] and float64 [m].
    """
    answers = opinions.linear
    mean = mean_probabilities(opinions)
    own = mean[np.arange(len(answers)), answers.labels] if len(answers) else np.empty(0)
    support = np.bincount(answers.labels, minlength=len(answers.label_names))
    against = (mean.argmax(axis=1) != answers.labels) & (
        support[answers.labels] >= LEAST_LABEL_ROWS
    )
    at = np.flatnonzero(against)
    order = at[np.argsort(own[at], kind="stable")]
    return order, 1.0 - own[order]


def mean_probabilities(opinions: LabelOpinions) -> FloatArray:
    """float64 [n, K] in the order of `opinions.linear`: the mean of the opinions there are."""
    answers, model = opinions.linear, _second(opinions)
    if model is None:
        return answers.probabilities
    mean = answers.probabilities.copy()
    at, there = _matched(answers, model)
    own = 0.0 if knows_better(model, answers) else 0.5
    mean[at] = own * mean[at] + (1 - own) * model.probabilities[there]
    return mean


def surely_wrong(opinions: LabelOpinions, estimate: NoiseEstimate) -> IntArray:
    """Positions of the labels that may be changed unread, int64 [m], most doubted first.

    The most doubted rows, half as many as there are wrong labels at least (lower end of the
    estimate): with 5 to 30 % of the labels of four data sets flipped, 66 to 100 % of them were
    flipped ones, and some of the others wrong before. None where the estimate cannot be
    trusted, or may be as low as on clean rows.
    """
    at, _ = doubted(opinions)
    if not (estimate.knows_enough and estimate.told_apart and estimate.noise.low > LEAST_NOISE):
        return at[:0]
    return at[: int(estimate.noise.low * estimate.rows * SAFE_PART)]


def knows_better(model: Predictions, linear: Predictions) -> bool:
    """Whether the fine-tuned model is right clearly more often, on the rows that both answered.

    Clearly: by 2 points and by two standard errors of the paired difference, on 100 rows or more.
    """
    mine, theirs = _matched(linear, model)
    if len(mine) < LEAST_SHARED:
        return False
    gain = (model.predicted == model.labels)[theirs].astype(float)
    gain -= (linear.predicted == linear.labels)[mine]
    error = float(gain.std(ddof=1)) / float(np.sqrt(len(gain)))
    return bool(gain.mean() > max(0.02, 2 * error))


def _second(opinions: LabelOpinions) -> Predictions | None:
    """The fine-tuned model's answers, where they are about the same labels."""
    model = opinions.model
    same = model is not None and model.label_names == opinions.linear.label_names
    return model if same else None


def _agreement(opinions: LabelOpinions, row_ids: IntArray | None) -> Figure | None:
    """How often the fine-tuned model contradicts the label, too, where the linear one does."""
    model = _second(opinions)
    if model is None:
        return None
    answers = _only(opinions.linear, row_ids)
    at = surest_rows(answers, SURE)
    against = np.zeros(len(answers), dtype=bool)
    against[at] = answers.predicted[at] != answers.labels[at]
    mine, theirs = _matched(answers, model)
    both = against[mine]
    if both.sum() < LEAST_DOUBTS:
        return None
    same = model.predicted[theirs][both] == answers.predicted[mine][both]
    return share_figure(int(same.sum()), int(both.sum()))


def _matched(answers: Predictions, model: Predictions) -> tuple[IntArray, IntArray]:
    """Positions of the rows that both answered, in each."""
    _, mine, theirs = np.intersect1d(
        answers.row_ids, model.row_ids, assume_unique=True, return_indices=True
    )
    return mine, theirs


def shared_doubt(opinions: LabelOpinions, a: int, b: int) -> Figure | None:
    """How often the fine-tuned model mixes up two labels, too, where the linear one does.

    None without a run, or with fewer than 10 such rows.
    """
    model = _second(opinions)
    if model is None:
        return None
    mine, theirs = _matched(opinions.linear, model)
    labels, said = opinions.linear.labels[mine], opinions.linear.predicted[mine]
    mixed = ((labels == a) & (said == b)) | ((labels == b) & (said == a))
    if mixed.sum() < LEAST_DOUBTS:
        return None
    same = model.predicted[theirs][mixed] == said[mixed]
    return share_figure(int(same.sum()), int(mixed.sum()))


def _gain(answers: Predictions) -> tuple[float, float]:
    """Log-likelihood per row above that of the label shares, and the lower end of its interval."""
    n = len(answers)
    if n < 2:
        return 0.0, 0.0
    support = np.bincount(answers.labels, minlength=len(answers.label_names))
    each = -np.log(support[answers.labels] / n) - answers.loss
    mean = float(each.mean())
    return mean, mean - Z95 * float(each.std(ddof=1)) / float(np.sqrt(n))


def _entropy(answers: Predictions) -> float:
    shares = np.bincount(answers.labels) / max(1, len(answers))
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def _only(answers: Predictions, row_ids: IntArray | None) -> Predictions:
    if row_ids is None:
        return answers
    at = np.flatnonzero(np.isin(answers.row_ids, row_ids))
    return Predictions(
        row_ids=answers.row_ids[at],
        labels=answers.labels[at],
        predicted=answers.predicted[at],
        probabilities=answers.probabilities[at],
        loss=answers.loss[at],
        label_names=answers.label_names,
        model_digest=answers.model_digest,
    )
