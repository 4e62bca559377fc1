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
        None,
        "labelled file, folder or name pattern (data/trec_*) with train, validation and test "
        "files, or the name of a data set on huggingface.co",
    )
    text_column: str | None = setting(None, "column that holds the text; guessed when not given")
    text_pair_column: str | None = setting(
        None, "column that holds a second text, read together with the first"
    )
    label_column: str | None = setting(None, "column that holds the label; guessed when not given")
    id_column: str | None = setting(
        None, "column that names a row for people, and the item where several people labelled it"
    )
    group_column: str | None = setting(
        None, "column that says which rows belong together (customer, document, speaker)"
    )
    annotator_column: str | None = setting(None, "column that says who gave the label")
    time_column: str | None = setting(None, "column that says when the text was written")
    label_names: str | None = setting(
        None,
        "names of numeric labels: a file, or a list such as refund,delivery,other from number 0 on",
    )
    label_separator: str | None = setting(
        None, "what stands between the labels of a row that has several; guessed when not given"
    )
    encoding: str | None = setting(None, "text encoding of the files; guessed when not given")
    delimiter: str | None = setting(
        None, "column separator of a text table (`tab` or characters); guessed when not given"
    )
    sheet: str | None = setting(
        None, "sheet of a workbook to read; the first that holds rows when not given"
    )
    empty_rows: Literal["few", "error", "drop"] = setting(
        "few",
        "what to do with rows that lack a text or a label: leave out a few (at most 1 in 100, "
        "said) and refuse more, refuse any, or leave out all",
    )


