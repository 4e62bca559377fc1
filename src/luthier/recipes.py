"""Recipes: named sets of settings. A recipe only fills what neither the file nor a flag set.

`classic` is the well-known BERT recipe. `auto` chooses by the data, the model and the machine, and
says why for every value; what it measured on the machine is written down before the first step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

CLASSIC: Mapping[str, Any] = MappingProxyType(
    {
        "train.per_device_train_batch_size": 32,
        "train.learning_rate": 2e-5,
        "train.num_train_epochs": 15,
        "train.early_stopping_patience": 3,
        "train.warmup_steps": 0.1,
        "train.weight_decay": 0.1,
        "model.hidden_dropout_prob": 0.3,
        "text.max_length": 128,
    }
)

TINY_MODEL = 10_000_000
SMALL_MODEL = 50_000_000
BASE_MODEL = 200_000_000
STEPS_WANTED = 1_000
STEPS_WANTED_PER_LABEL = 30
FEWEST_EPOCHS = 3
MOST_EPOCHS = 20
LONGEST_ON_CPU = 256
LONGEST_ON_ACCELERATOR = 512
TIME_BUDGET_ON_CPU = "12m"
FROZEN_BATCH = (32, 256)
FROZEN_STEPS_AN_EPOCH = 25
FROZEN_LEARNING_RATE = 1e-2
"""At the largest batch; less for smaller ones by the square root of their size. Macro-F1 on
validation rows of cic_zh and banking77_en, starter, frozen: 0.21 and 0.70 by the first token, 32
rows a step, 5e-4; 0.28 and 0.83 by the mean, 256 rows, 1e-2, in a fifth of the processor time."""
FREEZE_SHARE = 0.45
"""Part of the epochs in which the lower half of a tiny model stays as it is, where so many labels
ask for more steps than usual: better there, for less time. Of few labels and few rows it learns
less so (docs/LOG.md, 2026-11-23)."""
DECODER_HEAD_RATE = 2e-3
KEEPING_AT_MOST = 0.8
"""Share of the time budget above which the outputs of frozen layers are not kept: no time would be
left to learn from them."""

FEWEST_STEPS = 100
"""Steps that are planned where a budget seems too small for them: a new head learns nothing from
fewer, costs are guessed from a few batches, and the clock ends training at the budget anyway."""

SHARE_PLANNED = 0.97
"""Part of the time budget that is planned for; steps are not all alike."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What `auto` looks at before it chooses.

    Args:
        train_rows: rows to learn from.
        labels: number of labels.
        parameters: parameters of the pretrained model.
        longest_input: tokens that the model can read at most.
        length_p99: 99th percentile of the tokens of a training row, uncut.
        on_accelerator: whether training runs on a GPU.
        head_alone: whether an encoder is left as it is and only its head is trained.
        may_freeze: whether epochs may begin with a frozen lower half: all layers are trained, and
            what the lower ones give can be kept.
    """

    train_rows: int
    labels: int
    parameters: int
    longest_input: int
    length_p99: float
    on_accelerator: bool
    head_alone: bool = False
    may_freeze: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Values by dotted setting, each with the reason it was chosen."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def choose(self, name: str, value: Any, reason: str) -> None:
        """Add one value and its reason."""
        self.values[name] = value
        self.reasons[name] = reason

    def updated(self, other: Choice) -> Choice:
        """These values, and those of the other in place of or beside them."""
        return Choice(self.values | other.values, self.reasons | other.reasons)


def classic() -> Choice:
    """The well-known BERT recipe."""
    choice = Choice()
    for name, value in CLASSIC.items():
        choice.choose(name, value, "recipe classic")
    return choice


def auto(facts: PlanFacts) -> Choice:
    """Settings for these rows, this model and this kind of machine."""
    choice = Choice()
    choice.choose("train.learning_rate", *_learning_rate(facts))
    choice.choose("train.num_train_epochs", *_epochs(facts))
    many = STEPS_WANTED_PER_LABEL * facts.labels > STEPS_WANTED
    if facts.may_freeze and facts.parameters < TINY_MODEL and many:
        choice = choice.updated(frozen_start(choice.values["train.num_train_epochs"]))
    choice.choose("text.max_length", *_max_length(facts))
    choice.choose(
        "train.early_stopping_patience", 3, "recipe auto: three epochs without improvement"
    )
    choice.choose("train.warmup_steps", 0.1, "recipe auto: a tenth of the steps")
    if not facts.on_accelerator:
        choice.choose(
            "train.time_budget",
            TIME_BUDGET_ON_CPU,
            "recipe auto: no GPU here, epochs are cut to fit",
        )
    return choice.updated(head_alone(facts.train_rows)) if facts.head_alone else choice


def frozen_start(epochs: int) -> Choice:
    """The first of so many epochs with a frozen lower half."""
    choice = Choice()
    reason = (
        "recipe auto: with so many labels a tiny model learns as well when its lower half joins in "
        "later, and these epochs take little time"
    )
    choice.choose("train.freeze_epochs", round(FREEZE_SHARE * epochs), reason)
    return choice


def head_alone(train_rows: int, *, decoder: bool = False) -> Choice:
    """Settings for a head alone, above layers whose outputs are kept: a step costs next to nothing.

    Args:
        train_rows: rows to learn from.
        decoder: of a decoder only the rate is chosen; nothing else was tried.
    """
    why = "recipe auto: a head alone takes a higher rate"
    choice = Choice()
    if decoder:
        choice.choose("train.learning_rate", DECODER_HEAD_RATE, why)
        return choice
    least, most = FROZEN_BATCH
    fitting = train_rows // FROZEN_STEPS_AN_EPOCH
    batch = min(most, max(least, 2 ** max(0, fitting.bit_length() - 1)))
    rate = round(FROZEN_LEARNING_RATE * math.sqrt(batch / most), 4)
    choice.choose(
        "train.per_device_train_batch_size",
        batch,
        "recipe auto: a head alone is cheap, so that many rows go into a step",
    )
    choice.choose("train.learning_rate", rate, why)
    choice.choose(
        "model.pooling", "mean", "recipe auto: untrained layers say more by all tokens than by one"
    )
    reason = f"recipe auto: at most {MOST_EPOCHS} epochs of a head alone"
    choice.choose("train.num_train_epochs", MOST_EPOCHS, reason)
    return choice


def _learning_rate(facts: PlanFacts) -> tuple[float, str]:
    millions = f"{facts.parameters / 1e6:.0f} million parameters"
    if facts.parameters < SMALL_MODEL:
        # cic_zh, six epochs, macro-F1 on dev rows: 0.27 at 2e-4, 0.42 at 5e-4, 0.43 at 1e-3.
        rate = 5e-4 if facts.parameters < TINY_MODEL else 2e-4
        return rate, f"recipe auto: small model ({millions}) takes a higher rate"
    if facts.parameters < BASE_MODEL:
        return 3e-5, f"recipe auto: base-size model ({millions})"
    return 1e-5, f"recipe auto: large model ({millions}) needs a low rate"


def _epochs(facts: PlanFacts, rows_per_step: int = 32) -> tuple[int, str]:
    steps_per_epoch = max(1, math.ceil(facts.train_rows / rows_per_step))
    wanted = max(STEPS_WANTED, STEPS_WANTED_PER_LABEL * facts.labels)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(wanted / steps_per_epoch)))
    return epochs, (
        f"recipe auto: about {wanted:,} steps for {facts.labels} labels, "
        f"{steps_per_epoch:,} steps an epoch, {FEWEST_EPOCHS} to {MOST_EPOCHS} epochs"
    )


def _max_length(facts: PlanFacts) -> tuple[int, str]:
    cap = LONGEST_ON_ACCELERATOR if facts.on_accelerator else LONGEST_ON_CPU
    wanted = max(16, 8 * math.ceil(facts.length_p99 / 8))
    length = min(wanted, cap, facts.longest_input)
    reason = f"recipe auto: 99 % of the training rows have at most {facts.length_p99:.0f} tokens"
    if length < wanted:
        reads_no_more = length == facts.longest_input
        reason += (
            f"; the model reads {length}" if reads_no_more else f"; affordable here are {length}"
        )
    return length, reason


@dataclass(frozen=True, slots=True)
class RunCosts:
    """What a training costs on this machine, in seconds.

    Args:
        start: once, before the first step: loading, and reading the frozen layers' outputs.
        step: an optimizer step.
        judging: measuring both splits and saving, once.
        steps_per_epoch: optimizer steps in an epoch.
        epochs_between: epochs from one measuring to the next.
        keeping: the part of `start` in which the frozen layers' outputs are read and kept.
        frozen_step: an optimizer step while the lower half is frozen.
        frozen_share: of the epochs, those in which it is.
    """

    start: float
    step: float
    judging: float
    steps_per_epoch: int
    epochs_between: int = 1
    keeping: float = 0.0
    frozen_step: float = 0.0
    frozen_share: float = 0.0


def steps_within(budget_seconds: float, costs: RunCosts) -> int:
    """Optimizer steps that fit the budget together with all that belongs to them.

    At least `FEWEST_STEPS`, or an epoch where that is shorter.
    """
    room = SHARE_PLANNED * budget_seconds - costs.start - costs.judging
    learning = (1 - costs.frozen_share) * costs.step + costs.frozen_share * costs.frozen_step
    each = learning + costs.judging / (costs.steps_per_epoch * costs.epochs_between)
    return max(min(FEWEST_STEPS, costs.steps_per_epoch), int(room / each))


def lighter_strategy(strategy: str, epochs: float, layers: int) -> tuple[str, int] | None:
    """What to train instead when time allows too few epochs; None where that is not needed.

    Args:
        strategy: measured now: full, partial or frozen.
        epochs: that fit the budget with it.
        layers: of the model.

    Returns:
        The next lighter strategy, and how many layers it trains.
    """
    if epochs >= FEWEST_EPOCHS or strategy == "frozen":
        return None
    return ("partial", layers // 2) if strategy == "full" and layers > 1 else ("frozen", 0)
