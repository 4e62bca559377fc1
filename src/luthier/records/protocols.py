"""What a task and an engine promise. Stages speak to these, never to one task or one engine.

torch appears in annotations only: importing this module imports neither torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from luthier.errors import Problem
from luthier.records.data import FloatArray, Rows, SplitName, Targets
from luthier.records.encoded import Encoded
from luthier.records.evaluation import SplitEvaluation
from luthier.records.events import Event
from luthier.records.teaching import TeacherOpinions
from luthier.records.training import Watch, nothing_watched

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.settings import EvaluateSettings, Settings, TextSettings, TrainSettings

ColumnKind = Literal["text", "label", "labels", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a task reads.

    Args:
        name: canonical name (`text`, `label`).
        aliases: names it is recognised by in files, lower case, all equally likely.
        target: whether it is the answer to learn (absent at prediction time).
        setting: the setting that names it (`data.text_column`).
        kind: what stands in it; load turns the cells of the file into it. `text` and `label` are
            str, `labels` is a tuple of different str (empty: none applies), `number` is a finite
            float.
        weak_aliases: names that count where no column has one of the others.
    """

    name: str
    aliases: tuple[str, ...]
    target: bool
    setting: str
    kind: ColumnKind = "text"
    weak_aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadSample:
    """Columns that the task must refuse, and a part of the message it must give."""

    columns: Mapping[str, Sequence[Any]]
    message_part: str


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A pretrained model that was found.

    Args:
        name: what the user asked for.
        path: folder or hub name that `from_pretrained` takes.
        trust_remote_code: whether code from the model's repository may run.
        notes: what a person should know about this choice (plain sentences).
    """

    name: str
    path: str
    trust_remote_code: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowLoss:
    """The loss of one training.

    Args:
        each: (logits [b, K], targets) -> float [b], one natural-log loss per row.
        row_weights: float64 [n], what the loss of each training row counts.
        label_weights: label -> weight; empty where all are 1.
        unit: the mean loss times this is in the unit of the losses in `answers`.
        notes: what a person should know (labels without a weight of their own).
        of_shares: (logits [b, K], shares [b, K]) -> float [b], the loss where a row is taught
            several labels, each with its share; None where this loss has no such form.
    """

    each: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    row_weights: FloatArray
    label_weights: Mapping[str, float] = field(default_factory=dict)
    unit: float = 1.0
    notes: tuple[str, ...] = ()
    of_shares: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None


class Task(Protocol):
    """One file in `tasks/` = one task: a class with these members, and `TASK = TheClass()`."""

    name: str
    """snake_case, the file's name."""
    title: str
    columns: tuple[Column, ...]
    samples: Mapping[str, Sequence[Any]]
    """A few good rows, column by column; the contract tests run the whole protocol on them."""
    bad_samples: tuple[BadSample, ...]
    metrics: tuple[str, ...]
    """Names allowed in `metric_for_best_model`, besides `loss`."""

    def check(self, rows: Rows) -> list[Problem]:
        """Every row that this task cannot use, with its place; an empty list when all is well."""
        ...

    def label_names(self, rows: Rows) -> tuple[str, ...]:
        """The labels in the one order that holds from here to the shipped `id2label`."""
        ...

    def targets(self, rows: Rows, label_names: Sequence[str]) -> Targets:
        """What is to be learned, as `Encoded.targets` has it."""
        ...

    def encode(
        self,
        rows: Rows,
        label_names: Sequence[str],
        tokenizer: PreTrainedTokenizerBase,
        text: TextSettings,
    ) -> Encoded:
        """Token ids of every row, at most `text.max_length` at once, special tokens included.

        Raises:
            SettingsError: when these settings leave no room for a text.
        """
        ...

    def load_model(
        self, source: ModelSource, label_names: Sequence[str], settings: Settings
    ) -> PreTrainedModel:
        """The pretrained model with a fresh head for these labels, float32, in training mode.

        Raises:
            ModelError: when it cannot be loaded.
        """
        ...

    def loss(
        self, settings: TrainSettings, targets: Targets, label_names: Sequence[str]
    ) -> RowLoss:
        """The loss of a training on these targets.

        Raises:
            SettingsError: when a setting does not fit the labels or this task.
        """
        ...

    def fit_head(self, model: PreTrainedModel, targets: Targets) -> None:
        """Set what the fresh head takes from the training targets (their mean); often nothing."""
        ...

    def thresholds(self, answers: Callable[[], Any]) -> tuple[float, ...]:
        """From which probability each label is answered; often none.

        Args:
            answers: gives the best model's answers to the validation rows, to choose on.
        """
        ...

    def answers(
        self,
        encoded: Encoded,
        logits: FloatArray,
        label_names: Sequence[str],
        digest: str,
        thresholds: Sequence[float] = (),
    ) -> Any:
        """Answers and per-row losses from logits [n, K], in row order, as `AnyPredictions`."""
        ...

    def quick_metrics(self, predictions: Any) -> dict[str, float]:
        """`loss` and every name in `metrics`, without intervals: cheap enough for every epoch."""
        ...

    def judge(self, predictions: Any, settings: EvaluateSettings) -> SplitEvaluation:
        """Every figure with its interval, of what `answers` gave."""
        ...


@dataclass(frozen=True, slots=True)
class TrainJob:
    """All that an engine needs to train.

    Args:
        task: the task, as a protocol.
        model_source: the pretrained model.
        label_names: in their final order.
        encoded: the rows of `train` and `validation`.
        settings: resolved; nothing is decided after this.
        checkpoints: folder that receives `best/` and `last/`.
        resume: go on from `last/` if it is there.
        should_stop: asked between steps; True ends training with the best so far.
        watch: sees model and optimizer while they are trained, for the doctor.
        teacher: what is said about the training rows besides their labels; None where nothing is.
    """

    task: Task
    model_source: ModelSource
    label_names: tuple[str, ...]
    encoded: Mapping[SplitName, Encoded]
    settings: Settings
    checkpoints: Path
    resume: bool = False
    should_stop: Callable[[], bool] = field(default=lambda: False)
    watch: Watch = nothing_watched
    teacher: TeacherOpinions | None = None


class Engine(Protocol):
    """Where work runs: this process, several processes, a cluster."""

    name: str

    def train(self, job: TrainJob) -> Iterator[Event]:
        """Train and say what happens; a checkpoint is complete on disk when `Saved` is said."""
        ...

    def logits(self, model: PreTrainedModel, encoded: Encoded, settings: Settings) -> FloatArray:
        """float64 [n, K] in the order of `encoded`, evaluation mode, no gradients."""
        ...

    def features(self, source: ModelSource, encoded: Encoded, settings: Settings) -> FloatArray:
        """float64 [n, width]: mean-pooled last hidden state of the pretrained encoder."""
        ...


class FaultModule(Protocol):
    """What a module in `faults/` holds; checked by the contract tests, collected by name."""

    FAULT: Any
    PLANT: Any
    CASES: Any
    __doc__: str | None
    detect: Callable[..., Any]
    prescribe: Callable[..., Any]
