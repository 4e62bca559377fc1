"""Good validation figures, bad test answers: eight ways to get there, and who is named first.

    python benchmarks/six_ways.py            all of them, a few minutes on two cores
    python benchmarks/six_ways.py --out X    keeps the files of answers and models in X

A tiny BERT with random weights is trained on a made-up language in Latin letters with
capitals, long texts and dropout. Then its test rows are answered wrongly in six ways, each as a
script would do it, and in two more the answers are written beside other rows: as the `Trainer` of
transformers gives them with `group_by_length`, and one row too low. All go to CSV. The doctor sees
the files alone, then everything there is (the model folder, the weights from before training, the
.keras file). Writes benchmarks/results/six_ways.json: first answers and short lists.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from scipy.special import softmax
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.utils import logging

import luthier.kit.openmp  # noqa: F401 - before torch is imported
from luthier.journeys.foreign import ForeignRun, diagnose_foreign
from luthier.records import Answer
from luthier.run_folder import write_json

ROOT = Path(__file__).parents[1]
SEED = 7
LABELS = ("delivery", "invoice", "refund", "warranty")
TRAIN, VALIDATION, TEST = 1200, 400, 400
MAX_LENGTH = 40
EPOCHS = 12
DROPOUT, HEAD_DROPOUT = 0.3, 0.9
"""The cue word stands in every unit: less dropout before the head would hardly hurt these texts."""

CUES = {
    "delivery": ("Parcel", "Courier", "Shipped"),
    "invoice": ("Invoice", "Receipt", "Billing"),
    "refund": ("Refund", "Money", "Return"),
    "warranty": ("Warranty", "Broken", "Repair"),
}
FILLERS = [
    "please",
    "hello",
    "my",
    "order",
    "the",
    "shop",
    "since",
    "monday",
    "again",
    "still",
    "nobody",
    "answers",
    "me",
    "when",
    "will",
    "you",
    "thanks",
    "for",
    "help",
    "about",
    "this",
    "that",
    "today",
    "number",
    "account",
    "friend",
    "gift",
    "blue",
    "small",
    "large",
    "box",
]
OTHER_FILLERS = [
    "dear",
    "sirs",
    "kindly",
    "advise",
    "regarding",
    "aforementioned",
    "consignment",
    "whereupon",
    "herewith",
    "enclosed",
    "esteemed",
    "customer",
    "pursuant",
    "hitherto",
    "correspondence",
    "premises",
    "undersigned",
    "respectfully",
]
OTHER_CUES = {
    "delivery": ("freight", "haulage", "dispatch"),
    "invoice": ("ledger", "statement", "remittance"),
    "refund": ("reimbursement", "rebate", "restitution"),
    "warranty": ("guarantee", "defect", "malfunction"),
}


@dataclass(frozen=True)
class Case:
    """One way, as files.

    Args:
        name: of the way.
        first: names of the cause that must come first with everything in hand.
        short: causes that must be on the short list from the answers alone.
        never: causes that must not be on it.
        test: probabilities of the test rows.
        validation: probabilities of the validation rows.
        texts: other test rows than the usual ones, where the rows themselves are at fault.
        given: what else is in hand.
    """

    name: str
    first: str
    short: frozenset[str]
    never: frozenset[str]
    test: np.ndarray
    validation: np.ndarray
    rows: list[tuple[str, int]]
    given: dict[str, Any] = field(default_factory=dict)


def make_rows(n: int, rng: np.random.Generator, *, drifted: bool = False) -> list[tuple[str, int]]:
    """Texts and labels: one cue word with a capital among fillers; one label in eight is chance."""
    cues, fillers = (OTHER_CUES, OTHER_FILLERS) if drifted else (CUES, FILLERS)
    rows = []
    for _ in range(n):
        label = int(rng.integers(len(LABELS)))
        words = [str(word) for word in rng.choice(fillers, int(rng.integers(8, 24)))]
        cue = str(rng.choice(cues[LABELS[label]]))
        if drifted and rng.random() < 0.3:  # some old words remain
            cue = str(rng.choice(CUES[LABELS[label]]))
        words.insert(int(rng.integers(4, len(words) + 1)), cue)
        if rng.random() < 0.125:
            label = int(rng.integers(len(LABELS)))
        rows.append((f"{' '.join(words)} #{int(rng.integers(10_000))}", label))
    return rows


def make_model(folder: Path) -> tuple[BertForSequenceClassification, BertTokenizer]:
    """A random BERT that knows capitals, with dropout, and its tokenizer; saved to `folder`."""
    words = {word for cues in (CUES, OTHER_CUES) for own in cues.values() for word in own}
    words |= {*FILLERS, *OTHER_FILLERS}
    pieces = sorted({c for word in words for c in word.lower() + word} | set("0123456789#"))
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(words), *pieces]
    tokens += [f"##{piece}" for piece in pieces if f"##{piece}" not in tokens]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = BertTokenizer(vocab=vocabulary, do_lower_case=False)
    tokenizer.model_max_length = MAX_LENGTH
    torch.manual_seed(SEED)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        max_position_embeddings=64,
        hidden_dropout_prob=DROPOUT,
        attention_probs_dropout_prob=DROPOUT,
        classifier_dropout=HEAD_DROPOUT,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={name: i for i, name in enumerate(LABELS)},
    )
    model = BertForSequenceClassification(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def train(
    model: torch.nn.Module, tokenizer: BertTokenizer, rows: list[tuple[str, int]], *, twice: bool
) -> None:
    """Plain AdamW; with `twice` the loss gets probabilities."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    total = EPOCHS * (len(rows) // 64 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)
    rng = np.random.default_rng(SEED)
    model.train()
    for _ in range(EPOCHS):
        order = rng.permutation(len(rows))
        for at in np.array_split(order, len(rows) // 64 + 1):
            batch = tokenizer(
                [rows[i][0] for i in at], padding=True, truncation=True, return_tensors="pt"
            )
            logits = model(**batch).logits
            given = logits.softmax(-1) if twice else logits
            loss = torch.nn.functional.cross_entropy(given, torch.tensor([rows[i][1] for i in at]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()


@torch.inference_mode()
def answer(model: torch.nn.Module, tokenizer: BertTokenizer, texts: list[str]) -> np.ndarray:
    """Probabilities [n, K], in whatever mode the model is in."""
    found = []
    for start in range(0, len(texts), 64):
        batch = tokenizer(
            texts[start : start + 64], padding=True, truncation=True, return_tensors="pt"
        )
        found.append(model(**batch).logits.numpy())
    return softmax(np.concatenate(found).astype(float), axis=1)


def write_answers(path: Path, rows: list[tuple[str, int]], p: np.ndarray | None) -> Path:
    """Text, label, prediction and a probability per label; six digits."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        columns = [] if p is None else ["prediction", *(f"prob_{name}" for name in LABELS)]
        writer.writerow(["text", "label", *columns])
        for i, (text, label) in enumerate(rows):
            told = [] if p is None else [LABELS[int(p[i].argmax())], *np.round(p[i], 6)]
            writer.writerow([text, LABELS[label], *told])
    return path


def write_keras(path: Path) -> Path:
    """What Keras 3 saves of a model with a softmax output and a loss that wants logits."""
    dense = {"name": "out", "units": len(LABELS), "activation": "softmax", "trainable": True}
    layers = [
        {"class_name": "InputLayer", "config": {"name": "ids", "batch_shape": [None, MAX_LENGTH]}},
        {"class_name": "Embedding", "config": {"name": "embedding", "trainable": True}},
        {"class_name": "GlobalAveragePooling1D", "config": {"name": "mean", "trainable": True}},
        {"class_name": "Dense", "config": dense},
    ]
    loss = {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}
    config = {
        "class_name": "Sequential",
        "config": {"name": "model", "layers": layers},
        "compile_config": {"optimizer": {"class_name": "AdamW", "config": {}}, "loss": loss},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


def cases(folder: Path) -> tuple[list[Case], list[tuple[str, int]]]:
    """Train both models, answer in every way."""
    rng = np.random.default_rng(SEED)
    learned, chosen, tested = (make_rows(n, rng) for n in (TRAIN, VALIDATION, TEST))
    drifted = make_rows(TEST, rng, drifted=True)
    model, tokenizer = make_model(folder / "initial")
    texts = [text for text, _ in tested]
    untrained = answer(model.eval(), tokenizer, texts)
    train(model, tokenizer, learned, twice=False)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    validation = answer(model, tokenizer, [text for text, _ in chosen])
    right = answer(model, tokenizer, texts)
    print(
        f"trained: validation {accuracy(validation, chosen):.3f}, "
        f"test {accuracy(right, tested):.3f}"
    )
    model.train()
    torch.manual_seed(SEED)
    noisy = answer(model, tokenizer, texts)
    model.eval()
    lowered = answer(model, tokenizer, [text.lower() for text in texts])
    other = answer(model, tokenizer, [text for text, _ in drifted])
    twice, _ = make_model(folder / "twice")
    train(twice, tokenizer, learned, twice=True)
    weak = answer(twice, tokenizer, texts)
    print(f"trained with softmax twice: test {accuracy(weak, tested):.3f}", flush=True)
    weak_before = answer(twice, tokenizer, [text for text, _ in chosen])
    model_in_hand = {"model": folder / "model", "initial_model": folder / "initial"}
    inside = frozenset({"texts_differ", "dropout_on", "other_weights"})
    texts_alone = frozenset({"label_order", "drift", "leak"})
    misplaced = frozenset({"row_order"})
    by_length = length_grouped(tokenizer, texts)
    return [
        Case("label order", "label_order", frozenset({"label_order"}), inside | {"drift", "leak"},
             right[:, [2, 0, 1, 3]], validation, tested, model_in_hand),
        Case("preprocessing", "texts_differ", frozenset({"texts_differ"}), texts_alone,
             lowered, validation, tested, model_in_hand),
        Case("train mode", "dropout_on", frozenset({"dropout_on"}), texts_alone,
             noisy, validation, tested, model_in_hand),
        Case("initial weights", "other_weights", frozenset({"other_weights"}), texts_alone,
             untrained, validation, tested, model_in_hand),
        Case("drift", "drift", frozenset({"drift"}), inside | {"label_order", "leak"},
             other, validation, drifted, model_in_hand),
        Case("softmax twice", "softmax_twice", frozenset({"softmax_twice"}), texts_alone,
             weak, weak_before, tested, {"keras": write_keras(folder / "model.keras")}),
        Case("rows by length", "row_order", misplaced, texts_alone,
             right[by_length], validation, tested, model_in_hand),
        Case("rows moved by one", "row_order", misplaced, inside | texts_alone,
             np.roll(right, 1, axis=0), validation, tested, model_in_hand),
    ], learned  # fmt: skip


def length_grouped(tokenizer: BertTokenizer, texts: list[str]) -> list[int]:
    """The rows in the order in which `Trainer.predict` answers them with `group_by_length`."""
    lengths = [len(ids) for ids in tokenizer(texts, truncation=True)["input_ids"]]
    generator = torch.Generator().manual_seed(SEED)
    return list(LengthGroupedSampler(8, lengths=lengths, generator=generator))


def accuracy(p: np.ndarray, rows: list[tuple[str, int]]) -> float:
    """Share of right answers."""
    return float((p.argmax(axis=1) == [label for _, label in rows]).mean())


def judge(folder: Path, learned: list[tuple[str, int]], case: Case) -> dict[str, Any]:
    """Ask twice: with the files of answers alone, and with everything in hand."""
    rng = np.random.default_rng(SEED)
    make_rows(TRAIN, rng)
    chosen = make_rows(VALIDATION, rng)
    name = case.name.replace(" ", "_")
    files = {
        "predictions": write_answers(folder / f"{name}_test.csv", case.rows, case.test),
        "validation": write_answers(folder / f"{name}_validation.csv", chosen, case.validation),
        "train": write_answers(folder / "train.csv", learned, None),
    }
    found = {}
    for hand, given in (("answers_alone", {}), ("everything", case.given)):
        began = time.perf_counter()
        result = diagnose_foreign(ForeignRun(**files, **given))
        told = next(iter(result.diagnosis.answers), None)
        found[hand] = _told(told, time.perf_counter() - began)
        found[hand]["crashed"] = [crash.error for crash in result.diagnosis.crashed]
    alone = set(found["answers_alone"]["short_list"])
    return {
        "way": case.name,
        "validation_accuracy": accuracy(case.validation, chosen),
        "test_accuracy": accuracy(case.test, case.rows),
        **found,
        "first_answer_right": found["everything"]["first"] == case.first,
        "short_list_right": case.short <= alone and not case.never & alone,
    }


def _told(told: Answer | None, seconds: float) -> dict[str, Any]:
    if told is None:
        return {"first": "", "short_list": [], "message": "", "seconds": round(seconds, 1)}
    return {
        "first": told.first.name if told.first else "",
        "short_list": [cause.name for cause in told.short_list],
        "ruled_out": [cause.name for cause in told.causes if cause.standing == "ruled_out"],
        "next_test": told.next_test,
        "message": told.message,
        "seconds": round(seconds, 1),
    }


def main() -> int:
    """All ways; exit code 1 when one is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder that keeps files and models")
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["LUTHIER_HOME"] = str(folder / "home")
        ways, learned = cases(folder)
        results = []
        for case in ways:
            results.append(judge(folder, learned, case))
            print(f"{case.name}: {json.dumps(results[-1], ensure_ascii=False)}", flush=True)
    for result in results:
        alone, whole = result["answers_alone"], result["everything"]
        print(
            f"{result['way']:16} validation {result['validation_accuracy']:.3f} test "
            f"{result['test_accuracy']:.3f}  alone: {', '.join(alone['short_list']) or '-'} "
            f"[{'right' if result['short_list_right'] else 'WRONG'}]  everything: "
            f"{whole['first'] or '-'} [{'right' if result['first_answer_right'] else 'WRONG'}]"
        )
    right = sum(result["first_answer_right"] for result in results)
    listed = sum(result["short_list_right"] for result in results)
    print(f"first answers right: {right} of {len(results)}; short lists right: {listed}")
    write_json(
        ROOT / "benchmarks/results/six_ways.json",
        {"first_answers_right": right, "short_lists_right": listed, "ways": results},
    )
    return int(right < len(results) or listed < len(results))


if __name__ == "__main__":
    sys.exit(main())
