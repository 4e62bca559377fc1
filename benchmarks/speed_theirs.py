"""What a person would take instead of Luthier."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from benchmarks.speed_cells import (
    BATCH,
    MAX_LENGTH,
    PATIENCE,
    SAMPLING,
    Answered,
    Cell,
    Rows,
    facts_of,
    half_of_layers,
    shipped_folder,
)
from benchmarks.speed_summary import macro_f1

HEAD_RATE = 3.5e-3
"""For a head alone: Luthier's of 256 rows a step, less by the square root of the rows of a step."""


def trainer(cell: Cell, rows: Rows) -> Answered:
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        EarlyStoppingCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )

    torch.set_num_threads(cell.threads)
    padded = cell.contender == "trainer_max_length"
    named = cell.contender.removeprefix("trainer_")
    by_length = named if cell.contender in SAMPLING else "group_by_length"
    strategy = "random" if padded else by_length
    folder = Path(cell.work) / "trainer" / cell.name
    shutil.rmtree(folder, ignore_errors=True)
    times: dict[str, list[float]] = {"begin": [], "end": [], "judged": []}
    scores: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, *_: Any, **__: Any) -> None:
            times["begin"].append(time.perf_counter())

        def on_epoch_end(self, *_: Any, **__: Any) -> None:
            times["end"].append(time.perf_counter())

        def on_evaluate(self, *_: Any, metrics: dict[str, float], **__: Any) -> None:
            times["judged"].append(time.perf_counter())
            scores.append(metrics["eval_macro_f1"])

    set_seed(cell.seed)
    began, cpu = time.perf_counter(), time.process_time()
    tokenizer = AutoTokenizer.from_pretrained(cell.folder)
    parts = {
        part: _tokenised(tokenizer, rows, part, padded=padded) for part in ("train", "validation")
    }
    model = AutoModelForSequenceClassification.from_pretrained(
        cell.folder, num_labels=len(rows.names), dtype=torch.float32
    )
    _freeze(model, cell)
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=cell.epochs,
        learning_rate=HEAD_RATE if named == "frozen" else cell.learning_rate,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        warmup_steps=0.1,
        weight_decay=0.01,
        optim="adamw_torch_fused",
        train_sampling_strategy=strategy,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        greater_is_better=True,
        logging_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=cell.seed,
    )
    made = Trainer(
        model,
        arguments,
        train_dataset=parts["train"],
        eval_dataset=parts["validation"],
        data_collator=None if padded else DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=lambda p: {"macro_f1": macro_f1(p.label_ids, p.predictions.argmax(1))},
        callbacks=[EarlyStoppingCallback(PATIENCE), Clock()],
    )
    made.train()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    epochs = [b - a for a, b in zip(times["begin"], times["end"], strict=False)]
    curve = [(at - began, score) for at, score in zip(times["judged"], scores, strict=False)]
    arguments.train_sampling_strategy = "random"  # by length it answers in another order of rows
    tested = made.predict(_tokenised(tokenizer, rows, "test", padded=padded))
    shutil.rmtree(folder, ignore_errors=True)
    return Answered(tested.predictions.argmax(1).tolist(), facts_of(seconds, cpu, epochs, curve))


def _freeze(model: Any, cell: Cell) -> None:
    """What a person writes who wants the lower half, or all but the head, left as it is."""
    if not cell.contender.endswith(("partial", "frozen")):
        return
    encoder = model.base_model
    trained: list[Any] = []
    if cell.contender.endswith("partial"):
        trained = [*encoder.encoder.layer[-half_of_layers(cell) :], encoder.pooler]
    encoder.requires_grad_(False)
    for module in trained:
        module.requires_grad_(True)


def _tokenised(tokenizer: Any, rows: Rows, part: str, *, padded: bool) -> list[dict[str, Any]]:
    told = tokenizer(
        rows.texts[part],
        truncation=True,
        max_length=MAX_LENGTH,
        padding="max_length" if padded else False,
    )
    return [
        {**{name: told[name][i] for name in told}, "labels": label}
        for i, label in enumerate(rows.labels[part])
    ]


def sentence_transformers_lr(cell: Cell, rows: Rows) -> Answered:
    import torch
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    torch.set_num_threads(cell.threads)
    began, cpu = time.perf_counter(), time.process_time()
    encoder = SentenceTransformer(cell.folder, device="cpu")
    encoder.max_seq_length = MAX_LENGTH
    learned = encoder.encode(rows.texts["train"], batch_size=BATCH)
    linear = LogisticRegression(max_iter=1000, random_state=cell.seed)
    linear.fit(learned, rows.labels["train"])
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    predicted = linear.predict(encoder.encode(rows.texts["test"], batch_size=BATCH))
    return Answered(predicted.tolist(), facts_of(seconds, cpu, (), []))


def pipeline_predicts(cell: Cell, rows: Rows) -> Answered:
    import torch
    from transformers import pipeline

    torch.set_num_threads(cell.threads)
    asked = pipeline("text-classification", model=str(shipped_folder(cell)), device="cpu")
    asked(rows.texts["asked"][:64], batch_size=32, truncation=True)
    began, cpu = time.perf_counter(), time.process_time()
    told = asked(rows.texts["asked"], batch_size=32, truncation=True)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    number = {name: i for i, name in enumerate(rows.names)}
    return Answered([number[one["label"]] for one in told], facts_of(seconds, cpu, (), []))
