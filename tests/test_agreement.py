"""How far annotators agree: known values, intervals, and what cannot be told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from luthier.journeys.auditing import audit
from luthier.kit.agreement import agreement_of, cohen_kappa, krippendorff_alpha
from luthier.records import Rows, Source

# The data of Krippendorff (2011), section C: four observers, twelve units, "." is missing.
OBSERVERS = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
             ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")  # fmt: skip
UNITS = [
    [label for label in unit if label != "."]
    for unit in zip(*(line.split() for line in OBSERVERS), strict=True)
]
PAIRED = [unit for unit in UNITS if len(unit) > 1]


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def rows_of(triples, **more) -> Rows:
    items, who, labels = zip(*triples, strict=True)
    return Rows(
        ids=np.arange(len(items)),
        columns={"text": [f"text {i}" for i in items], "annotator": who, "label": labels, **more},
        locations=[f"a:{i}" for i in range(len(items))],
        given_split=[None] * len(items),
        source=Source("a", (), len(items), {}),
    )


def test_alpha_of_names_is_the_published_value():
    assert krippendorff_alpha(PAIRED, "label", random()).value == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_numbers_is_the_published_value():
    numbers = [[float(label) for label in unit] for unit in PAIRED]
    assert krippendorff_alpha(numbers, "number", random()).value == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_label_sets_counts_shared_labels_as_part_of_an_agreement():
    alike = [[("a", "b"), ("a", "b")], [("c",), ("c",)]]
    partly = [[("a", "b"), ("a",)], [("c",), ("c",)]]
    apart = [[("a", "b"), ("c",)], [("c",), ("a",)]]
    values = [
        krippendorff_alpha(items, "labels", random()).value for items in (alike, partly, apart)
    ]
    assert values[0] == 1
    assert values[0] > values[1] > values[2]


def test_kappa_is_scikit_learns():
    draw = random()
    one = draw.integers(3, size=80)
    other = np.where(draw.random(80) < 0.7, one, draw.integers(3, size=80))
    figure = cohen_kappa(one.tolist(), other.tolist(), random())
    assert figure.value == pytest.approx(cohen_kappa_score(one, other))
    assert figure.low < figure.value < figure.high
    assert figure.n == 80


def test_the_interval_of_alpha_covers_the_truth_as_often_as_it_says():
    """Two people who each keep the true label with 0.9 and else draw one of four."""
    draw, hits, trials = np.random.default_rng(1), 0, 60
    kept = 0.9**2 + (1 - 0.9**2) / 4
    truth = (kept - 0.25) / 0.75  # both labels have equal shares, so chance agrees in a quarter
    for _ in range(trials):
        true = draw.integers(4, size=100)
        said = [np.where(draw.random(100) < 0.9, true, draw.integers(4, size=100)) for _ in "ab"]
        figure = krippendorff_alpha(np.stack(said, axis=1).tolist(), "label", draw)
        hits += figure.low <= truth <= figure.high
    assert hits / trials >= 0.85


def test_the_audit_says_how_far_annotators_agree(tmp_path: Path):
    path = tmp_path / "data.csv"
    lines = ["id,text,label,annotator"]
    for number in range(30):
        true = "甲乙"[number % 2]
        wrong = "乙甲"[number % 2] if number < 3 else true
        lines += [f"{number},第{number}条,{true},li", f"{number},第{number}条,{wrong},wang"]
    path.write_text("\n".join(lines), encoding="utf-8")
    result = audit(path, settings={"id_column": "id"}).audit
    assert result.agreement.items == 30
    assert result.agreement.annotators == 2
    assert result.agreement.kappas["li and wang"].value == pytest.approx(0.8)
    assert result.agreement.alpha.low < result.agreement.alpha.value < 1


def test_items_are_known_by_their_text_where_no_column_names_them():
    triples = [("x", "li", "a"), ("x", "wang", "a"), ("y", "li", "b"), ("y", "wang", "a")]
    found, _ = agreement_of(rows_of(triples))
    assert found.items == 2


def test_labels_given_twice_by_one_person_count_once_and_are_said():
    triples = [("x", "li", "a"), ("x", "li", "b"), ("x", "wang", "a"), ("y", "li", "b")]
    _, notes = agreement_of(rows_of([*triples, ("y", "wang", "b")]))
    assert "labels given again by the same person: 1;" in notes[0].message


def test_without_shared_items_it_is_said_what_would_tell():
    found, notes = agreement_of(rows_of([("x", "li", "a"), ("y", "wang", "b")]))
    assert found is None
    assert "agreement cannot be told; 100 items labelled by a second person" in notes[0].message


def test_one_label_alone_tells_nothing():
    found, notes = agreement_of(rows_of([("x", "li", "a"), ("x", "wang", "a")]))
    assert found is None
    assert "all carry one and the same label, so agreement cannot be told" in notes[0].message
