"""Near-duplicates: found where people would see them, not where texts are merely alike."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.kit import near_duplicates
from luthier.kit.near_duplicates import alike_texts, bands_for
from luthier.kit.shingles import common_shingles, shingles


def sentences(n: int, seed: int, words: int = 12) -> list[str]:
    """Made-up Chinese texts of characters drawn at random: none is like another."""
    rng = random.Random(seed)
    return ["".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(2 * words)) for _ in range(n)]


def jaccard(a: str, b: str, size: int) -> float:
    first, second = ({t[i : i + size] for i in range(len(t) - size + 1)} for t in (a, b))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("my card was not accepted at the shop", 5),
        ("我的卡在店里刷不了怎么办", 3),
        ("3月我的card坏了", 3),
    ],
)
def test_a_text_is_cut_into_every_n_gram_once(text, size):
    grams = {text[i : i + size] for i in range(len(text) - size + 1)}
    found = shingles([text, text + text])
    assert found.counts[0] == len(grams)
    assert len(set(found.hashes[: found.counts[0]].tolist())) == len(grams)


def test_texts_beside_each_other_do_not_mix():
    texts = ["", "ab", "我的卡在店里", "my card is lost", "我"]
    alone = [shingles([text]).hashes.tolist() for text in texts]
    together = shingles(texts)
    bounds = zip(together.offsets[:-1], together.offsets[1:], strict=True)
    assert [together.hashes[a:b].tolist() for a, b in bounds] == alone


@settings(derandomize=True, deadline=None, database=None, max_examples=50)
@given(st.text("abc ", min_size=5, max_size=40), st.text("abc ", min_size=5, max_size=40))
def test_likeness_is_the_exact_jaccard(a, b):
    sets = shingles([a, b])
    value = near_duplicates._jaccard(sets, np.array([[0, 1]]))[0]
    assert value == pytest.approx(jaccard(a, b, 5))


@pytest.mark.parametrize("edit", ["！", "啊", " 谢谢"])
def test_a_word_more_at_the_end_is_found_in_chinese(edit):
    texts = sentences(300, 1)
    copies = [text + edit for text in texts[:30]]
    found = alike_texts([*texts, *copies], 0.8)
    assert found.clusters == tuple((i, 300 + i) for i in range(30))


def test_one_letter_changed_is_found_in_english_and_recall_is_as_the_bands_promise():
    rng = random.Random(2)
    texts = ["".join(rng.choice("abcdefghij klmnop") for _ in range(60)) for _ in range(400)]
    copies = [text[:30] + "z" + text[31:] for text in texts]
    likely = [jaccard(" ".join(a.split()), " ".join(b.split()), 5) for a, b in
              zip(texts, copies, strict=True)]  # fmt: skip
    clusters = set(alike_texts([*texts, *copies], 0.8).clusters)
    found = [(i, 400 + i) in clusters for i in range(400)]
    above = [hit for hit, value in zip(found, likely, strict=True) if value >= 0.8]
    assert len(above) > 300
    assert all(above)
    assert not any(hit for hit, value in zip(found, likely, strict=True) if value < 0.8)


def test_texts_that_share_a_subject_are_not_alike():
    texts = ["I have not received my card yet, when will it come?",
             "I have not received my refund yet, where can I ask for it?",
             "my card was stolen and I want it blocked now",
             "my phone was stolen and I want the app blocked now"]  # fmt: skip
    assert alike_texts(texts, 0.8).clusters == ()


def test_a_signature_makes_no_copies():
    end = " -- sent from my phone, please excuse the brevity and any errors in this message"
    texts = [f"{text[:8]}{end}" for text in sentences(200, 3)]
    assert alike_texts(texts, 0.8).clusters == ()
    assert len(common_shingles(texts)) > 50


def test_very_short_texts_are_compared_as_they_are_and_counted():
    found = alike_texts(["好的", "好的。", "好吧", "谢谢", "thanks", "thank"], 0.8)
    assert found.clusters == ((0, 1),)
    assert (found.too_short, found.compared) == (5, 0)


def test_at_one_only_equal_texts_are_alike():
    texts = sentences(50, 4)
    assert alike_texts([*texts, texts[0] + "了", texts[1] + "。"], 1.0).clusters == ((1, 51),)


def test_a_chain_of_texts_is_cut():
    """Each text is like the next, the first and the last have nothing in common."""
    base = sentences(1, 5, words=300)[0]
    chain = [base[i : i + 60] for i in range(0, 500, 4)]
    found = alike_texts([*chain, *sentences(400, 6)], 0.8)
    assert found.broken_up == 1
    assert found.clusters == ()


def test_many_equal_texts_are_no_chain():
    found = alike_texts(
        ["好评，东西很好，物流也很快，下次还会再来买的"] * 300 + sentences(300, 7), 0.8
    )
    assert found.broken_up == 0
    assert len(found.clusters[0]) == 300


def test_the_order_of_the_texts_does_not_matter():
    texts = sentences(200, 8)
    texts += [text[:-1] + "好" for text in texts[::4]]
    order = list(range(len(texts)))
    random.Random(0).shuffle(order)
    straight = {frozenset(cluster) for cluster in alike_texts(texts, 0.8).clusters}
    shuffled = alike_texts([texts[i] for i in order], 0.8).clusters
    assert {frozenset(order[p] for p in cluster) for cluster in shuffled} == straight


def test_nothing_and_half_characters_are_fine():
    assert alike_texts([], 0.8).clusters == ()
    assert alike_texts(["\ud83d broken emoji text here", "", " "], 0.8).clusters == ((1, 2),)


@pytest.mark.parametrize("limit", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_the_bands_find_nearly_all_texts_that_are_just_alike_enough(limit):
    bands, in_band = bands_for(limit)
    assert 1 - (1 - limit**in_band) ** bands >= 0.999


@pytest.mark.parametrize("limit", [0.35, 0.5, 0.6])
def test_half_alike_texts_are_found_where_that_is_asked_for(limit):
    rng = random.Random(1)
    first = sentences(300, 2, words=20)
    second = []
    for text in first:  # the share of new characters at the end that makes them just so alike
        kept = int(len(text) * 2 * (limit + 0.04) / (1 + limit + 0.04)) + 2
        new = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(len(text) - kept))
        second.append(text[:kept] + new)
    likeness = [jaccard(a, b, 3) for a, b in zip(first, second, strict=True)]
    assert limit <= min(likeness)
    assert max(likeness) < limit + 0.1
    clusters = set(alike_texts([*first, *second], limit).clusters)
    found = sum((i, i + 300) in clusters for i in range(300))
    assert found >= 297
