"""Outputs of foreign models in the forms that people write them, and what is wrong with them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from luthier.errors import InputError
from luthier.journeys.foreign import ForeignRun, diagnose_foreign

NAMES = ("会员", "退款", "parcel")


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_HOME", str(tmp_path / "home"))


def write(path: Path, header, rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def calibrated(n: int = 200, labels: int = 3, seed: int = 0):
    """Texts, labels and probabilities that promise what they keep."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(labels, 0.4), n).round(4)
    p[:, -1] = (1 - p[:, :-1].sum(axis=1)).round(4)
    p = np.clip(p, 0, 1)
    truth = (rng.random(n)[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(0, labels - 1)
    return [f"第{i}句 text {i}" for i in range(n)], truth, p


def table(path: Path, cell=float, *, order=(0, 1, 2), predicted: bool = True) -> Path:
    """A file of outputs; `order`: the output that stands under each name."""
    texts, truth, p = calibrated()
    told = [NAMES[i] for i in p.argmax(axis=1)]
    header = ["text", "label", *(["prediction"] if predicted else []), *(f"p_{n}" for n in NAMES)]
    rows = [
        [text, NAMES[label], *([said] if predicted else []), *(cell(own[i]) for i in order)]
        for text, label, said, own in zip(texts, truth, told, p, strict=True)
    ]
    return write(path, header, rows)


def changed(path: Path, cells: dict[tuple[int, str], object]) -> Path:
    """The file with other cells; rows count from 0."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for (row, column), cell in cells.items():
        rows[row][column] = str(cell)
    return write(path, list(rows[0]), [list(row.values()) for row in rows])


def two_labels(n: int = 200):
    """Texts, labels (好評, 差評) and the probability of 好評, which sorts after 差評."""
    rng = np.random.default_rng(3)
    p = np.clip(rng.random(n), 0.02, 0.98).round(4)
    truth = ["好評" if y else "差評" for y in rng.random(n) < p]
    return [f"第{i}單" for i in range(n)], truth, p


def messages(result) -> str:
    return "\n".join(note.message for note in result.notes)


def fired(result) -> set[str]:
    """Faults, but for that of few test rows, which these files all have."""
    return {finding.fault for finding in result.diagnosis.fired} - {"test_too_small"}


def calibration_error(result) -> float | None:
    figure = result.evaluation.splits["test"].figures.get("ece")
    return figure and figure.value


def refused(path: Path, **more) -> str:
    with pytest.raises(InputError) as caught:
        diagnose_foreign(ForeignRun(path, **more))
    return str(caught.value)


@pytest.mark.parametrize("cell", [lambda p: round(100 * p, 2), lambda p: f"{100 * p:.2f}%"])
@pytest.mark.parametrize("predicted", [True, False])
def test_percent_is_read_as_probabilities(tmp_path, cell, predicted):
    as_shares = diagnose_foreign(ForeignRun(table(tmp_path / "shares.csv")))
    result = diagnose_foreign(ForeignRun(table(tmp_path / "test.csv", cell, predicted=predicted)))
    assert "the outputs are percent (each row sums to 100)" in messages(result)
    assert fired(result) == fired(as_shares)
    assert calibration_error(result) == pytest.approx(calibration_error(as_shares))
    assert "miscalibrated" in {item.fault for item in result.diagnosis.clear}
    assert result.diagnosis.answers == ()


def test_logits_stay_logits(tmp_path):
    path = table(tmp_path / "test.csv", lambda p: 20 + np.log(p + 1e-3), predicted=False)
    assert "logits (softmax was applied)" in messages(diagnose_foreign(ForeignRun(path)))


@pytest.mark.parametrize("times", [1, 100])
def test_a_score_beside_a_prediction_is_its_confidence(tmp_path, times):
    texts, truth, p = two_labels()
    rows = [
        [text, label, "好評" if x > 0.5 else "差評", times * max(x, 1 - x)]
        for text, label, x in zip(texts, truth, p, strict=True)
    ]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction", "score"], rows)
    result = diagnose_foreign(ForeignRun(path))
    assert "the outputs are the confidence in the prediction" in messages(result)
    assert "another label than that of the highest output" not in messages(result)
    assert fired(result) == set()
    assert "miscalibrated" in {item.fault for item in result.diagnosis.clear}


def test_a_score_of_the_second_label_stays_one_beside_a_prediction(tmp_path):
    texts, truth, p = two_labels()
    rows = [
        [text, label, "好評" if x > 0.9 else "差評", x]
        for text, label, x in zip(texts, truth, p, strict=True)
    ]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction", "score"], rows)
    run = ForeignRun(path, label_names=["差評", "好評"])
    assert "probabilities of the second label" in messages(diagnose_foreign(run))
    assert "miscalibrated" in {item.fault for item in diagnose_foreign(run).diagnosis.clear}


def test_a_lone_confidence_of_three_labels_is_not_used_and_that_is_said(tmp_path):
    texts, truth, p = calibrated()
    rows = [
        [text, NAMES[label], NAMES[own.argmax()], own.max()]
        for text, label, own in zip(texts, truth, p, strict=True)
    ]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction", "score"], rows)
    result = diagnose_foreign(ForeignRun(path))
    assert "No check can use that alone; only the labels are read" in messages(result)
    assert "miscalibrated" in {item.fault for item in result.diagnosis.not_checked}


def test_outputs_of_another_model_are_not_believed(tmp_path):
    rng = np.random.default_rng(5)
    texts, truth, p = calibrated()
    other = rng.permutation(p)
    header = ["text", "label", "prediction", *(f"p_{name}" for name in NAMES)]
    rows = [
        [text, NAMES[label], NAMES[label], *own]
        for text, label, own in zip(texts, truth, other, strict=True)
    ]
    result = diagnose_foreign(ForeignRun(write(tmp_path / "test.csv", header, rows)))
    assert "The outputs are not used, only the predictions" in messages(result)
    assert fired(result) == set()
    assert calibration_error(result) is None


def test_columns_rotated_under_their_names_are_an_order_and_no_calibration(tmp_path):
    result = diagnose_foreign(ForeignRun(table(tmp_path / "test.csv", order=(1, 2, 0))))
    assert fired(result) == {"label_order"}
    finding = next(f for f in result.diagnosis.fired if f.fault == "label_order")
    assert "columns of the outputs stand in another order than the predictions" in finding.message
    mapping = {"会员": "退款", "退款": "parcel", "parcel": "会员"}
    assert finding.measured["mapping"] == mapping
    assert "Give the output columns the names of their labels" in finding.prescription[0].what
    assert "miscalibrated" in {item.fault for item in result.diagnosis.not_checked}
    assert result.diagnosis.answers == ()
    once = [*result.diagnosis.fired, *result.diagnosis.clear, *result.diagnosis.not_checked]
    assert len({item.fault for item in once}) == len(once)


def test_an_assumed_order_that_the_predictions_contradict_is_said_as_a_command(tmp_path):
    path = table(tmp_path / "test.csv")
    text = path.read_text(encoding="utf-8")
    for place, name in enumerate(NAMES):
        text = text.replace(f"p_{name}", f"p_{place}", 1)
    path.write_text(text, encoding="utf-8")
    result = diagnose_foreign(ForeignRun(path))
    finding = next(f for f in result.diagnosis.fired if f.fault == "label_order")
    assert "--label-names '会员,退款,parcel'" in finding.prescription[0].what
    named = diagnose_foreign(ForeignRun(path, label_names=NAMES))
    assert fired(named) == set()
    assert "miscalibrated" in {item.fault for item in named.diagnosis.clear}


@pytest.mark.parametrize("written", [" positive", "POSITIVE", "Ｐositive"])
def test_another_spelling_is_the_same_label_and_is_said(tmp_path, written):
    rows = [
        [f"text {i}", "Positive" if i % 2 else "Negative", written if i % 2 else "negative"]
        for i in range(100)
    ]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    result = diagnose_foreign(ForeignRun(path))
    assert result.evaluation.splits["test"].figures["accuracy"].value == 1.0
    assert fired(result) == set()
    assert f"{written.strip()!r} = 'Positive'" in messages(result)


def test_output_columns_and_label_names_of_another_spelling_are_matched(tmp_path):
    path = table(tmp_path / "test.csv")
    text = path.read_text(encoding="utf-8").replace("p_parcel", "p_Parcel", 1)
    path.write_text(text, encoding="utf-8")
    result = diagnose_foreign(ForeignRun(path))
    assert "'Parcel' = 'parcel'" in messages(result)
    assert "miscalibrated" in {item.fault for item in result.diagnosis.clear}


def test_true_labels_that_differ_in_case_are_kept_apart(tmp_path):
    labels = ("us", "US", "them")
    rows = [[f"text {i}", labels[i % 3], labels[i % 3]] for i in range(90)]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    result = diagnose_foreign(ForeignRun(path))
    assert result.evaluation.splits["test"].figures["accuracy"].value == 1.0
    assert "are kept apart" in messages(result)


def test_a_quantity_is_refused(tmp_path):
    rows = [[f"text {i}", 5 + i / 7, 5 + i / 8] for i in range(1, 60)]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    said = refused(path)
    assert "column 'label' holds a quantity" in said
    assert "luthier workup FILE" in said


def test_a_prediction_that_is_an_output_is_refused_with_the_name_to_give_it(tmp_path):
    texts, truth, p = two_labels()
    path = write(
        tmp_path / "test.csv", ["text", "label", "prediction"], zip(texts, truth, p, strict=True)
    )
    assert "call the column prob_<label>, or score" in refused(path)


def test_several_labels_per_row_are_refused(tmp_path):
    labels = ("a|b", "a", "b")
    rows = [[f"text {i}", labels[i % 2], labels[1 + i % 2]] for i in range(60)]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    assert "there are several labels per row (a|b)" in refused(path)
    assert diagnose_foreign(ForeignRun(path, label_names=["a", "a|b", "b"])).evaluation.splits


def test_several_labels_per_row_are_one_problem_though_the_columns_join_them_differently(tmp_path):
    labels = ["a; b", "b", "a; c", "c", "b; c", "a"]
    header = ["text", "label", "prediction", "prob_a", "prob_b", "prob_c"]
    told = [label.replace("; ", "|") for label in labels]
    rows = [[f"text {i}", labels[i % 6], told[(i + i % 2) % 6], 0.2, 0.3, 0.4] for i in range(60)]
    said = refused(write(tmp_path / "test.csv", header, rows))
    assert "there are several labels per row (a; b)" in said
    assert said.count("test.csv") == 1
    assert "no output column" not in said


def test_the_same_answers_read_in_another_order_are_one_look(tmp_path):
    texts, truth, p = two_labels()
    path = write(
        tmp_path / "test.csv", ["text", "label", "prob"], zip(texts, truth, p, strict=True)
    )
    wrong = ForeignRun(path, label_names=["好評", "差評"])
    for run in (wrong, ForeignRun(path, label_names=["差評", "好評"])):
        assert "test_used_for_choice" not in fired(diagnose_foreign(run))
    ledger = (tmp_path / "home" / "test_set_ledger.jsonl").read_text(encoding="utf-8")
    assert len({json.loads(line)["model_digest"] for line in ledger.splitlines()}) == 1


def test_every_bad_cell_is_named_with_its_line_and_column(tmp_path):
    path = table(tmp_path / "test.csv")
    bad = {(3, "p_退款"): "abc", (5, "p_会员"): "", (7, "p_parcel"): 1.7, (9, "prediction"): ""}
    said = refused(changed(path, bad))
    assert "test.csv:5: p_退款: the output 'abc' is no number" in said
    assert "test.csv:7: p_会员: the output is empty" in said
    assert "test.csv:9: p_parcel: the output 1.7 is not from 0 to 1" in said
    assert "test.csv:11: the prediction is empty" in said


def test_many_bad_rows_are_counted(tmp_path):
    path = changed(table(tmp_path / "test.csv"), {(row, "prediction"): "" for row in range(50)})
    said = refused(path)
    assert said.count("the prediction is empty") == 20
    assert "and 30 more" in said


def test_a_label_without_output_column_is_named(tmp_path):
    path = table(tmp_path / "test.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row[:-1] for row in csv.reader(stream)]
    said = refused(write(path, rows[0], rows[1:]))
    assert "there is no output column for the label 'parcel'" in said
    assert "add the column (p_parcel)" in said


@pytest.mark.parametrize("right", [True, False])
def test_of_a_handful_of_rows_nothing_is_told(tmp_path, right):
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"],
                 [["one text", "a", "a" if right else "b"]])  # fmt: skip
    result = diagnose_foreign(ForeignRun(path))
    assert result.diagnosis.answers == ()
    assert "test rows with a label: 1. From so few" in messages(result)


def test_answers_that_are_all_of_one_label_and_right_are_not_called_bad(tmp_path):
    rows = [[f"text {i}", "a", "a" if i % 20 else "b"] for i in range(200)]
    path = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    assert diagnose_foreign(ForeignRun(path)).diagnosis.answers == ()


# percent that do not sum to 100 -------------------------------------------------------------------


def each_for_itself(path: Path, cell, header=None, labels: int = 3) -> Path:
    """A file of sigmoid outputs: one number per label, whose rows do not sum to 1."""
    rng = np.random.default_rng(11)
    p = rng.dirichlet(np.full(labels, 0.4), 200)
    truth = (rng.random(200)[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(0, labels - 1)
    shares = np.clip(p * rng.uniform(0.6, 1.3, (200, 1)), 0.001, 0.999).round(4)
    header = header or [f"p_{name}" for name in NAMES[:labels]]
    rows = [[f"第{i}句", NAMES[truth[i]], *map(cell, own)] for i, own in enumerate(shares)]
    return write(path, ["text", "label", *header], rows)


@pytest.mark.parametrize("labels", [2, 3])
def test_sigmoid_percent_without_a_sign_are_the_shares_that_they_are(tmp_path, labels):
    shares = each_for_itself(tmp_path / "shares.csv", float, labels=labels)
    for name, cell in (
        ("bare", lambda p: round(100 * p, 2)),
        ("sign", lambda p: f"{100 * p:.2f}%"),
        ("wide", lambda p: f"{100 * p:.2f}％"),
    ):
        path = each_for_itself(tmp_path / f"{name}.csv", cell, labels=labels)
        result = diagnose_foreign(ForeignRun(path))
        assert "the outputs are percent, a number from 0 to 100 for each label" in messages(result)
        expected = calibration_error(diagnose_foreign(ForeignRun(shares)))
        assert calibration_error(result) == pytest.approx(expected)


def test_percent_under_the_bare_names_of_the_labels_are_percent(tmp_path):
    path = each_for_itself(tmp_path / "test.csv", lambda p: round(100 * p, 1), NAMES)
    assert "percent, a number from 0 to 100" in messages(diagnose_foreign(ForeignRun(path)))


def test_percent_in_lists_are_percent(tmp_path):
    wide = each_for_itself(tmp_path / "wide.csv", lambda p: round(100 * p, 1))
    with wide.open(encoding="utf-8", newline="") as stream:
        rows = [[*row[:2], f"[{', '.join(row[2:])}]"] for row in list(csv.reader(stream))[1:]]
    path = write(tmp_path / "test.csv", ["text", "label", "probabilities"], rows)
    run = ForeignRun(path, label_names=NAMES)
    assert "percent, a number from 0 to 100" in messages(diagnose_foreign(run))


@pytest.mark.parametrize(
    ("cell", "header"),
    [
        (lambda p: 60 * (p - 0.2), None),  # below 0
        (lambda p: 160 * p, None),  # above 100
        (lambda p: 100 * p, [f"logit_{name}" for name in NAMES]),  # called logits
    ],
)
def test_logits_are_never_read_as_percent(tmp_path, cell, header):
    result = diagnose_foreign(ForeignRun(each_for_itself(tmp_path / "test.csv", cell, header)))
    assert "the outputs are logits (softmax was applied)" in messages(result)
    assert "percent" not in messages(result)


def test_columns_that_are_no_labels_are_not_read_as_percent(tmp_path):
    path = each_for_itself(tmp_path / "test.csv", lambda p: 100 * p, ["age", "price", "weight"])
    assert "percent" not in messages(diagnose_foreign(ForeignRun(path)))


def test_numbers_that_may_be_logits_or_percent_are_logits_and_the_way_out_is_said(
    tmp_path, snapshot
):
    path = each_for_itself(tmp_path / "test.csv", lambda p: round(25 * p, 2))
    said = messages(diagnose_foreign(ForeignRun(path))).replace(str(tmp_path), "")
    assert said == snapshot


def test_a_slip_among_sigmoid_percent_is_named_with_its_line(tmp_path, snapshot):
    path = each_for_itself(tmp_path / "test.csv", lambda p: round(100 * p, 2))
    cells = {(3, "p_退款"): 873, (5, "p_parcel"): -1}
    said = refused(changed(path, cells))
    assert said.replace(str(tmp_path), "") == snapshot


@pytest.mark.parametrize("times", [1, 100])
def test_a_row_whose_outputs_are_all_0_has_no_answer(tmp_path, times, snapshot):
    path = each_for_itself(tmp_path / "test.csv", lambda p: times * p)
    said = refused(changed(path, {(4, f"p_{name}"): 0 for name in NAMES}))
    assert said.replace(str(tmp_path), "") == snapshot
