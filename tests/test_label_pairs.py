"""Two labels that are mixed up: the words, the labels, or the border between them."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.evidence.label_pairs import confused_pairs, label_pairs
from luthier.evidence.out_of_fold import out_of_fold
from luthier.faults import example_evidence as example
from luthier.kit.log_odds import domain_stop_words, label_words, log_odds, term_table
from luthier.kit.pair_verdict import verdict_of
from luthier.kit.terms import terms_of, without_terms
from luthier.records import Figure
from luthier.run_folder import RunFolder


def test_terms_are_words_of_both_scripts_and_languages():
    assert {"申请", "退款"} <= terms_of("我要申请退款!")
    assert {"申請", "退款"} <= terms_of("我要申請退款!")
    assert terms_of("My CARD isn't here") >= {"my", "card", "here"}


def test_hidden_words_are_whole_words():
    assert "card" in without_terms("the cards and the card", {"car"})
    assert "退款" not in without_terms("我要申请退款", {"退款"})


def test_log_odds_of_a_worked_example():
    """Equation 22 of Monroe et al. by hand, two terms."""
    inside, outside = np.array([8.0, 2.0]), np.array([2.0, 8.0])
    everywhere = inside + outside
    prior = 250.0
    delta = np.log((8 + prior) / (510 - 8 - prior)) - np.log((2 + prior) / (510 - 2 - prior))
    expected = delta / np.sqrt(1 / (8 + prior) + 1 / (2 + prior))
    assert log_odds(inside, outside, everywhere) == pytest.approx([expected, -expected])


def test_the_words_of_a_label_are_those_that_tell_it():
    texts = ["请问 退款 什么时候"] * 40 + ["请问 发票 什么时候"] * 40
    labels = np.repeat([0, 1], 40)
    table = term_table(texts)
    words = label_words(table, labels, ("a", "b"), 5)
    assert [word.term for word in words["a"]] == ["退款"]
    assert [word.term for word in words["b"]] == ["发票"]
    assert (words["a"][0].inside, words["a"][0].outside) == (40, 0)


def test_domain_stop_words_are_frequent_everywhere_and_tell_nothing():
    texts = ["请问 退款 什么时候"] * 40 + ["请问 发票 什么时候"] * 40
    stop = domain_stop_words(term_table(texts), np.repeat([0, 1], 40))
    assert "请问" in stop
    assert "退款" not in stop


def test_only_pairs_confused_more_than_evenly_are_looked_at():
    labels = np.repeat(np.arange(4), 100)
    answers = labels.copy()
    answers[:30] = 1  # label 0 is answered as 1
    answers[200:203] = [0, 1, 3]
    names = ("a", "b", "c", "d")
    found = confused_pairs(example.predictions(labels.tolist(), answers.tolist(), names))
    assert [pair.labels for pair in found] == [(0, 1)]
    assert found[0].confused == (30, 0)


@pytest.mark.parametrize(
    ("auc", "sure", "overall", "verdict"),
    [
        (0.52, 0.45, 0.48, "unclear_definition"),
        (0.80, 0.20, 0.22, "wrong_labels"),
        (0.92, 0.00, 0.20, "shared_vocabulary"),
    ],
)
def test_the_three_causes_are_told_apart_by_where_the_errors_lie(auc, sure, overall, verdict):
    said, why = verdict_of(
        Figure(auc, auc - 0.04, auc + 0.04, 400),
        Figure(sure, max(0, sure - 0.05), sure + 0.05, 100),
        Figure(overall, overall - 0.04, overall + 0.04, 400),
    )
    assert said == verdict
    assert f"{auc:.2f}" in why


def test_without_a_word_that_was_weighed_no_shared_words_are_claimed():
    figures = (
        Figure(0.9, 0.86, 0.94, 400),
        Figure(0.0, 0.0, 0.04, 100),
        Figure(0.2, 0.16, 0.24, 400),
    )
    said, why = verdict_of(*figures, words_weighed=False)
    assert said == "cannot_tell"
    assert why.endswith("There are too few rows to weigh single words.")


def test_few_rows_decide_nothing():
    wide = Figure(0.5, 0.0, 1.0, 20)
    assert verdict_of(wide, wide, wide)[0] == "cannot_tell"


@pytest.fixture(scope="module")
def mixed_up():
    """Rows of `退货` and `换货` carry the other's label in one row of four; `发票` is clear."""
    random = np.random.default_rng(0)
    words = {"退货": "我要退货", "换货": "想换一件", "发票": "开张发票"}
    names = tuple(words)
    truth = random.integers(3, size=450)
    tails = ("谢谢", "麻烦你", "请问", "好的", "急用", "在吗")
    texts = [f"{words[names[t]]}{random.choice(tails)}{i}" for i, t in enumerate(truth)]
    swap = (random.random(450) < 0.25) & (truth < 2)
    labels = np.where(swap, 1 - truth, truth)
    opinions = out_of_fold(np.arange(450), texts, labels, names)
    assert opinions is not None
    return label_pairs(opinions, dict(enumerate(texts))), swap


def test_a_dossier_names_the_pair_its_words_and_its_verdict(mixed_up):
    pairs, _ = mixed_up
    assert len(pairs.pairs) == 1
    pair = pairs.pairs[0]
    assert set(pair.labels) == {"退货", "换货"}
    assert pair.verdict == "wrong_labels"
    assert pair.auc.low < pair.auc.value < pair.auc.high
    assert "退货" in [term.term for term in pair.distinctive["退货"]]
    assert pair.question.endswith("?")


def test_the_rows_it_doubts_are_the_swapped_ones(mixed_up):
    pairs, swap = mixed_up
    suspects = list(pairs.pairs[0].suspects)
    assert len(suspects) > 20
    assert swap[suspects].mean() > 0.9


def test_the_closest_texts_have_different_labels(mixed_up):
    pairs, _ = mixed_up
    closest = pairs.pairs[0].closest
    assert closest
    assert all(0 < pair.similarity <= 1 and pair.row != pair.other_row for pair in closest)


def test_dossiers_survive_the_run_folder(mixed_up, tmp_path):
    run = RunFolder(tmp_path)
    run.settings_path.write_text("settings: {}\n", encoding="utf-8")
    run.save_label_pairs(mixed_up[0])
    assert run.label_pairs == mixed_up[0]
