"""One answer for everything is seen wherever answers to rows that were not learned from are."""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.faults import get_fault
from luthier.stages.diagnose import diagnose

THIRDS, NAMES = [0, 1, 2] * 40, ("a", "b", "c")
CONSTANT = example.predictions(THIRDS, [0] * 120, NAMES)
VARIED = example.predictions(THIRDS, THIRDS, NAMES)


def finding(**evidence: object):
    found = diagnose(evidence, [get_fault("one_answer")])
    return next(iter(found.fired), None)


def test_test_rows_alone_are_enough() -> None:
    found = finding(test_predictions=CONSTANT)
    assert found is not None
    assert "100.0% of 120 test rows are answered 'a'" in found.message


def test_either_file_is_looked_at_and_validation_rows_go_first() -> None:
    test = finding(validation_predictions=VARIED, test_predictions=CONSTANT)
    assert test is not None
    assert "test rows" in test.message
    assert finding(validation_predictions=VARIED, test_predictions=VARIED) is None
    found = finding(validation_predictions=CONSTANT, test_predictions=VARIED)
    assert found is not None
    assert "validation rows" in found.message


def test_a_file_of_labels_says_nothing_of_texts_that_make_no_difference() -> None:
    case = {c.name: c.evidence for c in get_fault("one_answer").module.CASES}
    found = diagnose(case["one answer, labels without outputs"], [get_fault("one_answer")])
    assert found.fired[0].measured["kind"] == "one_answer"
    assert "makes a difference" not in found.fired[0].message
