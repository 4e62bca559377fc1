"""How many labels are wrong, and which: from answers of models that did not learn from the rows.

A model's own mistakes become rarer where it is surer; labels that are wrong at random are
contradicted everywhere alike. What is left at full sureness is the estimate (noise_fit.py). A model
that is often wrong is sure of some of its mistakes too, so a part of all its own mistakes is taken
off the lower end: a weak judge can only say "at most".

The confident joint (kit/confident_joint.py) takes hard texts for wrong labels when the model is a
linear one of texts, and so did the mere share of contradictions among the surest answers, to a
lesser degree (docs/LOG.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.kit.entropy import entropy_of
from luthier.kit.intervals import Z95, joined_interval, share_figure
from luthier.kit.noise_fit import wrong_beyond_mistakes
from luthier.kit.pool_answers import taken
from luthier.kit.second_opinion import agreed, knows_better, matched_rows, second_opinion
from luthier.records import Figure, FloatArray, IntArray, LabelOpinions, Predictions

SUREST, SURE = 0.10, 0.25
LEAST_PER_ANSWER = 3
LEAST_SURE_ROWS = 30
"""Fewer rows in the surest quarter than this, and nothing is said of the share of wrong labels."""
LEAST_LABEL_ROWS = 5
"""A label with fewer rows is learned too badly to be doubted: no row of it is."""
UNSURE = 0.10
"""With an upper end above this and a lower one near 0, wrong labels are not told from mistakes."""
SURE_OF_MISTAKES, MODEL_SURE_OF_MISTAKES = 0.25, 0.4
"""The part of a judge's own mistakes that it may be as sure of as of the rest: of a linear model
fitted anew for each fold, and of a fine-tuned one, which is surer of its mistakes. On the rows that
limits are chosen on, healthy runs needed 0.21 of the latter at most."""
LEAST_NOISE = 0.02
"""Lower end of the share of wrong labels above which it is a finding."""
SAFE_PART = 0.5
"""Of the least number of wrong labels, the part that may be changed unread."""
UNREADABLE = 0.6
"""A model that contradicts so many labels beyond its own mistakes is no judge of them."""
DULL = 0.15
"""Nor is one that has taken less than this of the uncertainty about the labels away: texts that it
cannot learn look the same as wrong labels."""
LEAST_GAIN = 0.02
"""Natural-log units per row that the model must know more than the shares of the labels."""


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """The share of wrong labels.

    Args:
        noise: estimate with interval; its upper end holds even where `told_apart` is False.
        surest: share of contradicted labels among the surest tenth of the answers.
        sure: the same for the surest quarter.
        mistakes: share of the rows that the judge itself answers wrongly, as far as is known.
        agreement: how often the fine-tuned model, too, contradicts the label where the linear one
            does so surely, as a share of how often it answers rightly what is surely right; None
            without a run, with fewer than 10 such rows, or with a model that knows too little.
        gain: natural-log units per row that the linear model knows more than the label shares;
            `gain_low` is the lower end of its 95 % interval.
        told: natural-log units per row that the judge says about the labels: the gain of a linear
            one; of a fine-tuned one, whose probabilities are too sure where labels are wrong, the
            mutual information of its answers and the labels.
        entropy: natural-log units per row that are to be known about the labels in all.
        by_model: whether the surest answers are the fine-tuned model's.
        told_apart: whether wrong labels could be told apart from hard texts.
        rows: rows it rests on.
    """

    noise: Figure
    surest: Figure
    sure: Figure
    mistakes: float
    agreement: Figure | None
    gain: float
    gain_low: float
    told: float
    entropy: float
    by_model: bool
    told_apart: bool
    rows: int

    @property
    def knows_enough(self) -> bool:
        """Whether the answers rest on enough rows and on more than the shares of the labels."""
        informed = self.by_model or self.gain_low > LEAST_GAIN
        return self.sure.n >= LEAST_SURE_ROWS and informed

    @property
    def judges_well(self) -> bool:
        """Whether what it contradicts may be called wrong labels, and not its own ignorance."""
        dull = self.told < DULL * self.entropy
        return self.noise.low < UNREADABLE and not (dull and self.noise.high > UNSURE)


def estimate_noise(opinions: LabelOpinions, row_ids: IntArray | None = None) -> NoiseEstimate:
    """The share of wrong labels among the rows.

    Where the fine-tuned model answered rows too that it had not learned from, and is right on them
    clearly more often than the linear one, it is the judge. Otherwise the estimate is cut by the
    share of the linear model's contradictions that it does not share. What a linear model cannot
    learn (the meaning of two words together) then counts for nothing.

    Args:
        opinions: answers of models that did not learn from the rows.
        row_ids: int64, only these rows; all when not given.
    """
    linear, model = _only(opinions.linear, row_ids), second_opinion(opinions)
    better = model is not None and knows_better(model, opinions.linear)
    answers = _only(model, row_ids) if model is not None and better else linear
    fit = wrong_beyond_mistakes(answers)
    against = float((answers.predicted != answers.labels).mean()) if len(answers) else 0.0
    mistakes = max(0.0, against - fit.value)
    sure_of = MODEL_SURE_OF_MISTAKES if better else SURE_OF_MISTAKES
    agreement = None
    if model is not None and not better:
        agreement = agreed(linear, model, surest_rows(linear, SURE))
    trust = agreement or Figure(1.0, 1.0, 1.0, 0)
    gain, gain_low = _gain(linear)
    noise = Figure(
        fit.value * trust.value,
        max(0.0, fit.low - sure_of * mistakes) * trust.low,
        fit.high * trust.high,
        fit.n,
        fit.method,
    )
    return NoiseEstimate(
        noise=noise,
        surest=contradicted(answers, SUREST),
        sure=contradicted(answers, SURE),
        mistakes=mistakes,
        agreement=agreement,
        gain=gain,
        gain_low=gain_low,
        told=_shared_information(answers) if better else gain,
        entropy=entropy_of(linear.labels),
        by_model=better,
        told_apart=noise.low > LEAST_NOISE or noise.high <= UNSURE,
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
    answers, model = opinions.linear, second_opinion(opinions)
    if model is None:
        return answers.probabilities
    mean = answers.probabilities.copy()
    at, there = matched_rows(answers, model)
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


def _gain(answers: Predictions) -> tuple[float, float]:
    """Log-likelihood per row above that of the label shares, and the lower end of its interval."""
    n = len(answers)
    if n < 2:
        return 0.0, 0.0
    support = np.bincount(answers.labels, minlength=len(answers.label_names))
    each = -np.log(support[answers.labels] / n) - answers.loss
    mean = float(each.mean())
    return mean, mean - Z95 * float(each.std(ddof=1)) / float(np.sqrt(n))


def _shared_information(answers: Predictions) -> float:
    """Mutual information of answers and labels, plug-in (Cover & Thomas 2006, chapter 2)."""
    both = answers.labels * len(answers.label_names) + answers.predicted
    return entropy_of(answers.labels) + entropy_of(answers.predicted) - entropy_of(both)


def _only(answers: Predictions, row_ids: IntArray | None) -> Predictions:
    """Those rows that have a label, of `row_ids` where it is given."""
    wanted = answers.labels >= 0
    if row_ids is not None:
        wanted &= np.isin(answers.row_ids, row_ids)
    if wanted.all():
        return answers
    return taken(answers, np.flatnonzero(wanted))
