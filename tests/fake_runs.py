"""Run folders with realistic records for the report's tests: no model is trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from luthier.records import (
    Applicability,
    Audit,
    ClearedFault,
    ConfusionMatrix,
    CrashedFault,
    Diagnosis,
    EncodedFacts,
    Evaluated,
    Evaluation,
    Figure,
    Finding,
    FoldFigures,
    Folds,
    FoldsEvaluation,
    LabelFigures,
    Note,
    Predictions,
    Prescription,
    Rows,
    Source,
    SourceFile,
    SplitEvaluation,
    Splits,
    Spread,
    Started,
    Stepped,
    Stopped,
    UncheckedFault,
)
from luthier.run_folder import RunFolder, write_json, write_text

SHOP = ("售后服务", "会员权益", "物流配送", "退換貨", "發票開具", "商品諮詢")
SHOP_SHARES = (0.24, 0.1, 0.27, 0.2, 0.04, 0.15)
TEXTS = (
    "洗衣機保固期內壞了可以免費維修嗎？",
    "我的会员积分什么时候过期",
    "快递三天没动了，帮我查一下",
    "尺寸不合，想換大一號",
    "可以補開統一編號的發票嗎",
    "这件外套是纯棉的吗？ <script>alert(1)</script>",
)


def label_set(count: int) -> tuple[str, ...]:
    if count == 2:
        return ("ham", "spam")
    if count <= len(SHOP):
        return SHOP[:count]
    words = ("查詢", "取消", "修改", "投訴", "咨询", "激活", "延长", "说明")
    return tuple(f"{SHOP[i % 6][:2]}{words[i // 6 % 8]}{i + 1}" for i in range(count))


def wilson(hits: int, n: int) -> Figure:
    """Wilson (1927) score interval; without rows everything is possible."""
    if n == 0:
        return Figure(0.0, 0.0, 1.0, 0, "wilson")
    p, z = hits / n, 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Figure(p, max(0.0, middle - half), min(1.0, middle + half), n, "wilson")


def predictions(labels: tuple[str, ...], n: int, first_id: int, seed: int) -> Predictions:
    """Answers of a model that mixes up each label with the next one."""
    random = np.random.default_rng(seed)
    k = len(labels)
    shares = np.array(SHOP_SHARES[:k] if 2 < k <= 6 else 1 / np.arange(1, k + 1) ** 0.6)
    truth = random.choice(k, size=n, p=shares / shares.sum())
    draw = random.random(n)
    answer = np.where(draw < 0.8, truth, np.where(draw < 0.93, truth ^ 1, random.integers(0, k, n)))
    answer = np.minimum(answer, k - 1)
    probabilities = np.full((n, k), 0.2 / max(1, k - 1))
    probabilities[np.arange(n), answer] = 0.8
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    loss = -np.log(probabilities[np.arange(n), truth])
    ids = np.arange(first_id, first_id + n)
    return Predictions(ids, truth, answer, probabilities, loss, labels, "d1")


def judged(answers: Predictions, floors: bool = True) -> SplitEvaluation:
    k, n = len(answers.label_names), len(answers)
    counts = np.zeros((k, k), dtype=int)
    np.add.at(counts, (answers.labels, answers.predicted), 1)
    per_label = {}
    for i, name in enumerate(answers.label_names):
        hit, true, said = (int(v) for v in (counts[i, i], counts[i].sum(), counts[:, i].sum()))
        tpr = hit / true if true else None
        fpr = (said - hit) / (n - true) if n > true else None
        per_label[name] = LabelFigures(
            precision=wilson(hit, said),
            recall=wilson(hit, true),
            f1=wilson(2 * hit, true + said),
            support=true,
            predicted=said,
            roc_auc=None,
            tpr=tpr,
            fpr=fpr,
            tnr=None if fpr is None else 1 - fpr,
            fnr=None if tpr is None else 1 - tpr,
        )
    macro = float(np.mean([f.f1.value for f in per_label.values()]))
    accuracy = wilson(int(np.trace(counts)), n)
    half = (accuracy.high - accuracy.low) / 2
    figures = {
        "accuracy": accuracy,
        "macro_f1": Figure(macro, max(0, macro - half), min(1, macro + half), n),
        "mcc": Figure(macro - 0.05, macro - 0.05 - half, min(1, macro - 0.05 + half), n),
        "log_loss": Figure(0.62, 0.5, 0.75, n),
    }
    rivals = {"majority": 0.25, "tfidf_linear": 0.93, "frozen_encoder": 0.8} if floors else {}
    floor = {
        name: {m: Figure(v * f, v * f - half, v * f + half, n) for m, v in
               (("accuracy", accuracy.value), ("macro_f1", macro))}
        for name, f in rivals.items()
    }  # fmt: skip
    matrix = ConfusionMatrix(answers.label_names, tuple(tuple(map(int, row)) for row in counts))
    return SplitEvaluation(n, k, figures, per_label, matrix, floor, "d1")


def history(epochs: int = 9, steps: int = 16, best: int = 6):
    random = np.random.default_rng(0)
    yield Started(15 * steps, steps, 15, 490, 22_000_000, 22_000_000, "d0")
    for epoch in range(1, epochs + 1):
        for step in range(steps):
            at = epoch - 1 + (step + 1) / steps
            loss = float(1.8 * np.exp(-at / 2.2) + 0.12 + abs(random.normal(0, 0.12)))
            yield Stepped((epoch - 1) * steps + step + 1, at, loss, 2e-5, 1.0, 32, 700, 900, 0.2)
        train = {"loss": 1.7 * float(np.exp(-epoch / 2)) + 0.05, "macro_f1": 1 - 0.8 / epoch**1.1}
        valid = {
            "loss": 0.75 + 0.9 / epoch + 0.03 * max(0, epoch - 5) ** 1.3,
            "macro_f1": 0.8 - 0.55 / epoch - 0.01 * max(0, epoch - best),
        }
        yield Evaluated(epoch * steps, epoch, train, valid, 490, 105, epoch in (best, 1), 1.0)
    yield Stopped(epochs * steps, epochs, "early_stopping", best * steps, best, 0.708, "macro_f1")


def finding(severity="high", rows=(3, 700, 620)) -> Finding:
    return Finding(
        fault="minority_label_too_small",
        title="A label too small to judge",
        severity=severity,
        message="發票開具 has 4 test rows: its F1 of 0.50 could be anything from 0.15 to 0.85.",
        measured={"f1": 0.5, "f1_low": 0.15, "f1_high": 0.85, "test_rows": 4},
        limits={"least_test_rows": 20},
        rows=rows,
        prescription=(
            Prescription(
                "weigh the labels by their rarity",
                "rare labels hardly move the loss now",
                Applicability.AUTO,
                {"train.class_weights": "balanced"},
            ),
            Prescription(
                "label about 120 more rows of 發票開具",
                "the interval is then narrower than 0.2",
                Applicability.ADVICE,
            ),
        ),
    )


def diagnosis() -> Diagnosis:
    return Diagnosis(
        fired=(
            Finding(
                "overfitting", "Overfitting against too few labels", "low",
                "Train loss falls while validation loss has risen since epoch 6.",
                {"gap": 0.28}, {"gap": 0.2}, (), (),
            ),
            finding(),
        ),
        clear=(ClearedFault("last_not_best", "Last instead of best judged", "digests agree"),),
        not_checked=(UncheckedFault("conflicting_labels", "Conflicting labels", "the audit"),),
        crashed=(CrashedFault("duplicates", "Test rows seen in training", "KeyError: 'x'"),),
    )  # fmt: skip


def rows_of(labels: tuple[str, ...], n: int) -> Rows:
    source = Source(
        path="客服訊息.csv",
        files=(SourceFile("客服訊息.csv", "ab" * 32, n, "utf-8", "csv"),),
        rows=n,
        columns={"text": "message", "label": "intent"},
        notes=(
            Note("guessed", "column 'message' was taken as text"),
            Note("dropped", "2 empty rows"),
        ),
    )
    return Rows(
        ids=np.arange(n),
        columns={
            "text": [f"{TEXTS[i % 6]} #{i}" for i in range(n)],
            "label": [labels[i % len(labels)] for i in range(n)],
        },
        locations=[f"客服訊息.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=source,
    )


def make_run(path: Path, label_count: int = 6, n: int = 700) -> tuple[RunFolder, Rows]:
    labels, run = label_set(label_count), RunFolder(path)
    rows, part = rows_of(labels, n), n * 15 // 100
    run.create()
    write_text(run.settings_path, yaml.safe_dump(run_yaml(), allow_unicode=True))
    write_json(path / "environment.json", environment())
    write_json(path / "test_set_looks.json", {"test_digest": "t" * 64, "count": 3, "problem": ""})
    run.save_source(rows.source)
    run.save_audit(
        Audit(n, {name: n // len(labels) for name in labels}, ((1, 2),), ((1, 2),), (),
              {"min": 3, "p50": 14, "p95": 31, "max": 70},
              {"han": 0.9, "latin": 0.04, "other": 0.06},
              (Note("warning", "1 text carries two labels"),))
    )  # fmt: skip
    run.save_encoding({"train": EncodedFacts(n - 2 * part, 9000, 450, 31, 12, 1000, 32),
                       "validation": EncodedFacts(part, 2000, 0, 0, 0, 0, 32),
                       "test": EncodedFacts(part, 2000, 1, 1, 1, 5, 32)})  # fmt: skip
    names = ["train"] * (n - 2 * part) + ["validation"] * part + ["test"] * part
    run.save_splits(
        Splits(np.arange(n), tuple(names), "stratified", 42, (Note("chosen", "70/15/15"),))
    )
    valid = predictions(labels, part, n - 2 * part, 1)
    test = predictions(labels, part, n - part, 2)
    run.save_predictions("validation", valid)
    run.save_predictions("test", test)
    run.save_evaluation(
        Evaluation({"validation": judged(valid), "test": judged(test)}, "macro_f1", ("a note",))
    )
    run.save_diagnosis(diagnosis())
    run.rewrite_history(tuple(history()))
    return run, rows


def run_yaml() -> dict:
    return {
        "settings": {
            "task": "text_classification",
            "model": {"name_or_path": "starter"},
            "train": {"learning_rate": 3e-5, "num_train_epochs": 15, "class_weights": "none"},
        },
        "origins": {
            "task": {"kind": "default", "detail": ""},
            "model.name_or_path": {"kind": "flag", "detail": "--model"},
            "train.learning_rate": {"kind": "recipe", "detail": "auto: 490 rows, small encoder"},
            "train.num_train_epochs": {"kind": "file", "detail": "luthier.yaml:12"},
            "train.class_weights": {"kind": "default", "detail": ""},
        },
    }


def environment() -> dict:
    return json.loads(
        '{"versions": {"luthier": "0.1.0", "torch": "2.13.0"}, '
        '"hardware": {"cpu": "2 cores", "memory_gb": 8}, "notes": ["It knows little Chinese."], '
        '"command": "luthier workup 客服訊息.csv --run-dir runs/shop"}'
    )


def add_folds(run: RunFolder, folds: int = 3, *, seed: int = 5) -> Predictions:
    """Deal the rows outside the test set into folds, answer and judge them; the pooled answers."""
    splits, labels = run.splits, run.predictions("validation").label_names
    ids = splits.row_ids[[name != "test" for name in splits.names]]
    answers = replace(predictions(labels, len(ids), 0, seed), row_ids=ids, model_digest="")
    of_row = np.arange(len(ids)) % folds
    parts = [["test" if f == k else "train" for f in of_row] for k in range(folds)]
    run.save_folds(Folds(ids, tuple(map(tuple, parts)), "stratified", 42))
    run.save_predictions("folds", answers)
    each = []
    for k in range(folds):
        own = replace(
            answers,
            **{name: getattr(answers, name)[of_row == k]
               for name in ("row_ids", "labels", "predicted", "probabilities", "loss")},
        )  # fmt: skip
        found = judged(own)
        each.append(FoldFigures(k + 1, found.n, len(ids) - found.n, 0, found.figures, f"f{k}"))
    values = {name: [one.figures[name].value for one in each] for name in each[0].figures}
    spread = {
        name: Spread(float(np.mean(v)), float(np.std(v, ddof=1)), min(v), max(v))
        for name, v in values.items()
    }
    notes = ("each of these models learned from 400 rows, the one that ships from 490",)
    run.save_folds_evaluation(FoldsEvaluation(judged(answers), tuple(each), spread, 2, notes))
    return answers
