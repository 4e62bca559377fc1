"""Changed copies of training rows: by words, by seed, and never near validation or test."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.errors import InputError, ModelError, SettingsError
from luthier.journeys.augmenting import with_changed_copies
from luthier.journeys.opening import resolve_settings
from luthier.kit.augment import changed_text, read_synonyms
from luthier.kit.words import words_of
from luthier.records import ModelSource, Rows, Source, Splits
from luthier.settings import AugmentSettings, Settings
from luthier.stages.encode import encode
from luthier.tasks import get_task
from tiny_models import make_tiny_model

TEXT = "我们的快递什么时候可以送到北京的新家 please tell me now"


def change(text: str, kind: str, seed: int = 0, synonyms=None, share: float = 0.2) -> str | None:
    settings = AugmentSettings(change=kind, share=share, synonyms="x" if synonyms else None)
    return changed_text(text, settings, synonyms or {}, np.random.default_rng(seed))


def test_deletion_takes_whole_words_out():
    text = "付款 成功 后 多久 发货 please answer"
    changed = change(text, "delete", share=0.3)
    assert len(changed.split()) == 7 - round(0.3 * 7)
    assert set(changed.split()) <= set(text.split())


def test_chinese_without_spaces_is_changed_by_words_not_by_characters():
    words = words_of("快递什么时候到北京")
    for seed in range(20):
        left = change("快递什么时候到北京", "delete", seed=seed, share=0.01)
        gone = [word for word in words if word not in left]
        assert "快递什么时候到北京".replace(gone[0], "", 1) == left


def test_a_swap_keeps_every_word():
    changed = change("付款 成功 后 多久 发货", "swap")
    assert sorted(changed.split()) == sorted(["付款", "成功", "后", "多久", "发货"])
    assert changed != "付款 成功 后 多久 发货"


def test_synonyms_stand_in_for_words_of_either_script(tmp_path):
    path = tmp_path / "synonyms.txt"
    path.write_text("快递,包裹,快遞\nnow\timmediately\n", encoding="utf-8")
    synonyms = read_synonyms(path)
    changed = change("我的快递呢", "synonyms", synonyms=synonyms)
    assert changed in ("我的包裹呢", "我的快遞呢")
    assert change("Send it NOW", "synonyms", synonyms=synonyms) == "Send it immediately"
    assert change("无关的话", "synonyms", synonyms=synonyms) is None


def masked_model(folder, texts):
    """A tiny model with its pretraining head, and the tokenizer of its vocabulary."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    make_tiny_model(folder, texts)
    config = BertConfig.from_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertForMaskedLM(config).save_pretrained(folder)
    return folder


def test_a_masked_word_is_filled_by_the_model_and_the_rest_stays(tmp_path):
    pytest.importorskip("torch")
    from luthier.models.fill_mask import MaskFiller

    folder = masked_model(tmp_path / "m", [TEXT])
    fill = MaskFiller(ModelSource("m", str(folder)))
    random = np.random.default_rng
    changed = fill("快递 什么 时候 到", [(3, 5)], random(0))
    assert changed.startswith("快递 ")
    assert changed.endswith(" 时候 到")
    assert changed != "快递 什么 时候 到"
    assert changed == fill("快递 什么 时候 到", [(3, 5)], random(0))
    settings = AugmentSettings(change="masked", share=0.5)
    copy = changed_text(TEXT, settings, {}, random(1), fill)
    assert copy != TEXT


def test_a_model_without_the_head_of_its_pretraining_is_refused(tmp_path):
    pytest.importorskip("torch")
    from luthier.models.fill_mask import MaskFiller

    folder = make_tiny_model(tmp_path / "m", [TEXT])
    with pytest.raises(ModelError, match="has no head that fills gaps"):
        MaskFiller(ModelSource("m", str(folder)))


def test_the_same_seed_gives_the_same_copy_and_another_another():
    assert change(TEXT, "delete", seed=1) == change(TEXT, "delete", seed=1)
    assert len({change(TEXT, "delete", seed=s) for s in range(9)}) > 3


def test_a_text_of_one_word_has_no_copy():
    assert change("退款", "delete") is None
    assert change("！！", "swap") is None


def test_a_line_with_one_word_is_named(tmp_path):
    path = tmp_path / "synonyms.txt"
    path.write_text("a,b\nalone\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"synonyms\.txt:2: one word has no synonym"):
        read_synonyms(path)


def test_synonyms_without_a_file_are_refused():
    with pytest.raises(SettingsError, match="needs a file of them"):
        resolve_settings({"augment.change": "synonyms"})


@pytest.fixture
def encoded(tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    texts = [
        "快递 什么 时候 到",
        "我 要 退款 谢谢",
        "会员 积分 怎么 用",
        "什么 时候 快递 到",
        "退款 在 哪里",
    ]
    rows = Rows(
        ids=np.arange(5),
        columns={"text": texts, "label": ["a", "b", "a", "a", "b"]},
        locations=[f"x:{i}" for i in range(5)],
        given_split=[None] * 5,
        source=Source("x", (), 5, {}),
    )
    names = ("train", "train", "train", "validation", "test")
    splits = Splits(rows.ids, names, "given", 0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(make_tiny_model(tmp_path / "m", texts))
    task = get_task("text_classification")

    def run(**augment):
        settings = Settings.model_validate({"augment": augment, "text": {"max_length": 32}})
        parts, _ = encode(rows, splits, task, ("a", "b"), tokenizer, settings.text)
        learned, notes = with_changed_copies(
            *(parts["train"], rows, splits, task, ("a", "b"), tokenizer, settings),
            ModelSource("m", str(tmp_path / "m")),
        )
        return parts["train"], learned, " ".join(note.message for note in notes)

    return run


def test_copies_are_learned_from_with_the_label_of_their_row(encoded):
    train, learned, said = encoded(change="delete", copies=2, share=0.25)
    assert learned.row_ids[:3].tolist() == train.row_ids.tolist() == [0, 1, 2]
    copies = learned.row_ids[3:]
    assert set(copies.tolist()) == {-1, -2, -3}
    assert learned.targets[3:].tolist() == [learned.targets[-1 - i] for i in copies.tolist()]
    assert learned.offsets[-1] == len(learned.flat["input_ids"])
    assert f"{len(copies)} changed copies of training rows were added to learn from (delete" in said


def test_a_copy_that_says_what_a_validation_row_says_is_left_out(encoded):
    for copies in range(1, 20):
        _, learned, said = encoded(change="swap", copies=copies, share=1.0)
        if "left out" in said:
            break
    assert "they say what a validation or test row says" in said
    assert len(learned) > 3


def test_nothing_is_copied_unless_it_is_asked_for(encoded):
    train, learned, said = encoded()
    assert learned is train
    assert said == ""
