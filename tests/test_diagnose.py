"""Every fault ends in exactly one list, whatever its detector does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from luthier.faults import Fault, all_faults, load_fault
from luthier.faults import example_evidence as example
from luthier.records import (
    Applicability,
    CannotTell,
    Clear,
    Diagnosis,
    FaultInfo,
    Finding,
    Fired,
    Prescription,
)
from luthier.run_folder import RunFolder
from luthier.settings import Settings
from luthier.stages.diagnose import diagnose
from luthier.stages.prescribe import prescribe

ROWS = example.rows(["退款多久到账", "退款多久到账", "怎么开发票"], ["退货", "售后", "发票"])


def a_fault(name, detect, cures=()) -> Fault:
    module = SimpleNamespace(
        FAULT=FaultInfo(name, name.upper(), f"Title of {name}"),
        PLANT=None,
        CASES=(),
        detect=detect,
        prescribe=lambda fired: cures,
        __doc__="A page.",
    )
    return Fault(name, "data", module)


def fires(severity, **measured):
    return lambda rows: Fired("It is there.", severity, measured or {"n": 1})


def raises(rows):
    raise ValueError("first line\nsecond line")


def test_each_outcome_goes_to_its_own_list():
    faults = (
        a_fault("one", fires("low")),
        a_fault("two", lambda rows: Clear("It is not there.", {"n": 0})),
        a_fault("three", lambda rows: CannotTell("Too few rows.", "about 300 rows")),
        a_fault("four", raises),
    )
    diagnosis = diagnose({"rows": ROWS}, faults)
    assert [f.fault for f in diagnosis.fired] == ["one"]
    assert [f.fault for f in diagnosis.clear] == ["two"]
    assert [(f.fault, f.needs) for f in diagnosis.not_checked] == [
        ("three", "Too few rows. Needs about 300 rows.")
    ]
    assert [(f.fault, f.error) for f in diagnosis.crashed] == [("four", "ValueError: first line")]


def test_the_worst_finding_comes_first():
    faults = [a_fault(name, fires(name)) for name in ("note", "high", "low", "medium")]
    found = diagnose({"rows": ROWS}, faults)
    assert [f.severity for f in found.fired] == ["high", "medium", "low", "note"]
    assert found.worst() == "high"


def test_missing_evidence_is_named_with_the_verb_that_makes_it():
    fault = a_fault("needy", lambda rows, history, checkpoints, test_predictions: None)
    (unchecked,) = diagnose({"rows": ROWS, "history": None}, [fault]).not_checked
    assert unchecked.needs == (
        "the history (made by train); the checkpoints (made by train); the test predictions "
        "(made by evaluate)"
    )


def test_with_no_evidence_at_all_nothing_is_called_clean():
    diagnosis = diagnose({})
    assert len(diagnosis.not_checked) == len(all_faults())
    assert diagnosis.worst() is None


@pytest.mark.parametrize(
    ("detect", "part"),
    [
        (lambda rows: None, "TypeError: detect returned NoneType"),
        (lambda rows: Fired("x", "low", {"n": float("nan")}), "ValueError"),
        (lambda rows: Fired("x", "low", {"n": np.int64(1)}), "TypeError"),
        (lambda rows: Fired("x", "awful", {"n": 1}), "ValueError"),
        (lambda probes: Clear("x"), "it asks for unknown evidence: probes"),
    ],
)
def test_an_answer_that_could_not_be_written_down_is_a_crash(detect, part):
    (crashed,) = diagnose({"rows": ROWS}, [a_fault("odd", detect)]).crashed
    assert part in crashed.error


def test_a_cure_that_a_run_has_already_is_not_prescribed():
    cures = (
        Prescription("Ask a teacher.", "why", Applicability.ASK, {"train.teacher": "linear"}),
        Prescription("Look at them.", "why", Applicability.ADVICE),
    )
    fault = a_fault("odd", fires("high"), cures)
    for teacher, left in (("none", cures), ("linear", cures[1:])):
        settings = Settings.model_validate({"train": {"teacher": teacher}})
        (found,) = diagnose({"rows": ROWS, "settings": settings}, [fault]).fired
        assert found.prescription == left


def test_a_finding_whose_prescription_crashes_is_not_lost():
    fault = a_fault("odd", fires("high"))
    fault.module.prescribe = lambda fired: 1 / 0
    (crashed,) = diagnose({"rows": ROWS}, [fault]).crashed
    assert "found: It is there." in crashed.error
    assert "ZeroDivisionError" in crashed.error


def test_a_fault_file_that_cannot_be_imported_is_listed_as_crashed():
    fault = load_fault("luthier.faults.data.no_such_file")
    (crashed,) = diagnose({"rows": ROWS}, [fault]).crashed
    assert crashed.fault == "no_such_file"
    assert "could not be loaded: ModuleNotFoundError" in crashed.error


def test_a_real_diagnosis_survives_the_run_folder(tmp_path):
    evidence = {
        "rows": ROWS,
        "splits": example.splits(["train", "test", "validation"]),
        "checkpoints": example.checkpoints("last", "last"),
    }
    diagnosis = diagnose(evidence)
    assert {
        "conflicting_labels",
        "labels_missing",
        "train_test_duplicates",
        "last_instead_of_best",
    } == {finding.fault for finding in diagnosis.fired}
    run = RunFolder(tmp_path / "run")
    run.create()
    run.settings_path.write_text("{}", encoding="utf-8")
    run.save_diagnosis(diagnosis)
    assert run.diagnosis == diagnosis


def found(severity, *cures) -> Finding:
    return Finding("f", "F", severity, "m", {}, {}, (), cures)


def cure(what, applicability=Applicability.AUTO, why="Because.", **settings) -> Prescription:
    return Prescription(what, why, applicability, {f"train.{k}": v for k, v in settings.items()})


def test_prescriptions_are_ranked_safest_first_then_by_severity():
    ask, advice = Applicability.ASK, Applicability.ADVICE
    diagnosis = Diagnosis(
        fired=(
            found("high", cure("label more", advice), cure("ask high", ask, seed=1)),
            found("low", cure("auto low", weight_decay=0.1)),
            found("medium", cure("auto medium", num_train_epochs=3)),
        )
    )
    ranked, notes = prescribe(diagnosis)
    assert [c.what for c in ranked] == ["auto medium", "auto low", "ask high", "label more"]
    assert notes == ()


def test_what_treats_a_symptom_comes_after_the_cure_of_its_cause():
    advice = Applicability.ADVICE
    symptom = Finding("s", "S", "high", "m", {}, {}, (), (cure("smooth", seed=1),), because=("f",))
    diagnosis = Diagnosis(fired=(symptom, found("low", cure("join the rows", advice))))
    assert [c.what for c in prescribe(diagnosis)[0]] == ["join the rows", "smooth"]


def test_equal_changes_become_one_with_both_reasons():
    diagnosis = Diagnosis(
        fired=(
            found("high", cure("raise decay", why="It overfits.", weight_decay=0.1)),
            found("low", cure("more decay", why="It memorises.", weight_decay=0.1)),
        )
    )
    ((only,), notes) = prescribe(diagnosis)
    assert (only.what, only.why) == ("raise decay", "It overfits. It memorises.")
    assert notes == ()


def test_of_two_contradicting_changes_the_lower_one_is_dropped_with_a_note():
    diagnosis = Diagnosis(
        fired=(
            found("low", cure("Train longer.", num_train_epochs=30)),
            found("high", cure("Train shorter.", num_train_epochs=3)),
        )
    )
    ((only,), (note,)) = prescribe(diagnosis)
    assert only.what == "Train shorter."
    assert note.kind == "dropped"
    assert note.message == (
        "Train longer. Left out: it sets train.num_train_epochs to 30, and another sets it to 3."
    )
