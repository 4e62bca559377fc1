"""Small pieces of evidence, so that the cases of a fault file stay short and readable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from luthier.records import (
    CheckpointFacts,
    ConfusionMatrix,
    Evaluated,
    Evaluation,
    Event,
    Figure,
    Parity,
    Predictions,
    Replay,
    Rows,
    Source,
    SplitEvaluation,
    SplitName,
    Splits,
    WayKind,
)


def rows(texts: Sequence[str], labels: Sequence[str]) -> Rows:
    """Rows 0 to n-1 with these texts and labels, as from one CSV file with a header."""
    n = len(texts)
    return Rows(
        ids=np.arange(n, dtype=np.int64),
        columns={"text": list(texts), "label": list(labels)},
        locations=[f"example.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("example.csv", (), n, {"text": "text", "label": "label"}),
    )


def splits(names: Sequence[SplitName]) -> Splits:
    """Row 0 belongs to `names[0]`, and so on."""
    return Splits(np.arange(len(names), dtype=np.int64), tuple(names), "given", 0)


def predictions(
    labels: Sequence[int],
    predicted: Sequence[int],
    label_names: Sequence[str] = ("a", "b"),
    *,
    confidence: float = 0.9,
    first_row: int = 0,
) -> Predictions:
    """Answers given with one confidence; the rest of the probability is shared out evenly."""
    truth, answer = np.asarray(labels, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    n, k = len(truth), len(label_names)
    probabilities = np.full((n, k), (1 - confidence) / (k - 1))
    probabilities[np.arange(n), answer] = confidence
    return Predictions(
        row_ids=np.arange(first_row, first_row + n, dtype=np.int64),
        labels=truth,
        predicted=answer,
        probabilities=probabilities,
        loss=-np.log(probabilities[np.arange(n), truth]),
        label_names=tuple(label_names),
    )


def right_and_wrong(right: int, wrong: int, *, confidence: float = 0.9) -> Predictions:
    """Two labels by turns; the first `right` rows are answered rightly, the others wrongly."""
    labels = np.arange(right + wrong) % 2
    answers = np.where(np.arange(right + wrong) < right, labels, 1 - labels)
    return predictions(labels.tolist(), answers.tolist(), confidence=confidence)


def history(
    train_loss: Sequence[float],
    validation_loss: Sequence[float],
    validation_f1: Sequence[float],
    *,
    rows: int = 400,
) -> tuple[Event, ...]:
    """One `Evaluated` event an epoch, ten steps each; accuracy is taken equal to macro-F1."""
    best = int(np.argmax(validation_f1))
    return tuple(
        Evaluated(
            step=10 * (i + 1),
            epoch=float(i + 1),
            train={"loss": train_loss[i], "accuracy": 0.99, "macro_f1": 0.99},
            validation={"loss": loss, "accuracy": validation_f1[i], "macro_f1": validation_f1[i]},
            train_rows=rows,
            validation_rows=rows,
            is_best=i == best,
            seconds=1.0,
        )
        for i, loss in enumerate(validation_loss)
    )


def checkpoints(evaluated: str, shipped: str, *, last: str = "last") -> CheckpointFacts:
    """A run whose best weights (`best`, step 40, macro-F1 0.80) came before its last (step 100)."""
    return CheckpointFacts(
        initial="initial",
        best="best",
        last=last,
        evaluated=evaluated,
        shipped=shipped,
        best_step=40,
        last_step=100,
        best_metric=0.80,
        last_metric=0.74,
        metric_name="macro_f1",
    )


def evaluation(n: int, *, floor: float | None = None) -> Evaluation:
    """An evaluation of n test rows; `floor` is the accuracy of the linear rival on them."""
    beside = {} if floor is None else {"tfidf_linear": {"accuracy": Figure(floor, 0.0, 1.0, n)}}
    test = SplitEvaluation(n, 2, {}, {}, ConfusionMatrix(("a", "b"), ((0, 0), (0, 0))), beside)
    return Evaluation({"test": test}, "macro_f1")


def parity(
    explained_by: WayKind | None = "shipped",
    way: str = "the model as it ships",
    *,
    agreement: float = 0.6,
    **facts: Any,
) -> Parity:
    """200 rows answered again; where the shipped model does not explain them, `way` may.

    Args:
        explained_by: kind of the way that gives the recorded answers; None for no way.
        way: its name.
        agreement: share of rows with the recorded label, for the shipped model where it does not
            explain them.
        facts: other fields of the record.
    """
    same = explained_by == "shipped"
    first = Replay(
        "the model as it ships",
        "shipped",
        1.0 if same else agreement,
        1.0 if same else 0.0,
        0.0 if same else 0.3,
        same,
    )
    replays = [first, Replay("the texts in lower case", "text", 0.5, 0.0, 0.3)]
    if explained_by is not None and not same:
        replays.append(Replay(way, explained_by, 1.0, 1.0, 0.0, explains=True))
    stages = {"probabilities": 0 if same else 190, "label": round(200 * (1 - first.agreement))}
    given: dict[str, Any] = {"stages": stages, "first_stage": None if same else "probabilities"}
    return Parity("test", 200, tuple(replays), **(given | facts))
