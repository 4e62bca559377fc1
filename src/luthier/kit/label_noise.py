"""How many labels are wrong, and which: from answers of models that did not learn from the rows.

Where a model is surest, its own mistakes are rare, so what it contradicts there is mostly wrong
labels. The share of contradicted labels is taken over the surest tenth and the surest quarter of
the answers, for each answer alike. Labels that are wrong at random give both the same share; hard
texts give a share that falls towards the surest answers, and then only its upper end is used.

The confident joint (Northcutt, Jiang & Chuang 2021, Confident learning, J. Artif. Intell. Res. 70)
is here too. With a linear model of texts it takes hard texts for wrong labels: on clean rows of
four data sets it found 4 to 8 %, the surest tenth 0 to 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.kit.intervals import Z95, joined_interval, share_figure
from luthier.records import Figure, FloatArray, IntArray, LabelOpinions, Predictions

SUREST, SURE = 0.10, 0.25
LEAST_PER_ANSWER = 3
LEAST_SURE_ROWS = 30
"""Fewer of the surest answers than this, and nothing is said about the share of wrong labels."""
LEAST_LABEL_ROWS = 5
"""A label with fewer rows is learned too badly to be doubted: no row of it is."""
NEGLIGIBLE = 0.05
"""Where even the upper end is below this, it does not matter what the contradictions come from."""
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
        told_apart: whether wrong labels could be told apart from hard texts.
        rows: rows it rests on.
    """

    noise: Figure
    surest: Figure
    sure: Figure
    agreement: Figure | None
    gain: float
    gain_low: float
    told_apart: bool
    rows: int

    @property
    def knows_enough(self) -> bool:
        """Whether the answers rest on enough rows and on more than the shares of the labels."""
        return self.surest.n >= LEAST_SURE_ROWS and self.gain_low > LEAST_GAIN


def estimate_noise(opinions: LabelOpinions, row_ids: IntArray | None = None) -> NoiseEstimate:
    """The share of wrong labels among the rows.

    Where the fine-tuned model answered rows too that it had not learned from, the estimate is cut
    by the share of contradictions that it does not share: what a linear model cannot learn (the
    meaning of two words together) then counts for nothing.

    Args:
        opinions: answers of models that did not learn from the rows.
        row_ids: int64, only these rows; all when not given.
    """
    answers = _only(opinions.linear, row_ids)
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
    trust = agreement or Figure(1.0, 1.0, 1.0, 0)
    gain, gain_low = _gain(answers)
    noise = Figure(
        both.value * trust.value, both.low * trust.low, both.high * trust.high, sure.n, "mover"
    )
    told_apart = not falls or noise.high <= NEGLIGIBLE
    return NoiseEstimate(noise, surest, sure, agreement, gain, gain_low, told_apart, len(answers))


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


def confident_joint(answers: Predictions) -> FloatArray:
    """Share of rows with present label i whose right label is probably j, float64 [K, K].

    A row counts for the most probable label among those whose probability reaches their threshold,
    the mean probability of the label on rows that carry it; rows of the matrix are then scaled to
    the number of rows of the label.

    Source: Northcutt, Jiang & Chuang (2021), equations 1 to 4; equal to cleanlab's.
    """
    labels, probabilities = answers.labels, answers.probabilities
    count = len(answers.label_names)
    support = np.bincount(labels, minlength=count).astype(float)
    own = np.bincount(labels, probabilities[np.arange(len(labels)), labels], count)
    threshold = np.divide(own, support, out=np.full(count, np.inf), where=support > 0)
    reached = probabilities >= threshold - 1e-6
    sure = np.flatnonzero(reached.any(axis=1))
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    joint = np.zeros((count, count))
    np.add.at(joint, (labels[sure], best[sure]), 1.0)
    empty = (joint.sum(axis=1) == 0) & (support > 0)
    joint[empty, empty] = support[empty]
    sums = joint.sum(axis=1, keepdims=True)
    joint = np.divide(joint, sums, out=np.zeros_like(joint), where=sums > 0) * support[:, None]
    shares: FloatArray = joint / max(1.0, float(joint.sum()))
    return shares


def doubted(opinions: LabelOpinions) -> tuple[IntArray, FloatArray]:
    """Positions in `opinions.linear` whose label is contradicted, worst first, and their doubt.

    Doubt is one minus the probability of the present label, the mean of both models where the
    fine-tuned one answered too. A row is doubted if its label is not the most probable one, and
    has `LEAST_LABEL_ROWS` rows at least.

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
    answers, model = opinions.linear, opinions.model
    if model is None or model.label_names != answers.label_names:
        return answers.probabilities
    mean = answers.probabilities.copy()
    at, there = _matched(answers, model)
    mean[at] = (mean[at] + model.probabilities[there]) / 2
    return mean


def surely_wrong(opinions: LabelOpinions, estimate: NoiseEstimate) -> IntArray:
    """Positions of the labels that may be changed unread, int64 [m], most doubted first.

    The most doubted rows, half as many as there are wrong labels at least (lower end of the
    estimate): with 5 to 30 % of the labels of four data sets flipped, 75 to 100 % of them were
    flipped ones. None where the estimate cannot be trusted.
    """
    at, _ = doubted(opinions)
    if not (estimate.knows_enough and estimate.told_apart):
        return at[:0]
    return at[: int(estimate.noise.low * estimate.rows * SAFE_PART)]


def _agreement(opinions: LabelOpinions, row_ids: IntArray | None) -> Figure | None:
    """How often the fine-tuned model contradicts the label, too, where the linear one does."""
    model = opinions.model
    if model is None or model.label_names != opinions.linear.label_names:
        return None
    answers = _only(opinions.linear, row_ids)
    at = surest_rows(answers, SURE)
    against = np.zeros(len(answers), dtype=bool)
    against[at] = answers.predicted[at] != answers.labels[at]
    mine, theirs = _matched(answers, model)
    both = against[mine]
    if both.sum() < 10:
        return None
    same = model.predicted[theirs][both] == answers.predicted[mine][both]
    return share_figure(int(same.sum()), int(both.sum()))


def _matched(answers: Predictions, model: Predictions) -> tuple[IntArray, IntArray]:
    """Positions of the rows that both answered, in each."""
    _, mine, theirs = np.intersect1d(
        answers.row_ids, model.row_ids, assume_unique=True, return_indices=True
    )
    return mine, theirs


def _gain(answers: Predictions) -> tuple[float, float]:
    """Log-likelihood per row above that of the label shares, and the lower end of its interval."""
    n = len(answers)
    if n < 2:
        return 0.0, 0.0
    support = np.bincount(answers.labels, minlength=len(answers.label_names))
    each = -np.log(support[answers.labels] / n) - answers.loss
    mean = float(each.mean())
    return mean, mean - Z95 * float(each.std(ddof=1)) / float(np.sqrt(n))


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
