"""Every setting with its default, unit and meaning. Names are Hugging Face's where it has one.

The tree is read from YAML (`settings_file.py`), filled by a recipe (`recipes.py`), overridden by
flags, and written with the origin of each value to `run.yaml`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


def setting(default: Any, meaning: str, *, unit: str = "", **limits: Any) -> Any:
    """A field with the meaning and unit that `luthier settings` prints."""
    return Field(default=default, description=meaning, json_schema_extra={"unit": unit}, **limits)


class _Block(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )


class DataSettings(_Block):
    """Which file and columns to read."""

    path: str | None = setting(
        None, "labelled file, or folder with train, validation and test files"
    )
    text_column: str | None = setting(None, "column that holds the text; guessed when not given")
    label_column: str | None = setting(None, "column that holds the label; guessed when not given")
    id_column: str | None = setting(None, "column that names a row for people; only shown")
    encoding: str | None = setting(None, "text encoding of the files; guessed when not given")
    delimiter: str | None = setting(
        None, "column separator of a text table; guessed when not given"
    )
    empty_rows: Literal["error", "drop"] = setting(
        "error",
        "what to do with rows that lack a text or a label: refuse the file, or leave them out",
    )


class SplitSettings(_Block):
    """How rows are shared out when the files do not say it."""

    validation_size: float = setting(
        0.15, "part of the rows to choose on", unit="share", gt=0, lt=1
    )
    test_size: float = setting(0.15, "part of the rows to judge on", unit="share", gt=0, lt=1)
    seed: int = setting(42, "seed of the split; another seed is another split", ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _leave_rows_to_learn_from(self) -> SplitSettings:
        if self.validation_size + self.test_size >= 1:
            raise ValueError(
                "validation_size + test_size must be below 1, or no row is left to learn from"
            )
        return self


class TextSettings(_Block):
    """What the model sees of a text."""

    max_length: int = setting(
        128, "longest input; what is longer is cut and said", unit="tokens", ge=4
    )


class ModelSettings(_Block):
    """Which pretrained model, and its dropout."""

    name_or_path: str = setting(
        "starter",
        "folder or hub name of the pretrained model; `starter` is the one that comes along",
    )
    trust_remote_code: bool = setting(False, "whether code from the model's repository may run")
    hidden_dropout_prob: float | None = setting(
        None,
        "dropout in the layers; the model's own when not given",
        unit="probability",
        ge=0,
        lt=1,
    )
    attention_probs_dropout_prob: float | None = setting(
        None, "dropout on attention; the model's own when not given", unit="probability", ge=0, lt=1
    )
    classifier_dropout: float | None = setting(
        None,
        "dropout before the head; the model's own when not given",
        unit="probability",
        ge=0,
        lt=1,
    )


class TrainSettings(_Block):
    """How it is fitted."""

    learning_rate: float = setting(2e-5, "peak learning rate of AdamW", gt=0)
    num_train_epochs: int = setting(15, "most passes over the training rows", unit="epochs", ge=1)
    per_device_train_batch_size: int = setting(32, "rows per optimizer step", unit="rows", ge=1)
    max_tokens_per_batch: int = setting(
        8192,
        "most tokens, padding included, in memory at once; a step is cut into parts to respect it",
        unit="tokens",
        ge=16,
    )
    warmup_steps: float = setting(
        0.1,
        "linear warm-up: a share of all steps below 1, a number of steps from 1",
        unit="steps or share",
        ge=0,
    )
    weight_decay: float = setting(0.01, "AdamW weight decay, not on biases and layer norms", ge=0)
    max_grad_norm: float = setting(1.0, "gradient clipping by global norm; 0 switches it off", ge=0)
    label_smoothing_factor: float = setting(
        0.0, "part of the target spread over all labels", unit="share", ge=0, lt=1
    )
    class_weights: Literal["none", "balanced"] | dict[str, float] = setting(
        "none", "loss weight per label: none, balanced, or {label: weight}"
    )
    metric_for_best_model: Literal["macro_f1", "accuracy", "weighted_f1", "mcc", "loss"] = setting(
        "macro_f1", "what chooses the best checkpoint on validation"
    )
    early_stopping_patience: int = setting(
        3, "evaluations without improvement before stopping; 0 switches it off", unit="epochs", ge=0
    )
    early_stopping_threshold: float = setting(0.0, "least improvement that counts", ge=0)
    time_budget: str = setting(
        "none",
        "time that training may take (90s, 15m, 2h): epochs are chosen by it, training stops at it",
        unit="duration",
    )
    save_steps: int = setting(
        0,
        "save the last checkpoint every so many steps besides every epoch; 0 is every epoch only",
        unit="steps",
        ge=0,
    )
    seed: int = setting(42, "seed of head, dropout and row order", ge=0, le=2**32 - 1)
    threads: int = setting(0, "CPU threads; 0 takes all cores", unit="threads", ge=0)

    @field_validator("class_weights")
    @classmethod
    def _weights_above_zero(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(weight <= 0 for weight in value.values()):
            raise ValueError("every class weight must be above 0")
        return value

    @field_validator("time_budget")
    @classmethod
    def _duration(cls, value: str) -> str:
        seconds(value)
        return value


class EvaluateSettings(_Block):
    """How it is judged."""

    bootstrap_samples: int = setting(
        1000, "resamples behind each bootstrap interval", unit="samples", ge=100
    )
    train_rows: int = setting(
        2000, "training rows measured beside validation, at most", unit="rows", ge=1
    )
    floors: bool = setting(True, "whether to fit the simple rivals shown beside the score")
    seed: int = setting(0, "seed of the bootstrap", ge=0, le=2**32 - 1)


class DiagnoseSettings(_Block):
    """What counts as a failure."""

    fail_on: Literal["note", "low", "medium", "high", "never"] = setting(
        "high", "lowest severity that makes the exit code 1"
    )


class Settings(_Block):
    """The whole tree. Blocks follow the flow."""

    task: str = setting("text_classification", "what to learn; one file in tasks/ each")
    recipe: Literal["auto", "classic"] = setting(
        "auto",
        "auto chooses by data, model and machine; classic is the well-known BERT recipe",
    )
    data: DataSettings = DataSettings()
    split: SplitSettings = SplitSettings()
    text: TextSettings = TextSettings()
    model: ModelSettings = ModelSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    diagnose: DiagnoseSettings = DiagnoseSettings()


def seconds(duration: str) -> float | None:
    """Seconds of `90s`, `15m`, `2h`, `90`; None for `none`.

    Raises:
        ValueError: when it is not a duration above 0.

    >>> seconds("15m")
    900.0
    """
    text = duration.strip().lower()
    if text == "none":
        return None
    factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:], 0.0)
    number = text[:-1] if factor else text
    try:
        value = float(number) * (factor or 1.0)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError("must be a duration such as 90s, 15m or 2h, or none")
    return value
