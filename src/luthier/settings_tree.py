"""The settings tree as a list of dotted names, and what a name that is not in it may have meant."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from luthier.errors import did_you_mean
from luthier.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the tree.

    Args:
        name: dotted (`train.learning_rate`); without a dot at the top of the tree.
        default: its value when nobody says anything.
        unit: of the value, empty where it has none.
        meaning: one line for people.
        kinds: the types its value may have; `None` stands as `NoneType`, words as `Literal`.
        limits: of a number, `gt`, `ge`, `lt` or `le` -> the limit; empty where there are none.
    """

    name: str
    default: Any
    unit: str
    meaning: str
    kinds: tuple[Any, ...]
    limits: Mapping[str, float]

    @property
    def block(self) -> str:
        """The part before the dot, empty at the top of the tree."""
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        """The part after the dot."""
        return self.name.rpartition(".")[2]

    @property
    def optional(self) -> bool:
        """Whether "not given" (null) is a value."""
        return type(None) in self.kinds

    @property
    def takes_mapping(self) -> bool:
        """Whether a mapping is a value (`class_weights`)."""
        return any(typing.get_origin(kind) is dict for kind in self.kinds)

    @property
    def choices(self) -> tuple[str, ...]:
        """The fixed words it takes, empty where there are none."""
        literals = [kind for kind in self.kinds if typing.get_origin(kind) is Literal]
        return tuple(choice for literal in literals for choice in typing.get_args(literal))

    @property
    def expects(self) -> str:
        """What a value must be, in plain words: `a number above 0`."""
        words = [f"one of {', '.join(self.choices)}"] if self.choices else []
        words += [_KINDS[kind] for kind in self.kinds if kind in _KINDS]
        if self.takes_mapping:
            words.append("a number per label as {label: number}")
        kind = " or ".join(words)
        if not self.limits:
            return kind
        limits = {name: _number(limit) for name, limit in self.limits.items()}
        return _LIMITED[tuple(limits)].format(kind=kind, **limits)


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


_LIMITED = {
    ("gt",): "{kind} above {gt:s}",
    ("ge",): "{kind} of at least {ge:s}",
    ("gt", "lt"): "{kind} above {gt:s} and below {lt:s}",
    ("gt", "le"): "{kind} above {gt:s} and of at most {le:s}",
    ("ge", "lt"): "{kind} of at least {ge:s} and below {lt:s}",
    ("ge", "le"): "{kind} of at least {ge:s} and of at most {le:s}",
}


def _limits(field: FieldInfo) -> Mapping[str, float]:
    return {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("gt", "ge", "lt", "le")
        if hasattr(limit, name)
    }


def _setting(name: str, field: FieldInfo) -> Setting:
    union = typing.get_origin(field.annotation) in (typing.Union, types.UnionType)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return Setting(
        name=name,
        default=field.default,
        unit=str(extra.get("unit", "")),
        meaning=field.description or "",
        kinds=typing.get_args(field.annotation) if union else (field.annotation,),
        limits=_limits(field),
    )


def _walk() -> dict[str, Setting]:
    found = {}
    for top, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for short, inner in field.annotation.model_fields.items():
                found[f"{top}.{short}"] = _setting(f"{top}.{short}", inner)
        else:
            found[top] = _setting(top, field)
    return found


SETTINGS: Mapping[str, Setting] = MappingProxyType(_walk())
"""Every setting by its dotted name, in the order of the tree."""

BLOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        block: tuple(s.short for s in SETTINGS.values() if s.block == block)
        for block in dict.fromkeys(s.block for s in SETTINGS.values())
        if block
    }
)
"""Block -> the short names of its settings."""

