"""The cheap linear model: exact out of fold, and good enough to ask; drift told from chance."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.kit.drift_test import tell_apart
from luthier.kit.ridge_probe import PENALTY, RidgeProbe, Weights, folds_of, one_hot
from luthier.kit.shingles import NGRAMS, ngram_counts

WORDS = ["快递", "退货", "发票", "会员", "积分", "售后", "card", "phone", "lamp", "chair", "table"]


def texts_of(n: int, seed: int, extra: tuple[str, ...] = ()) -> list[str]:
    rng = np.random.default_rng(seed)
    pool = [*WORDS, *extra]
    return [" ".join(rng.choice(pool, 7)) for _ in range(n)]


def labelled(n: int, seed: int) -> tuple[list[str], list[str]]:
    texts = texts_of(n, seed)
    return texts, ["shop" if "退货" in text else "home" for text in texts]


@pytest.mark.parametrize("text", ["退货吗", "a card", "Ａ!"])
def test_every_n_gram_of_a_text_is_counted(text):
    padded = f" {text.lower()} "
    expected = [padded[i : i + n] for n in NGRAMS for i in range(len(padded) - n + 1)]
    counts = ngram_counts([text, text, ""], 2**18).toarray()
    assert counts[0].sum() == len(expected)
    assert sorted(counts[0][counts[0] > 0]) == sorted(np.unique(expected, return_counts=True)[1])
    assert (counts[0] == counts[1]).all()


def test_the_answers_are_those_of_a_model_that_has_not_seen_the_row():
    texts, labels = labelled(80, 0)
    features = Weights.of(texts).features(texts)
    folds = folds_of(80)
    targets, _ = one_hot(labels)
    probe = RidgeProbe(features, folds)
    answers = probe.out_of_fold(targets)
    for fold in range(5):
        held, rest = folds == fold, folds != fold
        kernel = (features[rest] @ features[rest].T).toarray() + PENALTY * np.eye(rest.sum())
        weights = features[rest].T @ np.linalg.solve(kernel, targets[rest])
        assert answers[held] == pytest.approx(features[held] @ weights)
        other = Weights.of(texts).features([text[:5] for text in texts])[held]
        changed = probe.answers_to(other, np.flatnonzero(held), targets)
        assert changed == pytest.approx(other @ weights)


def test_it_learns_what_a_word_tells():
    texts, labels = labelled(300, 1)
    targets, names = one_hot(labels)
    answers = RidgeProbe(Weights.of(texts).features(texts), folds_of(300)).out_of_fold(targets)
    right = np.mean([names[i] == x for i, x in zip(answers.argmax(axis=1), labels, strict=True)])
    assert right > 0.9


def test_alike_rows_are_in_one_fold():
    folds = folds_of(100, [(0, 50, 99), (3, 4)])
    assert len({folds[0], folds[50], folds[99]}) == 1
    assert folds[3] == folds[4]
    assert set(folds.tolist()) == set(range(5))


def test_other_texts_are_told_apart():
    texts = [*texts_of(200, 2), *texts_of(80, 3, ("mirror", "镜子", "pillow"))]
    second = np.arange(280) >= 200
    found = tell_apart(texts, second, ["a", "b"] * 140)
    assert found.p == pytest.approx(1 / 500)
    assert found.effect > 0.1
    assert found.scores[second].mean() > found.scores[~second].mean()


def test_the_same_texts_are_not_told_apart_more_often_than_chance_allows():
    second = np.arange(120) >= 80
    found = [tell_apart(texts_of(120, 10 + s), second, ["a"] * 120, s).p for s in range(12)]
    assert sum(p < 0.05 for p in found) <= 3


def test_other_shares_of_the_labels_alone_are_no_drift():
    texts, labels = labelled(2000, 4)
    shop = [i for i, label in enumerate(labels) if label == "shop"]
    home = [i for i, label in enumerate(labels) if label == "home"]
    at = [*shop[:60], *home[:140], *shop[60:160], *home[140:150]]
    second = np.arange(len(at)) >= 200
    found = tell_apart([texts[i] for i in at], second, [labels[i] for i in at])
    assert found.p > 0.01 or found.effect < 0.1
