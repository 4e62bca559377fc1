"""One text in, any number of labels out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit

from luthier.errors import InputError, Problem, SettingsError
from luthier.kit import label_set_figures
from luthier.kit.class_weights import positive_weights, weights_by_name, without_weight
from luthier.kit.column_names import LABEL_NAMES, WEAK_LABEL_NAMES
from luthier.kit.encode_texts import encode_texts
from luthier.kit.text_columns import (
    TEXT,
    ordered_labels,
    text_problem,
    unknown_label,
)
from luthier.records import (
    BadSample,
    Column,
    Encoded,
    FloatArray,
    LabelSetPredictions,
    ModelSource,
    RowLoss,
    Rows,
    SplitEvaluation,
    Targets,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.settings import EvaluateSettings, Settings, TextSettings, TrainSettings

UNTUNED = 0.5
"""Threshold of every label where validation has not chosen."""


class MultiLabel:
    """Classification of texts that may have several labels, or none."""

    name = "multi_label"
    title = "Text classification, any number of labels per text"
    columns: tuple[Column, ...] = (
        TEXT,
        Column(
            "labels",
            LABEL_NAMES,
            target=True,
            setting="data.label_column",
            kind="labels",
            weak_aliases=WEAK_LABEL_NAMES,
        ),
    )
    samples: ClassVar[Mapping[str, Sequence[Any]]] = {
        "text": (
            "包裹还没到,我要退款",
            "請問包裹寄出了嗎",
            "When will my parcel arrive?",
            "我要退款",
            "I want my money back, and the parcel is broken.",
            "你好",
        ),
        "labels": (("物流", "退款"), ("物流",), ("物流",), ("退款",), ("退款", "瑕疵"), ()),
    }
    bad_samples = (
        BadSample({"text": ["退款", 3.5], "labels": [("a",), ("b",)]}, "the text is not a string"),
        BadSample({"text": ["退款", " "], "labels": [("a",), ("b",)]}, "the text is empty"),
        BadSample({"text": ["退款", "x"], "labels": [("a",), ("a", "")]}, "a label is empty"),
        BadSample({"text": ["退款", "x"], "labels": [("a",), None]}, "the labels are missing"),
    )
    metrics = ("macro_f1", "micro_f1", "subset_accuracy")

    def check(self, rows: Rows) -> list[Problem]:
        """Texts that are no strings or empty, and labels that are missing or empty."""
        of_rows = rows.columns.get("labels")
        problems = []
        for position, text in enumerate(rows.columns["text"]):
            where = rows.locations[position]
            problem = text_problem(text, where)
            problems += [problem] if problem else []
            if of_rows is None:
                continue
            if of_rows[position] is None:
                what = "the labels are missing; an empty list says that none applies"
                problems.append(Problem(what, where=where))
            elif not all(str(label).strip() for label in of_rows[position]):
                problems.append(Problem("a label is empty", where=where))
        return problems

    def label_names(self, rows: Rows) -> tuple[str, ...]:
        """Every label once: as numbers when all are whole numbers, else in Unicode order."""
        return ordered_labels(label for own in rows.columns["labels"] for label in own or ())

    def targets(self, rows: Rows, label_names: Sequence[str]) -> Targets:
        """int64 [n, K]: 1 where a label applies; a row of -1 where the labels are unknown.

        Raises:
            InputError: when a row has a label that is not in `label_names`.
        """
        targets = np.zeros((len(rows), len(label_names)), dtype=np.int64)
        index = {name: i for i, name in enumerate(label_names)}
        unknown: Counter[str] = Counter()
        first: dict[str, str] = {}
        for position, own in enumerate(rows.columns.get("labels", [None] * len(rows))):
            if own is None or own == "":
                targets[position] = -1
                continue
            for label in own:
                if label in index:
                    targets[position, index[label]] = 1
                else:
                    unknown[label] += 1
                    first.setdefault(label, rows.locations[position])
        if unknown:
            raise InputError(
                [unknown_label(n, unknown[n], first[n], label_names) for n in sorted(unknown)],
                next_step="add rows of these labels to the training data, or leave their rows out",
            )
        return targets

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
        """The pretrained model with a fresh head, float32, in training mode.

        Raises:
            ModelError: when it cannot be loaded.
            SettingsError: when a setting does not fit this model.
        """
        from luthier.models.pretrained import load_classifier

        return load_classifier(
            source,
            label_names,
            settings.model,
            settings.text.max_length,
            "multi_label_classification",
        )

    def loss(
        self, settings: TrainSettings, targets: Targets, label_names: Sequence[str]
    ) -> RowLoss:
        """Binary cross-entropy or focal loss, each label for itself, its mean over the labels.

        A class weight counts where its label applies; `balanced` makes both sides count alike.

        Raises:
            SettingsError: when a class weight names no label, or a teacher is asked for.
        """
        import torch

        if settings.teacher != "none":
            what = "a teacher answers one label per row; these rows have several"
            raise SettingsError(
                Problem(what, where="train.teacher"), next_step="leave train.teacher at none"
            )

        from luthier.kit import losses

        weights = positive_weights(settings.class_weights, targets, label_names)
        positive = torch.from_numpy(weights.astype(np.float32))
        each = partial(
            losses.binary_cross_entropy,
            positive=positive,
            smoothing=settings.label_smoothing_factor,
        )
        if settings.loss == "focal":
            each = partial(losses.binary_focal, positive=positive, gamma=settings.focal_gamma)
        return RowLoss(
            each=each,
            row_weights=np.ones(len(targets)),
            label_weights=weights_by_name(weights, label_names),
            notes=without_weight(settings.class_weights, label_names),
        )

    def fit_head(self, model: PreTrainedModel, targets: Targets) -> None:
        """Nothing: a classifier starts without a preference."""

    def thresholds(self, answers: Callable[[], LabelSetPredictions]) -> tuple[float, ...]:
        """From which probability each label is answered: the best F1 on the validation rows."""
        return label_set_figures.best_thresholds(answers())

    def answers(
        self,
        encoded: Encoded,
        logits: FloatArray,
        label_names: Sequence[str],
        digest: str,
        thresholds: Sequence[float] = (),
    ) -> LabelSetPredictions:
        """Each label's probability, the labels that reach their threshold, and the mean loss."""
        limits = np.array(thresholds or [UNTUNED] * len(label_names))
        probabilities = expit(logits)
        targets = encoded.targets
        # log(1 + e^-x) of the side that is true, without overflow
        signed = np.where(targets == 1, logits, -logits)
        loss = np.logaddexp(0.0, -signed).mean(axis=1)
        unknown = (targets < 0).any(axis=1)
        return LabelSetPredictions(
            row_ids=encoded.row_ids,
            labels=targets,
            predicted=(probabilities >= limits).astype(np.int64),
            probabilities=probabilities,
            loss=np.where(unknown, np.nan, loss),
            label_names=tuple(label_names),
            thresholds=tuple(limits.tolist()),
            model_digest=digest,
        )

    def quick_metrics(self, predictions: LabelSetPredictions) -> dict[str, float]:
        """`loss` and every name in `metrics`, without intervals."""
        return label_set_figures.quick_metrics(predictions)

    def judge(
        self, predictions: LabelSetPredictions, settings: EvaluateSettings
    ) -> SplitEvaluation:
        """Every figure with its interval."""
        return label_set_figures.judge(predictions, settings)


TASK = MultiLabel()
