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
    LabelOpinions,
    LabelPairs,
    Masking,
    PairDossier,
    PairVerdict,
    Parity,
    Predictions,
    Replay,
    Rows,
    Source,
    SplitEvaluation,
    SplitName,
    Splits,
    Term,
    WayKind,
)


def rows(
    texts: Sequence[str], labels: Sequence[str] | Sequence[tuple[str, ...]] | Sequence[float]
) -> Rows:
    """Rows 0 to n-1 with these texts and labels, as from one CSV file with a header.

    What a label is tells the task: a text, several in a tuple, or a number.
    """
    n = len(texts)
    kind = type(labels[0]) if labels else str
    target = {str: "label", tuple: "labels", float: "number"}[kind]
    return Rows(
        ids=np.arange(n, dtype=np.int64),
        columns={"text": list(texts), target: list(labels)},
        locations=[f"example.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("example.csv", (), n, {"text": "text", target: target}),
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


def opinions(
    n: int, *, contradicted: float, hard: float, model_agrees: bool | None = None
) -> LabelOpinions:
    """Answers for n rows of four labels by a model that did not learn from them.

    Args:
        n: rows.
        contradicted: share of the rows whose label is another than the (sure) answer.
        hard: share of the rows that are not answered surely, and wrongly as often as that says.
        model_agrees: whether a fine-tuned model answers like the linear one, or like the labels;
            None where there is none.
    """
    truth = np.arange(n) % 4
    place = (np.arange(n) * 37 % n) / n
    unsure = place < hard
    labels = np.where(place >= 1 - contradicted, (truth + 1 + np.arange(n) // 4 % 3) % 4, truth)
    answers = np.where(unsure & (np.arange(n) // 4 % 5 < 3), (truth + 1) % 4, truth)
    probabilities = np.where(unsure[:, None], 0.2, 0.01).repeat(4, axis=1)
    probabilities[np.arange(n), answers] = np.where(unsure, 0.4, 0.97)

    def answered(sure: bool) -> Predictions:
        own = probabilities[np.arange(n), labels]
        given = answers if sure else labels
        return Predictions(
            np.arange(n), labels, given, probabilities, -np.log(own), ("a", "b", "c", "d")
        )

    model = None if model_agrees is None else answered(model_agrees)
    return LabelOpinions(answered(sure=True), model)


def label_pairs(verdict: PairVerdict | None) -> LabelPairs:
    """Three labels, of which two are mixed up in a fifth of their rows; None for no such pair."""
    if verdict is None:
        return LabelPairs((), 3)
    told_apart = {"unclear_definition": 0.55, "wrong_labels": 0.8}.get(verdict, 0.9)
    sure = {"unclear_definition": 0.45, "wrong_labels": 0.2}.get(verdict, 0.01)
    pair = PairDossier(
        labels=("退货", "退款"),
        rows=(200, 200),
        confused=(45, 35),
        expected=20.0,
        p_value=1e-9,
        auc=Figure(told_apart, told_apart - 0.05, told_apart + 0.05, 400, "delong"),
        wrong_when_sure=Figure(sure, max(0.0, sure - 0.05), sure + 0.05, 100, "mover"),
        wrong_overall=Figure(0.22, 0.18, 0.26, 400, "wilson"),
        separability=0.1,
        distinctive={"退货": (Term("寄回", 5.1, 40, 2),), "退款": (Term("到账", 6.0, 1, 50),)},
        shared=(Term("申请", 0.2, 60, 58),),
        closest=(),
        masking=Masking(88, 20, 5, 6, 0.004),
        suspects=(3, 1, 4),
        verdict=verdict,
        why="It is so.",
        question="By which words would a newcomer know?",
    )
    return LabelPairs((pair,), 3)
