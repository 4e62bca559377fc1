"""Cleaning of texts: each step does what it says, and the same in training and in prediction."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.errors import InputError
from luthier.kit.normalise import normaliser_of
from luthier.kit.parity_class import beyond_plain, parity_class
from luthier.kit.stop_words import own_words, words_in_place_of_file
from luthier.kit.words import pieces_of, words_of
from luthier.settings import Settings, TextSettings
from shop_csv import shop


def cleaned(text: str, **settings) -> str:
    return normaliser_of(TextSettings(**settings))(text)


def test_nothing_is_done_unless_it_is_asked_for():
    clean = normaliser_of(TextSettings())
    assert not clean
    assert clean("Ａ <b>&amp;</b>  臺灣") == "Ａ <b>&amp;</b>  臺灣"


@pytest.mark.parametrize(
    ("settings", "before", "after"),
    [
        ({"unicode_form": "NFKC"}, "Ｈｅｌｌｏ，ﬁne ①", "Hello,fine 1"),
        ({"unicode_form": "NFC"}, unicodedata.normalize("NFD", "é"), "é"),
        ({"half_width": True}, "价格：１００元（ＯＫ）　好", "价格:100元(OK) 好"),
        ({"half_width": True}, "「退款」、。", "「退款」、。"),
        ({"html": "unescape"}, "a &lt; b &amp;&nbsp;c <b>", "a < b &\xa0c <b>"),
        ({"html": "strip"}, "<p>很好</p><p>真的<br/>好</p>", "很好 真的 好"),
        ({"html": "strip"}, "3 < 5 &amp; 7 > 5", "3 < 5 & 7 > 5"),
        ({"html": "strip"}, "看<script>alert(1)</script>这里<!-- x --> &#33;", "看这里 !"),
        ({"chinese_script": "simplified"}, "請問頭髮乾燥怎麼辦", "请问头发干燥怎么办"),
        ({"chinese_script": "traditional"}, "头发干燥，发现", "頭髮乾燥，發現"),
        ({"do_lower_case": True}, "Wi-Fi 坏了 ÄÖ", "wi-fi 坏了 äö"),
        ({"collapse_spaces": True}, "  a \n\t b\u3000c ", "a b c"),
        ({"stop_words": "en"}, "I do not want the refund", "not want refund"),
        ({"stop_words": "zh"}, "我们的这个柜子是坏的", "柜子坏"),
        ({"stop_words": "zh"}, "目的地不对", "目的地不对"),
        ({"domain_stop_words": "客服,亲,小姐姐"}, "亲，客服小姐姐在吗", "，在吗"),
        ({"domain_stop_words": "acme"}, "ACME acmeville works", "acmeville works"),
    ],
)
def test_each_step_does_what_it_says(settings, before, after):
    assert cleaned(before, **settings) == after


def test_steps_come_in_an_order_in_which_each_sees_the_result_of_the_one_before():
    settings = {"html": "strip", "half_width": True, "chinese_script": "simplified"}
    assert cleaned(
        "<i>Ｗｉｆｉ</i>&nbsp;壞了", do_lower_case=True, collapse_spaces=True, **settings
    ) == ("wifi 坏了")


def test_a_text_of_nothing_but_stop_words_stays_as_it_was():
    assert cleaned("我 的", stop_words="zh") == "我 的"
    assert cleaned("<br>", html="strip") == "<br>"


@given(st.text(max_size=40))
def test_pieces_joined_are_the_text(text):
    assert "".join(pieces_of(text)) == text


def test_words_are_those_of_either_script_and_language():
    assert words_of("申请退款, please!") == ["申请", "退款", "please"]
    assert words_of("don't e-mail me") == ["don't", "e-mail", "me"]
    assert "小姐姐客服" in words_of("找小姐姐客服", frozenset({"小姐姐客服"}))


def test_words_of_the_trade_come_from_a_list_or_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("客服\n亲\n\n", encoding="utf-8")
    assert own_words(words_in_place_of_file(str(path))) == {"客服", "亲"}
    assert words_in_place_of_file("客服，亲") == "客服，亲"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no words"):
        words_in_place_of_file(str(path))
    path.write_bytes("客服".encode("gb18030"))
    with pytest.raises(InputError, match="cannot be read as UTF-8"):
        words_in_place_of_file(str(path))


def test_what_a_stock_model_cannot_hold_is_named():
    plain = Settings()
    assert parity_class(plain) == "plain"
    clean = Settings.model_validate({"text": {"half_width": True}})
    assert parity_class(clean) == "needs_luthier"
    assert beyond_plain(clean) == ("texts are cleaned first: full-width signs as half-width",)


FRESH = """
import json, sys
import luthier
answers = luthier.predict(sys.argv[1], json.loads(sys.argv[2]))
print(json.dumps([answers.label_names[i] for i in answers.predicted], ensure_ascii=False))
"""


@pytest.mark.slow
def test_a_cleaned_run_answers_raw_and_clean_texts_alike_in_a_fresh_process(tmp_path, monkeypatch):
    import luthier

    monkeypatch.chdir(tmp_path)
    data, model = shop(tmp_path, rows=90)
    (tmp_path / "words.txt").write_text("谢谢\n", encoding="utf-8")
    settings = {
        "model.name_or_path": str(model),
        "text.max_length": 32,
        "text.half_width": True,
        "text.html": "strip",
        "text.domain_stop_words": "words.txt",
        "train.num_train_epochs": 1,
        "train.threads": 1,
        "evaluate.bootstrap_samples": 100,
        "evaluate.floors": False,
    }
    heard = []
    run = luthier.workup(
        data, run_dir=tmp_path / "run", settings=settings, until="train", listen=heard.append
    )
    said = " ".join(str(event) for event in heard)
    assert "texts are cleaned before the model reads them, here and in prediction" in said
    manifest = json.loads((run.path / "model" / "luthier.json").read_text(encoding="utf-8"))
    assert manifest["parity_class"] == "needs_luthier"
    assert manifest["text"]["domain_stop_words"] == "谢谢"
    (tmp_path / "words.txt").unlink()  # the run holds the words itself
    plain = ["请问退款parcel", "会员member points"]
    dressed = ["<b>请问退款</b>谢谢ｐａｒｃｅｌ", "会员ｍｅｍｂｅｒ&nbsp;points"]
    assert [*run.predict(dressed).probabilities[0]] == [*run.predict(plain).probabilities[0]]
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(run.path), json.dumps(dressed)],
        capture_output=True,
        text=True,
        check=True,
        env={**__import__("os").environ, "PYTHONPATH": str(Path(luthier.__file__).parents[1])},
    )
    here = run.predict(dressed)
    assert json.loads(done.stdout) == [here.label_names[i] for i in here.predicted]
