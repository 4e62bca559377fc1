"""One text in, one label out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit import classification_figures
from luthier.records import (
    BadSample,
    Column,
    Encoded,
    FloatArray,
    IntArray,
    ModelSource,
    Predictions,
    Rows,
    SplitEvaluation,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.settings import EvaluateSettings, Settings

TEXTS_AT_ONCE = 1000
"""Texts per call of the tokenizer: enough for its threads, little memory."""


class TextClassification:
    """Single-label classification of texts, Chinese and English alike."""

    name = "text_classification"
    title = "Text classification, one label per text"
    columns: tuple[Column, ...] = (
        Column(
            name="text",
            aliases=(
                *("text", "sentence", "content", "message", "review", "comment", "query"),
                *("question", "utterance", "title", "document", "文本", "内容", "內容", "句子"),
                *("评论", "評論", "问题", "問題", "标题", "標題"),
            ),
            target=False,
            setting="data.text_column",
        ),
        Column(
            name="label",
            aliases=(
                *("label", "category", "class", "intent", "target", "labels", "topic", "sentiment"),
                *("标签", "標籤", "类别", "類別", "分类", "分類", "意图", "意圖"),
            ),
            target=True,
            setting="data.label_column",
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
            if not isinstance(text, str):
                what = f"the text is not a string but {type(text).__name__}"
                problems.append(Problem(what, where=where))
            elif not text.strip():
                problems.append(Problem("the text is empty", where=where))
            if labels is not None and not _label(labels[position]).strip():
                problems.append(Problem("the label is empty", where=where))
        return problems

    def label_names(self, rows: Rows) -> tuple[str, ...]:
        """Every label once: as numbers when all are whole numbers, else in Unicode order."""
        names = {_label(label) for label in rows.columns["label"]} - {""}
        if all(_is_whole_number(name) for name in names):
            return tuple(sorted(names, key=lambda name: (int(name), name)))
        return tuple(sorted(names))

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
                [_unknown_label(name, names, rows.locations, label_names) for name in unknown],
                next_step="add rows of these labels to the training data, or leave their rows out",
            )
        return np.array([index[name] if name else -1 for name in names], dtype=np.int64)

    def encode(
        self,
        rows: Rows,
        label_names: Sequence[str],
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
    ) -> Encoded:
        """Token ids of every text, cut as the tokenizer cuts with `truncation=True`."""
        texts = list(rows.columns["text"])
        inputs: dict[str, list[list[int]]] = {}
        full_lengths: list[int] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            for full_length, row in _tokenize(tokenizer, some, max_length):
                full_lengths.append(full_length)
                for name, values in row.items():
                    inputs.setdefault(name, []).append(values)
        ids = inputs.get("input_ids", [])
        unknown_id = tokenizer.unk_token_id
        return Encoded(
            row_ids=rows.ids,
            targets=self.targets(rows, label_names),
            flat={name: _flatten(of_rows) for name, of_rows in inputs.items()},
            offsets=np.cumsum([0, *(len(row) for row in ids)], dtype=np.int64),
            full_lengths=np.array(full_lengths, dtype=np.int64),
            unknown_tokens=np.array([row.count(unknown_id) for row in ids], dtype=np.int64),
        )

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

    def losses(
        self, logits: torch.Tensor, targets: torch.Tensor, label_smoothing_factor: float
    ) -> torch.Tensor:
        """Cross-entropy (natural log) per row, float [b], smoothed over all labels."""
        log_probabilities = logits.float().log_softmax(-1)
        of_target = -log_probabilities.gather(-1, targets[:, None]).squeeze(-1)
        if not label_smoothing_factor:
            return of_target
        spread = -log_probabilities.mean(-1)
        return (1 - label_smoothing_factor) * of_target + label_smoothing_factor * spread

    def answers(
        self, encoded: Encoded, logits: FloatArray, label_names: Sequence[str], digest: str
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


def _is_whole_number(name: str) -> bool:
    return name.isascii() and name.removeprefix("-").isdigit()


def _unknown_label(
    name: str, names: Sequence[str], locations: Sequence[str], known: Sequence[str]
) -> Problem:
    count = names.count(name)
    return Problem(
        f"the training data have no label {name!r} ({count} row{'s' if count > 1 else ''})",
        where=locations[names.index(name)],
        hint=did_you_mean(name, known),
    )


def _tokenize(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], max_length: int
) -> Iterator[tuple[int, dict[str, list[int]]]]:
    """For each text: how many tokens it has, and its inputs cut at `max_length`."""
    whole = tokenizer(
        texts, truncation=False, padding=False, return_attention_mask=False, verbose=False
    )
    lengths = [len(ids) for ids in whole["input_ids"]]
    too_long = [i for i, length in enumerate(lengths) if length > max_length]
    # The tokenizer itself cuts the long ones: it knows its special tokens and its side.
    cut = (
        tokenizer(
            [texts[i] for i in too_long],
            truncation=True,
            max_length=max_length,
            padding=False,
            return_attention_mask=False,
            verbose=False,
        )
        if too_long
        else {}
    )
    place = {i: k for k, i in enumerate(too_long)}
    for i, length in enumerate(lengths):
        chosen, at = (cut, place[i]) if i in place else (whole, i)
        yield length, {name: chosen[name][at] for name in whole}


def _flatten(rows: list[list[int]]) -> IntArray:
    count = sum(len(row) for row in rows)
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=count)


TASK = TextClassification()