_FOREIGN_NAMES = {
    "data.text_column": "text text_col sentence_column",
    "data.label_column": "label label_col target_column",
    "data.text_pair_column": "text_pair text_b sentence2_column",
    "data.group_column": "group groups group_col",
    "data.annotator_column": "annotator rater rater_column coder_column",
    "data.time_column": "time date date_column timestamp timestamp_column",
    "data.label_names": "label_map id2label label_list class_names",
    "data.label_separator": "label_sep label_delimiter",
    "data.sheet": "sheet_name worksheet",
    "data.delimiter": "sep separator",
    "split.validation_size": "val_size valid_size dev_size eval_size validation_split val_split",
    "split.test_size": "test_split",
    "split.folds": "n_splits num_splits k_fold kfold k_folds n_folds num_folds cv",
    "text.do_lower_case": "lowercase lower_case lower",
    "text.stop_words": "stopwords",
    "text.max_length": "max_seq_length max_seq_len max_len maxlen model_max_length seq_length",
    "model.name_or_path": "model model_name model_name_or_path pretrained_model_name_or_path",
    "model.hidden_dropout_prob": "dropout dropout_rate hidden_dropout",
    "model.attention_probs_dropout_prob": "attention_dropout",
    "train.learning_rate": "lr",
    "train.num_train_epochs": "epoch epochs num_epochs n_epochs max_epochs",
    "train.per_device_train_batch_size": "batch batch_size train_batch_size",
    "text.stride": "doc_stride overlap window_overlap",
    "text.long_texts": "truncation truncation_strategy truncation_side",
    "train.freeze_epochs": "frozen_epochs unfreeze_after freeze_backbone_epochs gradual_unfreezing",
    "model.strategy": "freeze freeze_encoder finetune_strategy use_lora peft",
    "model.trainable_layers": "unfreeze_layers num_trainable_layers freeze_layers",
    "model.lora_r": "lora_rank r",
    "model.pooling": "pooler pooling_mode classifier_pooling",
    "train.head_learning_rate": "head_lr classifier_lr classifier_learning_rate",
    "train.layerwise_lr_decay": "llrd lr_decay layer_decay layerwise_learning_rate_decay",
    "train.optim": "optimizer optimiser optimizer_name",
    "train.lr_scheduler_type": "scheduler lr_scheduler schedule",
    "train.gradient_accumulation_steps": "accumulation grad_accumulation accumulate_grad_batches",
    "train.full_determinism": "deterministic determinism",
    "train.report_to": "tracker trackers log_with logger",
    "train.max_tokens_per_batch": "per_device_eval_batch_size",
    "train.warmup_steps": "warmup warmup_ratio warmup_proportion num_warmup_steps",
    "train.weight_decay": "wd l2",
    "train.max_grad_norm": "grad_clip gradient_clip_val clip_grad_norm max_norm",
    "train.label_smoothing_factor": "label_smoothing smoothing",
    "train.class_weights": "class_weight",
    "train.metric_for_best_model": "metric monitor",
    "train.early_stopping_patience": "patience early_stopping",
    "train.early_stopping_threshold": "min_delta",
    "train.time_budget": "max_time timeout",
    "train.seed": "random_state random_seed",
    "train.threads": "num_threads n_jobs num_workers",
    "evaluate.bootstrap_samples": "bootstrap n_bootstrap",
}
FOREIGN: Mapping[str, str] = MappingProxyType(
    {name: ours for ours, names in _FOREIGN_NAMES.items() for name in names.split()}
)
"""Names that other tools use -> the setting it is here."""

_REMARKS = {
    "warmup_ratio": "it takes a share of all steps below 1",
    "warmup_proportion": "it takes a share of all steps below 1",
    "dropout": "model.classifier_dropout is the one before the head",
    "dropout_rate": "model.classifier_dropout is the one before the head",
    "per_device_eval_batch_size": "evaluation batches are cut by tokens",
    "random_state": "split.seed is the one of the split",
    "random_seed": "split.seed is the one of the split",
}


def settings_called(short: str) -> tuple[str, ...]:
    """Dotted names of the settings with this last part, in the order of the tree.

    >>> settings_called("seed")
    ('split.seed', 'train.seed', 'evaluate.seed')
    """
    return tuple(name for name, setting in SETTINGS.items() if setting.short == short)


def listed(names: tuple[str, ...], *, last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    head, tail = names[:-1], names[-1]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def hint_for_unknown(name: str, block: str = "") -> str:
    """What the unknown `name`, written in `block` (empty: at the top), may have meant, or "".

    Tried in this order: a setting of another block, the name of another tool, a near name.
    """
    plain = name.rpartition(".")[2].replace("-", "_").lower()
    if plain in BLOCKS and block:
        return f"{plain} is a block of its own, beside {block}"
    if homes := settings_called(plain):
        blocks = tuple(SETTINGS[home].block for home in homes)
        if blocks == ("",):
            return f"{plain} belongs to the top of the file, outside every block"
        return f"{plain} belongs to {listed(blocks)}"
    if plain in FOREIGN:
        remark = _REMARKS.get(plain)
        return f"here it is called {FOREIGN[plain]}" + (f"; {remark}" if remark else "")
    return _near(plain, block)


def _near(plain: str, block: str) -> str:
    if near := did_you_mean(plain, BLOCKS.get(block, ())):
        return near
    tops = [name for name in (*BLOCKS, *SETTINGS) if "." not in name] if not block else []
    shorts = sorted({setting.short for setting in SETTINGS.values() if setting.block})
    found = difflib.get_close_matches(plain, [*tops, *shorts], n=2, cutoff=0.6)
    full = [
        name for short in found for name in ([short] if short in tops else settings_called(short))
    ]
    return f"did you mean {' or '.join(map(repr, full))}?" if full else ""
