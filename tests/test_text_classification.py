"""The task: labels in one order, texts cut as the tokenizer cuts them, losses as in torch."""

import numpy as np
import pytest
import torch

from luthier.errors import InputError, SettingsError
from luthier.models.pretrained import find_model, load_tokenizer
from luthier.records import Rows, Source, Splits
from luthier.settings import TextSettings, TrainSettings
from luthier.stages.encode import encode
from luthier.tasks import get_task, task_names
from tiny_models import make_tiny_model, tiny_rows

TASK = get_task("text_classification")


def rows_of(texts, labels=None) -> Rows:
    n = len(texts)
    return Rows(
        ids=np.arange(n) + 100,
        columns={"text": list(texts), **({} if labels is None else {"label": list(labels)})},
        locations=[f"rows.csv:{line}" for line in range(2, n + 2)],
        given_split=[None] * n,
        source=Source(path="rows.csv", files=(), rows=n, columns={}),
    )


def cut_at(max_length: int, **text) -> TextSettings:
    return TextSettings(max_length=max_length, **text)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny_model(folder, ["你好世界退款請問 hello world refund"])
    return load_tokenizer(find_model(str(folder)))


def test_whole_numbers_are_ordered_as_numbers():
    labels = ["10", "9", "-1", "2", "10"]
    assert TASK.label_names(rows_of("abcde", labels)) == ("-1", "2", "9", "10")


def test_other_labels_are_ordered_by_their_text():
    labels = ["退款", "10", "b", "会员", "b"]
    assert TASK.label_names(rows_of("abcde", labels)) == ("10", "b", "会员", "退款")


def test_a_row_without_a_label_has_no_target():
    assert TASK.targets(rows_of("ab"), ("x",)).tolist() == [-1, -1]
    assert TASK.targets(rows_of("abc", ["y", None, ""]), ("x", "y")).tolist() == [1, -1, -1]


def test_a_label_that_training_lacks_is_named_with_its_line_and_a_near_name():
    with pytest.raises(InputError) as raised:
        TASK.targets(rows_of("abc", ["refund", "Refund", "Refund"]), ("parcel", "refund"))
    assert str(raised.value).startswith(
        "rows.csv:3: the training data have no label 'Refund' (2 rows); did you mean 'refund'?"
    )


@pytest.mark.parametrize("bad", TASK.bad_samples, ids=lambda bad: bad.message_part)
def test_a_row_it_cannot_use_is_named_with_its_line(bad):
    problems = TASK.check(rows_of(bad.columns["text"], bad.columns["label"]))
    assert [p.where for p in problems] == ["rows.csv:3"]
    assert bad.message_part in problems[0].what


def test_good_rows_have_no_problems():
    assert TASK.check(rows_of(TASK.samples["text"], TASK.samples["label"])) == []
    assert TASK.check(rows_of(["0"], ["0"])) == []


def test_encoding_a_long_text_prints_nothing(tokenizer, capfd):
    tokenizer.model_max_length, own = 4, tokenizer.model_max_length
    TASK.encode(rows_of(["你好世界"]), (), tokenizer, cut_at(4))
    tokenizer.model_max_length = own
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("side", ["right", "left"])
def test_texts_are_cut_as_the_tokenizer_cuts_them(tokenizer, side):
    texts = ["你好世界退款請問你好", "hello world", "退款", "世界 hello 你好 refund"]
    tokenizer.truncation_side = side
    try:
        expected = tokenizer(texts, truncation=True, max_length=8)["input_ids"]
    finally:
        tokenizer.truncation_side = "right"
    kept = {"right": "head", "left": "tail"}[side]
    encoded = TASK.encode(rows_of(texts), (), tokenizer, cut_at(8, long_texts=kept))
    assert tokenizer.truncation_side == "right"
    whole = tokenizer(texts)["input_ids"]
    ends = zip(encoded.offsets, encoded.offsets[1:], strict=False)
    assert [encoded.flat["input_ids"][a:b].tolist() for a, b in ends] == expected
    assert encoded.full_lengths.tolist() == [len(ids) for ids in whole]
    assert encoded.truncated.tolist() == [True, True, False, True]


def test_characters_that_the_vocabulary_lacks_are_counted(tokenizer):
    encoded = TASK.encode(rows_of(["你好", "你龘龘", "zzz"]), (), tokenizer, cut_at(16))
    assert encoded.unknown_tokens.tolist() == [0, 2, 1]


def test_encode_says_what_was_cut_and_what_is_unknown(tokenizer):
    rows = rows_of(["你好世界退款請問", "你好", "龘", "退款"], ["a", "b", "a", "b"])
    splits = Splits(rows.ids, ("train", "train", "validation", "test"), "given", 0)
    encoded, notes = encode(rows, splits, TASK, ("a", "b"), tokenizer, cut_at(6))
    assert {split: part.row_ids.tolist() for split, part in encoded.items()} == {
        "train": [100, 101],
        "validation": [102],
        "test": [103],
    }
    assert encoded["train"].targets.tolist() == [0, 1]
    assert [note.message for note in notes] == [
        "1 of 2 train rows are longer than 6 tokens and were cut; the median one loses 4 tokens; "
        "tokens lost by label: 'a' 40%",
        "33.3% of the tokens in validation are unknown to this model's vocabulary; "
        "they occur in 1 of 1 rows",
    ]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_are_those_of_torch(smoothing):
    torch.manual_seed(0)
    logits, targets = torch.randn(7, 4) * 5, torch.tensor([0, 1, 2, 3, 0, 1, 2])
    expected = torch.nn.functional.cross_entropy(
        logits, targets, label_smoothing=smoothing, reduction="none"
    )
    loss = TASK.loss(
        TrainSettings(label_smoothing_factor=smoothing), targets.numpy(), ("a", "b", "c", "d")
    )
    torch.testing.assert_close(loss.each(logits, targets), expected)


def test_answers_are_probabilities_and_unlabelled_rows_have_no_loss(tokenizer):
    encoded = TASK.encode(rows_of("ab", ["y", None]), ("x", "y"), tokenizer, cut_at(8))
    answers = TASK.answers(encoded, np.array([[1000.0, 998.0], [0.0, 1.0]]), ("x", "y"), "d")
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1)
    assert answers.predicted.tolist() == [0, 1]
    np.testing.assert_allclose(answers.loss, [np.log(1 + np.exp(2)), np.nan])
    assert answers.row_ids.tolist() == [100, 101]


def test_an_unknown_task_is_answered_with_the_nearest_name():
    assert "text_classification" in task_names()
    with pytest.raises(SettingsError, match="did you mean 'text_classification'"):
        get_task("text_clasification")


def test_quick_metrics_hold_the_loss_and_every_metric_of_the_task(tokenizer):
    rows = tiny_rows(30)
    names = TASK.label_names(rows)
    encoded = TASK.encode(rows, names, tokenizer, cut_at(16))
    logits = np.random.default_rng(0).normal(size=(30, 3))
    assert set(TASK.metrics) | {"loss"} <= set(
        TASK.quick_metrics(TASK.answers(encoded, logits, names, ""))
    )
