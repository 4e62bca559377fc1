"""faultbench counts what it should, and plants in rows of every kind."""

from __future__ import annotations

import importlib
import runpy
from itertools import pairwise
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    """Import a module of benchmarks/."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def trial(kind="plant", fault="a", outcome=None, **facts):
    said = outcome or {}
    return {
        "kind": kind,
        "fault": fault,
        "second": "",
        "substrate": "made_up",
        "seed": 1,
        "severity": 1,
        "name": "a trial",
        "valid": True,
        "present": [fault],
        "absent": [],
        "order": [name for name, value in said.items() if value.startswith("fired")],
        "outcome": said,
        "rows_named": {},
        "cached": False,
        "seconds": 1.0,
        "doctor_seconds": 0.1,
    } | facts


def declared(scoring, *, fault="a", accept=(), must_not=()):
    return scoring.Declared(fault, "A1", "data", 3, accept, must_not)


def test_a_plant_that_changed_nothing_is_no_trial(bench):
    scoring = bench("scoring")
    trials = [
        trial(outcome={"a": "fired high"}),
        trial(outcome={"a": "fired high"}, valid=False),
        trial(failed="ValueError: too few rows"),
    ]
    record = scoring.of_fault(declared(scoring), trials, "here")
    assert (record["planted"], record["hits"]) == (1, 1)
    notes = scoring.weak_points([declared(scoring)], trials)["a"]
    assert [note.split(" (")[0] for note in notes] == ["did not take", "did not run"]


def test_cannot_tell_is_no_hit_and_no_alarm(bench):
    scoring = bench("scoring")
    trials = [
        trial(outcome={"a": "not_checked: needs 300 more rows"}),
        trial("control", "healthy", {"a": "not_checked: needs rows"}, absent=["a"]),
    ]
    record = scoring.of_fault(declared(scoring), trials, "here")
    assert (record["hits"], record["cannot_tell"], record["false_alarms"]) == (0, 1, 0)
    assert scoring.matrix(trials) == {"a": {scoring.CANNOT_TELL: 1}}


def test_an_alarm_counts_only_where_the_fault_is_known_to_be_absent(bench):
    scoring = bench("scoring")
    trials = [
        trial("control", "healthy 1", {"a": "fired high"}, absent=["a"]),
        trial("control", "healthy 2", {"a": "fired high"}),
    ]
    record = scoring.of_fault(declared(scoring), trials, "here")
    assert (record["healthy"], record["false_alarms"]) == (1, 1)
    rates = scoring.overall([declared(scoring)], trials)["false_findings_per_healthy_run"]
    assert rates == {"high": 0.5, "medium": 0.0, "low": 0.0, "note": 0.0}


def test_an_accepted_fault_on_top_is_a_right_first_answer_but_not_the_strict_one(bench):
    scoring = bench("scoring")
    trials = [trial(outcome={"b": "fired high", "a": "fired low"})]
    figures = scoring.overall([declared(scoring, accept=("b",))], trials)
    assert figures["diagnosis_at_1"][0] == 1.0
    assert figures["diagnosis_at_1_strict"][0] == 0.0
    assert figures["diagnosis_at_3"][0] == 1.0


def test_a_fault_that_the_untouched_real_rows_show_is_not_scored_there(bench):
    scoring = bench("scoring")
    trials = [
        trial("control", "real rows 7", {"a": "fired low"}),
        trial(outcome={"a": "fired low"}),
        trial(outcome={"a": "fired low"}, substrate="other"),
    ]
    assert scoring.found_in_untouched_rows(trials) == {"made_up": {"a"}}
    assert scoring.of_fault(declared(scoring), trials, "here")["planted"] == 1


def test_of_two_faults_at_once_the_missed_one_is_named(bench):
    scoring = bench("scoring")
    figures = scoring.together([trial("together", second="b", outcome={"b": "fired low"})])
    assert (figures["one"], figures["missed"]) == (1, {"a beside b": 1})


def test_clearing_a_fault_in_too_few_rows_is_not_honest(bench):
    scoring = bench("scoring")
    trials = [
        trial("few rows", outcome={"a": "clear"}),
        trial("few rows", outcome={"a": "not_checked: needs more rows"}),
    ]
    figures = scoring.abstention(trials)
    assert figures["honest"][0] == 0.5
    assert figures["wrongly_cleared"] == ["a"]


def test_planted_rows_are_those_that_changed_or_are_new(bench):
    from luthier.faults.example_evidence import rows

    runs = bench("bench_runs")
    before = rows(["good", "bad", "fair"], ["x", "y", "x"])
    after = rows(["good", "bad", "fairer", "good"], ["x", "x", "x", "y"])
    assert runs.planted_rows(after, before) == {1, 2, 3}


def test_no_substrate_is_both_chosen_on_and_reported(bench):
    place = bench("place")
    names = [substrate.name for substrate in place.SUBSTRATES]
    assert len(set(names)) == len(names)
    made_up = [s for s in place.SUBSTRATES if not s.data]
    assert {s.role for s in made_up} == {"choosing", "reported"}
    assert len({s.language for s in made_up}) == len(made_up)
    data = [s.data for s in place.SUBSTRATES if s.data]
    assert len(set(data)) == len(data)
    seeds = sorted(s.first_seed for s in place.SUBSTRATES)
    assert all(after - before >= 10_000 for before, after in pairwise(seeds))


def test_the_languages_share_no_word(bench):
    place, grammar = bench("place"), bench("grammar")
    words = []
    for name in ("first_language", "second_language"):
        with place.planted_at(place.Place(place.substrate_named(name))):
            words.append({*grammar.words_of("han"), *grammar.words_of("latin")})
    assert not words[0] & words[1]


def test_a_fault_is_planted_in_real_rows_and_its_record_is_cached(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_BENCH_CACHE", str(tmp_path))
    runs = bench("bench_runs")
    job = runs.Job("plant", "sample", "conflicting_labels", 50_100, 2)
    result = runs.run_job(job)
    assert not result.get("failed")
    assert result["valid"]
    assert result["outcome"]["conflicting_labels"].startswith("fired")
    named = result["rows_named"]["conflicting_labels"]
    assert named["right"] >= 0.4 * named["named"]  # the row that was copied is named beside it
    again = runs.run_job(job)
    assert again["cached"]
    assert again["outcome"] == result["outcome"]


def test_every_fault_has_its_place_in_the_quick_run_or_a_reason(bench):
    runs, place = bench("bench_runs"), bench("place")
    for fault in runs.measurable():
        operator = runs.operator_of(fault)
        assert (BENCHMARKS / "plants" / f"{operator}.py").exists()
        assert not place.why_not(place.substrate_named("second_language"), operator)
    for operator in place.NEEDS_WORDS | place.NEEDS_TRANSFORMER:
        assert (BENCHMARKS / "plants" / f"{operator}.py").exists()


def test_a_page_shows_what_was_found_at_each_severity(bench):
    scoring = bench("scoring")
    named = {"a": {"named": 4, "right": 3, "planted": 6}}
    trials = [trial(outcome={"a": "fired high"}, severity=2, rows_named=named)]
    record = scoring.of_fault(declared(scoring), trials, "here")
    script = runpy.run_path(str(BENCHMARKS.parent / "scripts" / "gen_fault_docs.py"))
    text = script["measured_in_detail"](record)
    assert "| severity 3, mildest first | 1 of 1 | 2% to 100% |" in text
    assert "severity 2" not in text
    assert "Of the rows that it named, 75% were planted ones." in text


def test_each_missed_target_is_named_with_what_was_seen(bench):
    faultbench = bench("faultbench")
    overall = {
        "recall_middle": [0.84, 0.8, 0.9],
        "diagnosis_at_1": [0.9, 0.8, 1.0],
        "false_findings_per_healthy_run": {"high": 0.2},
    }
    figures = {"reported": {"overall": overall, "exact_checks": [1.0, 0.9, 1.0]}}
    assert faultbench.missed(figures) == [
        "recall_middle: 0.840, wanted 0.85",
        "high: 0.200, wanted 0.1",
    ]
