"""The learning rate was too high: weights were thrown about, and what was known is lost.

## What it is

Each step changes the weights so much that the loss rises instead of falling, or that the layers end
in a state from which no gradient leads out. The model then answers the most frequent label, or
little better than that.

## Why it hurts

A pretrained encoder is ruined in its first steps, and no number of further steps brings it back.
From outside it looks like a rate that is too low: accuracy at chance, loss near ln K.

## How it is detected

By outcome and inner signs together. *Outcome*: the training answers of the last fifth of the steps
are not better than the most frequent label (exact binomial test), or the run was disturbed.
*Signs*: the loss rose (by 5 % after the first tenth of the steps), or ended at twice its lowest
value, or the gradients of the layers fell below a hundredth of what they were (failed fine-tuning
ends in vanishing gradients: Mosbach et al. 2021). Large steps alone (layers that change by more
than 1 % a step; log10 of mean |change| over mean |weight| above -2) are no sign: they count where
learning was disturbed.

## What stays quiet

Large steps that end in a model which has learned its training rows. A head that hardly moved: see
`learning_rate_too_low`. A run without any of the signs that did not learn: both may be the reason,
and only a run at another rate can tell.

## What to do

A tenth of the rate, with warm-up. Where only the head is new, a higher rate for the head alone.
"""

from __future__ import annotations

from dataclasses import asdict

from luthier.faults import example_training as example
from luthier.kit.rate_signs import DEAD, FAST, FEWEST_ROWS, ROSE, RateSigns, rate_signs
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo(
    "learning_rate_too_high",
    "T1",
    "Learning rate too high",
    symptom_of=(
        "steps_not_as_planned",
        "probabilities_into_loss",
        "pretrained_weights_missing",
        "not_finite",
        "rows_in_label_order",
    ),
)

LIMITS = {"update": FAST, "loss_rose": ROSE, "gradient_left": DEAD}


def detect(training: TrainingFacts) -> Outcome:
    """Weigh the outcome with the signs."""
    signs = rate_signs(training)
    if signs is None:
        needs = f"the loss and {FEWEST_ROWS} training answers of the last steps"
        return CannotTell("Too little of the training was seen.", needs)
    measured = {**asdict(signs), "highest_rate": training.steps.highest_rate}
    said = (
        f"{signs.accuracy:.3f} of {signs.rows:,} late training answers are right (the most "
        f"frequent label alone: {signs.commonest:.3f})"
    )
    if signs.update is None or signs.still:
        return Clear(f"Weights hardly moved, so they were not thrown about. {said}.", measured)
    seen = _signs(signs)
    if signs.failed and (signs.rose or signs.lost or signs.dead):
        return Fired(f"Nothing was learned: {said}, and {seen}.", "high", measured, LIMITS)
    if not signs.learned and (signs.rose or signs.lost) and signs.fast:
        return Fired(f"Learning was disturbed: {seen}. {said}.", "medium", measured, LIMITS)
    if signs.failed:
        return CannotTell(
            f"Nothing was learned: {said}; weights moved, and nothing shows which way is wrong.",
            f"a run at a tenth of the rate ({training.steps.highest_rate / 10:.3g}): if that "
            "learns, the rate was too high",
            measured,
        )
    return Clear(f"{said}.", measured)


def _signs(signs: RateSigns) -> str:
    found = []
    if signs.fast and signs.update is not None:
        found.append(f"each step changed the layers by {10**signs.update:.1%} of their size")
    if signs.rose:
        found.append("the loss rose above its start")
    if signs.lost:
        found.append("the loss ended at more than twice its lowest value")
    if signs.dead:
        found.append("the gradients of the layers fell below a hundredth of what they were")
    return ", ".join(found)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A tenth of the rate, then a slower start."""
    rate = float(f"{fired.measured['highest_rate'] / 10:.3g}")
    return (
        Prescription(
            "Lower the learning rate tenfold.",
            "Steps of this size throw the weights about instead of leading them.",
            Applicability.AUTO,
            {"train.learning_rate": rate},
        ),
        Prescription(
            "Warm up for a tenth of the steps.",
            "Adam's first steps are its largest; they ruin an encoder first.",
            Applicability.AUTO,
            {"train.warmup_steps": 0.1},
        ),
    )


PLANT = Plant(
    level="run",
    operator="set_learning_rate",
    severities=({"factor": 20}, {"factor": 60}, {"factor": 300}),
    accept=("one_answer", "not_better_than_linear", "not_finite", "gradients_vanish"),
    must_not=("learning_rate_too_low", "parameters_not_trained", "pretrained_weights_missing"),
)

_CHANCE = {"right": 900, "late_loss": 1.38, "least_loss": 1.37, "early_loss": 1.39}
_FAST = {"layer": {"update": -1.4, "moved": 0.5}}


def _case(**changes: object) -> dict[str, object]:
    return {"training": example.training(**changes)}  # type: ignore[arg-type]


CASES = (
    Case(
        "nothing learned after the loss rose",
        "firing",
        _case(learning={**_CHANCE, "early_loss": 1.6}, groups=_FAST),
        "fired",
    ),
    Case(
        "nothing learned, and the gradients are gone",
        "firing",
        _case(learning=_CHANCE, groups={"layer": {"late_gradient": 1e-9}}),
        "fired",
    ),
    Case(
        "learned a little after the loss rose",
        "firing",
        _case(learning={"right": 1_500, "early_loss": 2.2, "late_loss": 0.9}, groups=_FAST),
        "fired",
    ),
    Case("learned at a usual rate", "quiet", _case(), "clear"),
    Case("learned in large steps", "near_miss", _case(groups=_FAST), "clear"),
    Case(
        "nothing learned, and the head hardly moved",
        "near_miss",
        _case(learning=_CHANCE, groups={"head": {"moved": -1.6}}),
        "clear",
    ),
    Case("nothing learned, no sign why", "near_miss", _case(learning=_CHANCE), "cannot_tell"),
    Case(
        "large steps on inputs that say nothing",
        "near_miss",
        _case(learning=_CHANCE, groups=_FAST),
        "cannot_tell",
    ),
)
