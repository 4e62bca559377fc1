"""Columns that are called like outputs and are none, or hold no number."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from luthier.cli.main import main
from luthier.errors import InputError
from luthier.journeys.foreign import ForeignRun, diagnose_foreign

NAMES = ("會員", "退款", "parcel")
OUTPUTS = [f"prob_{name}" for name in NAMES]


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_HOME", str(tmp_path / "home"))


@pytest.fixture
def rows() -> list[dict[str, object]]:
    """240 rows of a model that keeps what it promises, nine in ten right."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(240):
        own = np.full(3, 0.05)
        own[i % 3 if rng.random() < 0.9 else (i + 1) % 3] = 0.9
        told = {"text": f"第{i}單", "label": NAMES[i % 3], "prediction": NAMES[int(own.argmax())]}
        made.append({**told, **dict(zip(OUTPUTS, own.tolist(), strict=True))})
    return made


def diagnosed(folder: Path, rows: list[dict[str, object]]):
    path = folder / "test.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return diagnose_foreign(ForeignRun(predictions=path))


def said(result) -> str:
    return "\n".join(note.message for note in result.notes)


def serious(result) -> set[str]:
    return {one.fault for one in result.diagnosis.fired if one.severity in ("high", "medium")}


@pytest.mark.parametrize(
    "more",
    [
        {"prob_max": 0.9},
        {"score_len": 12},
        {"prob_max": 0.9, "prob_margin": 0.85, "score_len": 3},
        {"logit_scale": 2.5},
    ],
    ids=["the highest", "another family", "several", "one of another family"],
)
def test_columns_that_are_called_like_outputs_and_of_no_label_are_left_out(tmp_path, rows, more):
    result = diagnosed(tmp_path, [{**row, **more} for row in rows])
    assert f"outputs of the model are in {', '.join(OUTPUTS)}" in said(result)
    assert "probabilities (each row sums to 1)" in said(result)
    assert serious(result) == set()


def test_a_label_without_a_row_keeps_its_column(tmp_path, rows):
    changed = [{**row, "prob_parcel": 0.8 * row["prob_parcel"]} for row in rows]
    for row in changed:
        row["prob_發票"] = 1 - sum(row[name] for name in OUTPUTS)
    assert "prob_發票" in said(diagnosed(tmp_path, changed))


def test_of_two_families_the_one_that_goes_with_the_prediction_is_taken(tmp_path, rows):
    turned = [{f"score_{NAMES[i]}": row[OUTPUTS[i - 1]] for i in range(3)} for row in rows]
    both = [{**other, **row} for other, row in zip(turned, rows, strict=True)]
    result = diagnosed(tmp_path, both)
    assert f"outputs of the model are in {', '.join(OUTPUTS)}" in said(result)
    assert serious(result) == set()


def test_outputs_that_are_all_empty_are_refused_and_not_passed_over(tmp_path, rows, capsys):
    with pytest.raises(InputError) as refused:
        diagnosed(tmp_path, [{**row, **dict.fromkeys(OUTPUTS, "")} for row in rows])
    assert [p.where.rpartition(": ")[2] for p in refused.value.problems] == OUTPUTS
    assert "empty in every row, as NaN is written" in refused.value.problems[0].what
    assert main(["diagnose", "--predictions", str(tmp_path / "test.csv")]) == 2
    assert "find out where the model breaks" in capsys.readouterr().err


def test_outputs_that_are_words_are_refused_with_one_of_them(tmp_path, rows):
    with pytest.raises(InputError, match="outputs are numbers, and here stands '高'"):
        diagnosed(tmp_path, [{**row, **dict.fromkeys(OUTPUTS, "高")} for row in rows])


def test_full_width_digits_are_numbers(tmp_path, rows):
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    changed = [{k: str(v).translate(wide) if k in OUTPUTS else v for k, v in row.items()}
               for row in rows]  # fmt: skip
    figures = [
        diagnosed(tmp_path, made).evaluation.splits["test"].figures for made in (rows, changed)
    ]
    assert figures[0] == figures[1]


def test_a_lone_logit_is_that_of_the_second_of_two_labels(tmp_path, rows):
    made = [
        {"text": row["text"], "label": "nein" if i % 2 else "ja", "logit": 3.0 if i % 2 else -3.0}
        for i, row in enumerate(rows)
    ]
    result = diagnosed(tmp_path, made)
    assert result.evaluation.splits["test"].figures["accuracy"].value == 1.0


def test_one_decimal_is_no_promise_beyond_its_rounding(tmp_path, rows):
    rng = np.random.default_rng(1)
    for i, row in enumerate(rows):
        sure = rng.uniform(0.85, 0.99)
        right = i % 3 if rng.random() < sure else (i + 1) % 3
        own = np.full(3, (1 - sure) / 2)
        own[right] = sure
        row |= dict(zip(OUTPUTS, own.round(1).tolist(), strict=True))
        row["prediction"] = NAMES[right]
    result = diagnosed(tmp_path, rows)
    assert "sigmoid" not in said(result)
    assert serious(result) == set()
    finding = [one for one in result.diagnosis.fired if one.fault == "miscalibrated"]
    assert all(one.measured["temperature"][0] < 2 for one in finding)
