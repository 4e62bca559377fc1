"""One text in, one number out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from luthier.errors import Problem, SettingsError
from luthier.kit import number_figures
from luthier.kit.column_names import LABEL_NAMES
from luthier.kit.encode_texts import encode_texts
from luthier.kit.text_columns import TEXT, text_problem
from luthier.records import (
    BadSample,
    Column,
    Encoded,
    FloatArray,
    ModelSource,
    NumberPredictions,
    RowLoss,
    Rows,
    SplitEvaluation,
    Targets,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.settings import EvaluateSettings, Settings, TextSettings, TrainSettings

OUTPUT = "number"
"""Name of the one output, in the place of a label."""


class TextRegression:
    """A number estimated from a text, Chinese and English alike."""

    name = "text_regression"
    title = "A number per text"
    columns: tuple[Column, ...] = (
        TEXT,
        Column(
            "number",
            ("score", "rating", "value", "number", "stars", "分数", "分數", "评分", "評分"),
            target=True,
            setting="data.label_column",
            kind="number",
            weak_aliases=LABEL_NAMES,
        ),
    )
    samples: ClassVar[Mapping[str, Sequence[Any]]] = {
        "text": (
            "房间很干净,服务很好",
            "房間很髒,再也不來了",
            "Clean rooms and friendly staff.",
            "The worst night of my life.",
            "还可以",
            "It was all right, I think.",
        ),
        "number": (4.5, 1.0, 5.0, 0.5, 3.0, 3.0),
    }
    bad_samples = (
        BadSample({"text": ["好", 3.5], "number": [1.0, 2.0]}, "the text is not a string"),
        BadSample({"text": ["好", " "], "number": [1.0, 2.0]}, "the text is empty"),
        BadSample({"text": ["好", "bad"], "number": [1.0, None]}, "the number is missing"),
        BadSample({"text": ["好", "bad"], "number": [1.0, "two"]}, "is not a finite number"),
        BadSample({"text": ["好", "bad"], "number": [1.0, math.inf]}, "is not a finite number"),
    )
    metrics = ("r2", "spearman")

    def check(self, rows: Rows) -> list[Problem]:
        """Texts that are no strings or empty, and targets that are no finite numbers."""
        numbers = rows.columns.get("number")
        problems = []
        for position, text in enumerate(rows.columns["text"]):
            where = rows.locations[position]
            problem = text_problem(text, where)
            problems += [problem] if problem else []
            if numbers is None:
                continue
            number = numbers[position]
            if number is None:
                problems.append(Problem("the number is missing", where=where))
            elif not isinstance(number, int | float) or not math.isfinite(number):
                what = f"{str(number)[:30]!r} is not a finite number"
                problems.append(Problem(what, where=where))
        return problems

    def label_names(self, rows: Rows) -> tuple[str, ...]:  # noqa: ARG002 - always the same
        """The one output."""
        return (OUTPUT,)

    def targets(self, rows: Rows, label_names: Sequence[str]) -> Targets:  # noqa: ARG002
        """float64 [n]: the numbers; NaN where a row has none."""
        numbers = rows.columns.get("number", [None] * len(rows))
        return np.array([math.nan if n is None or n == "" else float(n) for n in numbers])

    def encode(
        self,
        rows: Rows,
        label_names: Sequence[str],
        tokenizer: PreTrainedTokenizerBase,
        text: TextSettings,
    ) -> Encoded:
        """Token ids of every text, cut or read in windows as `text` says.

        Raises:
            SettingsError: when these settings leave no room for a text.
        """
        return encode_texts(rows, self.targets(rows, label_names), tokenizer, text)

    def load_model(
        self, source: ModelSource, label_names: Sequence[str], settings: Settings
    ) -> PreTrainedModel:
        """The pretrained encoder with a fresh head for one number, float32, in training mode.

        Raises:
            ModelError: when it cannot be loaded.
            SettingsError: when a setting does not fit this model.
        """
        from luthier.models.pretrained import load_classifier

        return load_classifier(
            source, label_names, settings.model, settings.text.max_length, "regression"
        )

    def loss(
        self, settings: TrainSettings, targets: Targets, label_names: Sequence[str]
    ) -> RowLoss:
        """Squared error in units of the targets' variance, so that rates and clipping fit it.

        Raises:
            SettingsError: when a setting is for labels only.
        """
        del label_names
        wrong = {
            "class_weights": settings.class_weights != "none",
            "label_smoothing_factor": settings.label_smoothing_factor > 0,
            "loss": settings.loss != "auto",
            "teacher": settings.teacher != "none",
        }
        problems = [
            Problem("is for labels; this task learns a number", where=f"train.{name}")
            for name, is_wrong in wrong.items()
            if is_wrong
        ]
        if problems:
            raise SettingsError(problems, next_step="leave these settings out")
        from luthier.kit import losses

        variance = float(np.var(targets)) or 1.0
        return RowLoss(
            each=partial(losses.squared_error, variance=variance),
            row_weights=np.ones(len(targets)),
            unit=variance,
        )

    def fit_head(self, model: PreTrainedModel, targets: Targets) -> None:
        """Let the head start from the mean of the training targets and answer in their spread."""
        model.get_buffer("output_shift").fill_(float(np.mean(targets)))
        model.get_buffer("output_scale").fill_(float(np.std(targets)) or 1.0)

    def thresholds(self, answers: Callable[[], Any]) -> tuple[float, ...]:  # noqa: ARG002
        """None."""
        return ()

    def answers(
        self,
        encoded: Encoded,
        logits: FloatArray,
        label_names: Sequence[str],
        digest: str,
        thresholds: Sequence[float] = (),  # noqa: ARG002 - numbers have none
    ) -> NumberPredictions:
        """The numbers and their squared errors."""
        answers = logits[:, 0]
        return NumberPredictions(
            row_ids=encoded.row_ids,
            labels=encoded.targets,
            predicted=answers,
            loss=(answers - encoded.targets) ** 2,
            label_names=tuple(label_names),
            model_digest=digest,
        )

    def quick_metrics(self, predictions: NumberPredictions) -> dict[str, float]:
        """`loss` and every name in `metrics`, without intervals."""
        return number_figures.quick_metrics(predictions)

    def judge(self, predictions: NumberPredictions, settings: EvaluateSettings) -> SplitEvaluation:
        """Every figure with its interval."""
        return number_figures.judge(predictions, settings)


TASK = TextRegression()
