"""One text in, one label out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit import classification_figures
from luthier.kit.class_weights import class_weights, weights_by_name, without_weight
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
    IntArray,
    ModelSource,
    Predictions,
    RowLoss,
    Rows,
    SplitEvaluation,
    Targets,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.settings import EvaluateSettings, Settings, TextSettings, TrainSettings


class TextClassification:
    """Single-label classification of texts, Chinese and English alike."""

    name = "text_classification"
    title = "Text classification, one label per text"
    columns: tuple[Column, ...] = (
        TEXT,
        Column(
            "label",
            LABEL_NAMES,
            target=True,
            setting="data.label_column",
            kind="label",
            weak_aliases=WEAK_LABEL_NAMES,
        ),
    )
    samples: ClassVar[Mapping[str, Sequence[Any]]] = {
        "text": (
            "什么时候发货?",
            "請問包裹寄出了嗎",
            "When will my parcel arrive?",
            "我要退款",
            "商品有瑕疵,請退錢給我",
            "I want my money back, please.",
            "会员积分怎么用",
            "How do I use my member points?",
        ),
        "label": ("物流", "物流", "物流", "退款", "退款", "退款", "会员", "会员"),
    }
    bad_samples = (
        BadSample({"text": ["退款", 3.5], "label": ["a", "b"]}, "the text is not a string"),
        BadSample({"text": ["退款", " \t"], "label": ["a", "b"]}, "the text is empty"),
        BadSample({"text": ["退款", "hello"], "label": ["a", ""]}, "the label is empty"),
        BadSample({"text": ["退款", "hello"], "label": ["a", None]}, "the label is empty"),
    )
    metrics = ("macro_f1", "accuracy", "weighted_f1", "mcc")

    def check(self, rows: Rows) -> list[Problem]:
        """Texts that are no strings or empty, and labels that are empty, each with its place."""
        labels = rows.columns.get("label")
        problems = []
        for position, text in enumerate(rows.columns["text"]):
            where = rows.locations[position]
            problem = text_problem(text, where)
            problems += [problem] if problem else []
            if labels is not None and not _label(labels[position]).strip():
                problems.append(Problem("the label is empty", where=where))
        return problems

    def label_names(self, rows: Rows) -> tuple[str, ...]:
        """Every label once: as numbers when all are whole numbers, else in Unicode order."""
        return ordered_labels(_label(label) for label in rows.columns["label"])

    def targets(self, rows: Rows, label_names: Sequence[str]) -> IntArray:
        """int64 [n]: index into `label_names`; -1 where a row has no label.

        Raises:
            InputError: when a row has a label that is not in `label_names`.
        """
        labels = rows.columns.get("label")
        if labels is None:
            return np.full(len(rows), -1, dtype=np.int64)
        index = {name: i for i, name in enumerate(label_names)}
        names = [_label(label) for label in labels]
        unknown = sorted({name for name in names if name and name not in index})
        if unknown:
            raise InputError(
                [
                    unknown_label(
                        name, names.count(name), rows.locations[names.index(name)], label_names
                    )
                    for name in unknown
                ],
                next_step="add rows of these labels to the training data, or leave their rows out",
            )
        return np.array([index[name] if name else -1 for name in names], dtype=np.int64)

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

        return load_classifier(source, label_names, settings.model, settings.text.max_length)

    def loss(
        self, settings: TrainSettings, targets: Targets, label_names: Sequence[str]
    ) -> RowLoss:
        """Cross-entropy or focal loss; a row counts what its label weighs.

        Raises:
            SettingsError: when a class weight names no label.
        """
        from luthier.kit import losses

        weights = class_weights(settings.class_weights, targets, label_names)
        smoothing = settings.label_smoothing_factor
        each = partial(losses.cross_entropy, smoothing=smoothing)
        of_shares = partial(losses.cross_entropy_of_shares, smoothing=smoothing)
        if settings.loss == "focal":
            each = partial(losses.focal, gamma=settings.focal_gamma)
        return RowLoss(
            each=each,
            of_shares=None if settings.loss == "focal" else of_shares,
            row_weights=weights[targets],
            label_weights=weights_by_name(weights, label_names),
            notes=without_weight(settings.class_weights, label_names),
        )

    def fit_head(self, model: PreTrainedModel, targets: Targets) -> None:
        """Nothing: a classifier starts without a preference."""

    def thresholds(self, answers: Callable[[], Any]) -> tuple[float, ...]:  # noqa: ARG002
        """None: the most probable label is the answer."""
        return ()

    def answers(
        self,
        encoded: Encoded,
        logits: FloatArray,
        label_names: Sequence[str],
        digest: str,
        thresholds: Sequence[float] = (),  # noqa: ARG002 - the largest probability needs none
    ) -> Predictions:
        """Softmax probabilities, the most probable label, and the cross-entropy of the true one."""
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        known = encoded.targets >= 0
        loss = np.full(len(encoded), np.nan)
        loss[known] = -log_probabilities[known, encoded.targets[known]]
        return Predictions(
            row_ids=encoded.row_ids,
            labels=encoded.targets,
            predicted=logits.argmax(axis=1).astype(np.int64),
            probabilities=np.exp(log_probabilities),
            loss=loss,
            label_names=tuple(label_names),
            model_digest=digest,
        )

    def quick_metrics(self, predictions: Predictions) -> dict[str, float]:
        """`loss` and every name in `metrics`, without intervals."""
        return classification_figures.quick_metrics(predictions)

    def judge(self, predictions: Predictions, settings: EvaluateSettings) -> SplitEvaluation:
        """Every figure with its interval."""
        return classification_figures.judge(predictions, settings)


def _label(value: Any) -> str:
    return "" if value is None else str(value)


TASK = TextClassification()
