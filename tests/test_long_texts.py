"""Texts longer than the model reads: what is kept, what is said, windows that become one row."""

import numpy as np
import pytest
import torch

from luthier.engines.forward import pool_windows, row_logits
from luthier.engines.local import LocalEngine
from luthier.errors import SettingsError
from luthier.kit.batching import pad, padded_tokens
from luthier.models.pretrained import find_model, load_classifier, load_tokenizer
from luthier.records import Rows, Source, Splits
from luthier.settings import ModelSettings, Settings, TextSettings
from luthier.stages.encode import encode
from luthier.tasks import get_task
from tiny_models import make_tiny_model

TASK = get_task("text_classification")
LONG = "甲乙丙丁戊己庚辛壬癸子丑寅卯"  # fourteen characters, each a token
TEXTS = [LONG, "甲乙", LONG[:7], LONG * 2]
LABELS = ["a", "b", "b", "a"]
CPU = torch.device("cpu")


def rows_of(texts, labels=LABELS) -> Rows:
    n = len(texts)
    return Rows(
        ids=np.arange(n),
        columns={"text": list(texts), "label": list(labels)},
        locations=[f"rows.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("rows.csv", (), n, {}),
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return find_model(str(make_tiny_model(tmp_path_factory.mktemp("tiny") / "m", [LONG])))


@pytest.fixture(scope="module")
def tokenizer(source):
    return load_tokenizer(source)


def read(tokenizer, **text):
    encoded = TASK.encode(rows_of(TEXTS), ("a", "b"), tokenizer, TextSettings(**text))
    return encoded, *tokens_of(tokenizer, encoded)


def tokens_of(tokenizer, encoded):
    starts, lengths, owner = encoded.sequences(np.arange(len(TEXTS)))
    ids = encoded.flat["input_ids"]
    tokens = [
        "".join(t.removeprefix("##") for t in tokenizer.convert_ids_to_tokens(ids[a : a + n]))
        for a, n in zip(starts, lengths, strict=True)
    ]
    return [t.replace("[CLS]", "<").replace("[SEP]", ">") for t in tokens], owner


def test_the_head_the_tail_or_both_are_kept(tokenizer):
    head = read(tokenizer, max_length=10, long_texts="head")[1]
    tail = read(tokenizer, max_length=10, long_texts="tail")[1]
    both = read(tokenizer, max_length=10, long_texts="head_tail")[1]
    assert head[0] == f"<{LONG[:8]}>"
    assert tail[0] == f"<{LONG[-8:]}>"
    assert both[0] == f"<{LONG[:2]}{LONG[-6:]}>"  # a quarter from the head
    assert head[1:3] == tail[1:3] == both[1:3] == ["<甲乙>", f"<{LONG[:7]}>"]


def test_windows_cover_the_whole_text_and_share_tokens(tokenizer):
    encoded, tokens, owner = read(tokenizer, max_length=10, long_texts="windows", stride=3)
    assert tokens[:2] == [f"<{LONG[:8]}>", f"<{LONG[5:13]}>"]
    assert tokens[2] == f"<{LONG[10:]}>"
    assert owner.tolist() == [0, 0, 0, 1, 2, 3, 3, 3, 3, 3]
    assert encoded.lost_tokens.tolist() == [0, 0, 0, 0]
    assert encoded.full_lengths.tolist() == [16, 4, 9, 30]
    assert encoded.lengths.sum() == len(encoded.flat["input_ids"])


def test_what_lies_behind_the_last_window_is_counted(tokenizer):
    encoded, tokens, _ = read(
        tokenizer, max_length=10, long_texts="windows", stride=3, max_windows=2
    )
    assert len(tokens) == 6
    assert encoded.lost_tokens.tolist() == [1, 0, 0, 15]
    assert encoded.truncated.tolist() == [True, False, False, True]


def test_rows_taken_out_keep_their_windows(tokenizer):
    encoded, _, _ = read(tokenizer, max_length=10, long_texts="windows", stride=3)
    some = encoded.take(np.array([3, 1, 0]))
    for place, row in enumerate([3, 1, 0]):
        one = pad(some, np.array([place]), {})["input_ids"]
        np.testing.assert_array_equal(one, pad(encoded, np.array([row]), {})["input_ids"])
    assert some.lost_tokens.tolist() == encoded.lost_tokens[[3, 1, 0]].tolist()
    assert padded_tokens(encoded, np.array([0, 1])) == 4 * 10


def test_some_windows_of_each_text_are_drawn_anew_for_every_epoch(tokenizer):
    encoded, whole, owner = read(tokenizer, max_length=10, long_texts="windows", stride=3)
    every = [{text for text, row in zip(whole, owner, strict=True) if row == i} for i in range(4)]
    drawn = [tokens_of(tokenizer, encoded.with_few_windows(2, (0, epoch))) for epoch in range(9)]
    for texts, rows in drawn:
        assert [list(rows).count(i) for i in range(4)] == [min(2, len(own)) for own in every]
        assert all(text in every[row] for text, row in zip(texts, rows, strict=True))
    assert {text for texts, _ in drawn for text in texts} == set(whole)
    same = encoded.with_few_windows(99, (0, 0))
    assert tokens_of(tokenizer, same)[0] == whole


def test_windows_that_leave_no_room_are_one_clear_message(tokenizer):
    with pytest.raises(SettingsError, match="holds only 8 tokens of text"):
        read(tokenizer, max_length=10, long_texts="windows", stride=8)


def test_two_texts_cannot_be_read_in_windows(tokenizer):
    rows = rows_of(TEXTS)
    pairs = Rows(
        rows.ids,
        {**rows.columns, "text_pair": TEXTS},
        rows.locations,
        rows.given_split,
        rows.source,
    )
    head = TASK.encode(pairs, ("a", "b"), tokenizer, TextSettings(max_length=12))
    assert set(head.flat["token_type_ids"].tolist()) == {0, 1}
    windows = TextSettings(max_length=12, long_texts="windows", stride=2)
    with pytest.raises(SettingsError, match="windows cannot read two texts together"):
        TASK.encode(pairs, ("a", "b"), tokenizer, windows)


def test_logits_of_windows_are_pooled_by_row():
    logits = torch.tensor([[1.0, 0.0], [3.0, -2.0], [5.0, 5.0]], requires_grad=True)
    owner = torch.tensor([0, 0, 1])
    mean = pool_windows(logits, owner, 2, "mean")
    assert mean.tolist() == [[2.0, -1.0], [5.0, 5.0]]
    assert pool_windows(logits, owner, 2, "max").tolist() == [[3.0, 0.0], [5.0, 5.0]]
    mean[0].sum().backward()
    assert logits.grad.tolist() == [[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(source, tokenizer, pooling):
    text = {"max_length": 10, "long_texts": "windows", "stride": 3, "window_pooling": pooling}
    settings = Settings.model_validate({"text": text})
    encoded, _, _ = read(tokenizer, **text)
    model = load_classifier(source, ("a", "b"), ModelSettings(), 10).eval()
    together = LocalEngine().logits(model, encoded, settings)
    for row in range(len(TEXTS)):
        alone = row_logits(model, encoded, np.array([row]), CPU, settings)
        np.testing.assert_allclose(together[row], alone[0].detach().numpy(), atol=1e-5)
        windows = [
            model(input_ids=torch.from_numpy(encoded.flat["input_ids"][a : a + n])[None]).logits
            for a, n, _ in zip(*encoded.sequences(np.array([row])), strict=True)
        ]
        stacked = torch.cat(windows)
        expected = stacked.mean(0) if pooling == "mean" else stacked.max(0).values
        np.testing.assert_allclose(alone[0].detach(), expected.detach(), atol=1e-5)


def test_how_much_of_each_label_was_cut_is_said(tokenizer):
    rows = rows_of(TEXTS)
    splits = Splits(rows.ids, ("train",) * 4, "given", 0)
    text = TextSettings(max_length=8, long_texts="head_tail")
    _, notes = encode(rows, splits, TASK, ("a", "b"), tokenizer, text)
    assert [note.message for note in notes] == [
        "3 of 4 train rows are longer than 8 tokens and were cut in the middle; the median one "
        "loses 8 tokens; tokens lost by label: 'a' 65%, 'b' 8%"
    ]
    windows = TextSettings(max_length=8, long_texts="windows", stride=2)
    _, notes = encode(rows, splits, TASK, ("a", "b"), tokenizer, windows)
    assert [note.message for note in notes] == [
        "3 of 4 train rows are longer than 8 tokens and are read in windows: 13 windows in all"
    ]