class SplitSettings(_Block):
    """How rows are shared out when the files do not say it."""

    split_by: Literal["auto", "random", "group", "time"] = setting(
        "auto",
        "what decides on which side a row goes: chance, its group, or its time (the newest rows "
        "judge); auto takes groups where data.group_column names them, else chance",
    )
    validation_size: float = setting(
        0.15, "part of the rows to choose on", unit="share", gt=0, lt=1
    )
    test_size: float = setting(0.15, "part of the rows to judge on", unit="share", gt=0, lt=1)
    near_duplicates: float = setting(
        0.8,
        "share of character n-grams in common (Jaccard) from which texts are alike and stay on one "
        "side; 1 keeps only equal texts together",
        unit="share",
        gt=0,
        le=1,
    )
    rare_labels: Literal["error", "drop", "train-only"] = setting(
        "train-only",
        "what to do with labels that have fewer than 3 different texts, so not one for each split: "
        "refuse the file, leave their rows out, or only learn from them",
    )
    folds: int = setting(
        0,
        "k-fold: rows outside the test set are dealt into so many folds, each fold is judged by a "
        "model that learned from the others, and the answers are pooled (as many trainings more); "
        "0 is none",
        unit="folds",
        ge=0,
        le=50,
    )
    seed: int = setting(42, "seed of the split; another seed is another split", ge=0, le=2**32 - 1)

    @field_validator("folds")
    @classmethod
    def _one_fold_is_none(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be at least 2, or 0 for none")
        return value

    @model_validator(mode="after")
    def _folds_have_no_order(self) -> SplitSettings:
        if self.folds and self.split_by == "time":
            raise ValueError("folds would judge older rows by newer ones: split_by time has none")
        return self

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
    long_texts: Literal["head", "tail", "head_tail", "windows"] = setting(
        "head",
        "what is read of a longer text: its head, its tail, a quarter of the length from its head "
        "and the rest from its tail, or all of it in windows whose answers are pooled",
    )
    stride: int = setting(
        32, "tokens that a window shares with the one before it", unit="tokens", ge=0
    )
    max_windows: int = setting(
        8, "most windows of one text; what lies behind them is cut and said", unit="windows", ge=1
    )
    windows_in_training: int = setting(
        0,
        "most windows of a text that an epoch of training reads, drawn anew each epoch; 0: all; "
        "outputs of frozen layers that are kept are of all",
        unit="windows",
        ge=0,
    )
    window_pooling: Literal["mean", "max"] = setting(
        "mean", "how the logits of the windows of a text become one answer"
    )
    html: Literal["keep", "unescape", "strip"] = setting(
        "keep", "HTML in texts: kept, entities such as &amp; as characters, or tags taken out too"
    )
    unicode_form: Literal["none", "NFC", "NFKC"] = setting(
        "none", "Unicode form the texts are brought into; NFKC also unifies widths and ligatures"
    )
    half_width: bool = setting(
        False, "whether full-width letters, digits and signs become half-width"
    )
    chinese_script: Literal["keep", "simplified", "traditional"] = setting(
        "keep", "characters that Chinese texts are turned into, by OpenCC"
    )
    do_lower_case: bool = setting(False, "whether texts become lower case")
    stop_words: Literal["none", "zh", "en", "zh_en"] = setting(
        "none", "function words left out of texts; negations stay"
    )
    domain_stop_words: str | None = setting(
        None, "words of your trade left out of texts: a list such as 客服,亲, or a file of them"
    )
    collapse_spaces: bool = setting(False, "whether runs of spaces and line ends become one space")


class AugmentSettings(_Block):
    """Changed copies of training rows, to learn from only."""

    change: Literal["none", "delete", "swap", "synonyms", "masked"] = setting(
        "none",
        "what is done to words of a copy (Chinese is cut into words): deleted, swapped, replaced "
        "by synonyms, or by what the pretrained model expects there; none makes no copies",
    )
    copies: int = setting(1, "changed copies of each training row", unit="rows", ge=1, le=20)
    share: float = setting(0.1, "part of the words of a copy that change", unit="share", gt=0, le=1)
    synonyms: str | None = setting(
        None, "file with words that mean the same on one line, for the change `synonyms`"
    )

    @model_validator(mode="after")
    def _synonyms_need_a_file(self) -> AugmentSettings:
        if self.change == "synonyms" and self.synonyms is None:
            raise ValueError("change synonyms needs a file of them: augment.synonyms")
        return self


class ModelSettings(_Block):
    """Which pretrained model, which part of it is trained, its pooling and its dropout."""

    name_or_path: str = setting(
        "starter",
        "folder or hub name of the pretrained model; `starter` is the one that comes along",
    )
    trust_remote_code: bool = setting(False, "whether code from the model's repository may run")
    strategy: Literal["full", "partial", "frozen", "lora"] = setting(
        "full",
        "what is trained: all weights, the top layers and the head, the head alone, or low-rank "
        "adapters (LoRA) and the head",
    )
    trainable_layers: int = setting(
        2, "layers trained by strategy partial, counted from the top", unit="layers", ge=1
    )
    lora_r: int = setting(8, "rank of the LoRA adapters", ge=1)
    lora_alpha: float = setting(16.0, "LoRA scale: adapters count lora_alpha / lora_r", gt=0)
    lora_dropout: float = setting(
        0.0, "dropout before the LoRA adapters", unit="probability", ge=0, lt=1
    )
    lora_target_modules: str = setting(
        "all-linear",
        "layers that get LoRA adapters: all-linear, or the ends of their names (query,value)",
    )
    pooling: Literal["auto", "cls", "mean", "max"] = setting(
        "auto",
        "how tokens become one vector: auto is the architecture's own head; first token, mean or "
        "largest value over the tokens, then one linear layer (the model then needs Luthier)",
    )
    batch_norm: bool = setting(
        False, "whether the pooled vector is batch-normalised; needs pooling cls, mean or max"
    )
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

    @model_validator(mode="after")
    def _batch_norm_has_a_place(self) -> ModelSettings:
        if self.batch_norm and self.pooling == "auto":
            raise ValueError("batch_norm needs pooling cls, mean or max: auto is the model's head")
        return self


class TrainSettings(_Block):
    """How it is fitted."""

    learning_rate: float = setting(2e-5, "peak learning rate", gt=0)
    head_learning_rate: float | None = setting(
        None, "peak learning rate of the head; learning_rate when not given", gt=0
    )
    layerwise_lr_decay: float = setting(
        1.0,
        "factor on the learning rate from each layer to the one below it; 1 is the same for all",
        gt=0,
        le=1,
    )
    optim: str = setting(
        "adamw", "optimizer: adamw, adam, sgd, or the name of any other in torch.optim"
    )
    optim_args: str = setting(
        "", "further arguments of the optimizer, such as momentum=0.9,nesterov=True"
    )
    lr_scheduler_type: Literal[
        "linear",
        "cosine",
        "cosine_with_restarts",
        "constant",
        "constant_with_warmup",
        "inverse_sqrt",
    ] = setting(
        "linear",
        "course of the learning rate after the warm-up; constant has no warm-up",
    )
    num_cycles: int = setting(
        2, "cycles of cosine_with_restarts, each from the peak down", unit="cycles", ge=1
    )
    num_train_epochs: int = setting(15, "most passes over the training rows", unit="epochs", ge=1)
    freeze_epochs: int = setting(
        0,
        "epochs at the start, of num_train_epochs, in which only the upper half of the layers and "
        "the head learn, at twice the learning rate; what the lower half gives is computed once "
        "and kept, so that they take little time. Warm-up and course of the rate then begin anew",
        unit="epochs",
        ge=0,
    )
    max_steps: int = setting(
        0,
        "most optimizer steps; training may so end inside an epoch. 0 sets no limit besides "
        "num_train_epochs",
        unit="steps",
        ge=0,
    )
    per_device_train_batch_size: int = setting(
        32,
        "rows per batch on average; batches hold equal tokens: many short rows or few long ones",
        unit="rows",
        ge=1,
    )
    gradient_accumulation_steps: int = setting(
        1,
        "batches joined into one optimizer step; so many parts of it are in memory one by one",
        unit="batches",
        ge=1,
    )
    max_tokens_per_batch: int = setting(
        8192,
        "most tokens, padding included, in memory at once; a step is cut into parts to respect it",
        unit="tokens",
        ge=16,
    )
    trunk_cache_gb: float = setting(
        10.0,
        "most disk space for the kept outputs of frozen layers and of the untrained encoder, of "
        "all runs together, in the user's cache folder; 0 keeps none",
        unit="GB",
        ge=0,
    )
    warmup_steps: float = setting(
        0.1,
        "linear warm-up: a share of all steps below 1, a number of steps from 1",
        unit="steps or share",
        ge=0,
    )
    weight_decay: float = setting(0.01, "weight decay, not on biases and layer norms", ge=0)
    max_grad_norm: float = setting(1.0, "gradient clipping by global norm; 0 switches it off", ge=0)
    label_smoothing_factor: float = setting(
        0.0, "part of the target spread over all labels", unit="share", ge=0, lt=1
    )
    class_weights: Literal["none", "sqrt", "balanced"] | dict[str, float] = setting(
        "none",
        "loss weight per label: none, balanced (by how rare it is), sqrt (the square root of it), "
        "or {label: weight}; the others get 1",
    )
    teacher: Literal["none", "linear"] = setting(
        "none",
        "whose opinion is mixed into the label that a training row is taught: linear is a linear "
        "model on n-grams, asked about rows that it did not learn from; one label per row only",
    )
    teacher_alpha: float = setting(
        0.5,
        "part of the teacher's opinion in what a row is taught; the label has the rest",
        unit="share",
        gt=0,
        le=1,
    )
    loss: Literal["auto", "focal"] = setting(
        "auto",
        "auto is the task's own (cross-entropy, binary cross-entropy, squared error); focal gives "
        "less weight to rows that are answered well already",
    )
    focal_gamma: float = setting(2.0, "exponent of the focal loss; 0 is cross-entropy", ge=0)
    metric_for_best_model: Literal[
        "macro_f1",
        "accuracy",
        "weighted_f1",
        "mcc",
        "micro_f1",
        "subset_accuracy",
        "r2",
        "spearman",
        "loss",
    ] = setting(
        "macro_f1",
        "what chooses the best checkpoint on validation; among equals the lower loss is better",
    )
    early_stopping_patience: int = setting(
        3,
        "evaluations without improvement before stopping; 0 switches it off. There is one after "
        "each epoch, or every few where measuring costs more than an epoch (said)",
        unit="evaluations",
        ge=0,
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
    threads: int = setting(
        0,
        "CPU threads; when not given, all cores or half of them by a measurement, once a week for "
        "each machine and model; 0 takes all cores",
        unit="threads",
        ge=0,
    )
    num_processes: int = setting(
        1,
        "processes that train the model together, each with its share of a step's rows: one for "
        "each GPU, or on the CPU, where they share the threads",
        unit="processes",
        ge=1,
    )
    fsdp: bool = setting(
        False,
        "whether each of these processes keeps only its share of weights, gradients and optimizer "
        "state, for models that need the memory of several GPUs (slower; to be measured and saved, "
        "the weights are put together in the first process)",
    )
    bf16: bool = setting(
        False,
        "whether matrices are multiplied in bfloat16 while training; when not given, by a "
        "measurement where the device has such instructions. Weights stay in 32 bits",
    )
    full_determinism: bool = setting(
        False, "whether only algorithms that give the same result every time are used (slower)"
    )
    report_to: str = setting(
        "none",
        "trackers that are told losses and figures, through Accelerate: none, or names such as "
        "tensorboard,mlflow",
    )

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

    @model_validator(mode="after")
    def _several_to_share(self) -> TrainSettings:
        if self.fsdp and self.num_processes == 1:
            raise ValueError(
                "fsdp shares a model out between processes: set num_processes to 2 or more"
            )
        return self

    @model_validator(mode="after")
    def _all_layers_learn_at_last(self) -> TrainSettings:
        if self.freeze_epochs and self.freeze_epochs >= self.num_train_epochs:
            raise ValueError(
                f"freeze_epochs is {self.freeze_epochs} of {self.num_train_epochs} epochs: all "
                "layers would never learn; for that there is model.strategy partial"
            )
        if self.freeze_epochs and self.fsdp:
            raise ValueError("a model shared out by fsdp cannot begin frozen: set freeze_epochs 0")
        return self

    @model_validator(mode="after")
    def _one_way_to_soften(self) -> TrainSettings:
        if self.loss == "focal" and self.label_smoothing_factor:
            raise ValueError("loss focal has no label smoothing: set label_smoothing_factor to 0")
        if self.loss == "focal" and self.teacher != "none":
            raise ValueError("loss focal learns one label per row: set teacher to none")
        return self


class EvaluateSettings(_Block):
    """How it is judged."""

    bootstrap_samples: int = setting(
        1000, "resamples behind each bootstrap interval", unit="samples", ge=100
    )
    train_rows: int = setting(
        2000, "training rows measured beside validation, at most", unit="rows", ge=1
    )
    floors: bool = setting(True, "whether to fit the simple rivals shown beside the score")
    target_accuracy: float | None = setting(
        None,
        "accuracy that you need; a finding says when the labels do not allow it",
        unit="share",
        gt=0,
        le=1,
    )
    seed: int = setting(0, "seed of the bootstrap", ge=0, le=2**32 - 1)


class DiagnoseSettings(_Block):
    """What counts as a failure."""

    fail_on: Literal["note", "low", "medium", "high", "never"] = setting(
        "high", "lowest severity that makes the exit code 1"
    )


class Settings(_Block):
    """The whole tree. Blocks follow the flow."""

    task: str = setting(
        "auto", "what to learn, one file in tasks/ each; auto chooses by what stands as label"
    )
    recipe: Literal["auto", "classic"] = setting(
        "auto",
        "auto chooses by data, model and machine; classic is the well-known BERT recipe",
    )
    data: DataSettings = DataSettings()
    split: SplitSettings = SplitSettings()
    text: TextSettings = TextSettings()
    augment: AugmentSettings = AugmentSettings()
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
