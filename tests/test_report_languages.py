"""Languages: no sentence is missing, none is left over, no value is lost, none is translated."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from string import Formatter

import pytest

from fake_runs import make_run
from luthier.cli.main import main
from luthier.cli.terminal import padded
from luthier.faults import all_faults
from luthier.records import CannotTell, Clear, Fired
from luthier.reporting.canvas import wrapped
from luthier.reporting.catalogue import LANGUAGES, catalogue, language_here
from luthier.reporting.fault_page import fault_page
from luthier.reporting.told import spaced
from luthier.stages import report as report_module
from luthier.stages.report import report

CHINESE = [language for language in LANGUAGES if language != "en"]


def _script():
    path = Path(__file__).parents[1] / "scripts" / "messages.py"
    spec = importlib.util.spec_from_file_location("messages", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages"] = module
    spec.loader.exec_module(module)
    return module


messages = _script()
WANTED = {"said": messages.said(), "told": messages.told(), "pages": messages.pages()}


def own(language, part):
    has = catalogue(language)
    return {"said": has.sentences, "told": has.records, "pages": has.pages}[part]


def names_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("part", WANTED)
@pytest.mark.parametrize("language", CHINESE)
def test_no_sentence_is_missing_and_none_is_left_over(language, part):
    assert WANTED[part] - own(language, part).keys() == set(), "missing: scripts/messages.py"
    assert own(language, part).keys() - WANTED[part] == set(), "left over: scripts/messages.py"


@pytest.mark.parametrize("language", CHINESE)
def test_a_translation_keeps_every_value(language):
    """Only a plural that Chinese does without may be left out."""
    plurals = {
        message.key: {
            hole.name
            for hole in message.holes
            if hole.name.startswith("plural")
            or (hole.words and set(hole.words) <= messages.GRAMMAR)
        }
        for message in messages.every_message()
    }
    wrong = set()
    for part in ("said", "told"):
        for english, translated in own(language, part).items():
            kept = names_in(translated)
            if not names_in(english) - plurals.get(english, set()) <= kept <= names_in(english):
                wrong.add(english)
    assert wrong == set()


@pytest.mark.parametrize("part", WANTED)
def test_simplified_has_no_traditional_only_character_and_the_reverse(part):
    data = set("退款退钱退費锟斤拷客服亲")  # in texts that are shown as examples
    simplified = set("".join(own("zh-CN", part).values())) - data
    traditional = set("".join(own("zh-TW", part).values())) - data
    han = re.compile("[\u4e00-\u9fff]")
    only_big5 = {c for c in simplified if han.match(c) and not c.encode("gb2312", "ignore")}
    only_gb = {c for c in traditional if han.match(c) and not c.encode("big5", "ignore")}
    assert (only_big5, only_gb) == (set(), set())


def filled(message) -> tuple[str, dict[str, str]]:
    """A sentence as a record holds it, with a value of its kind in each hole."""
    values = {}
    for number, hole in enumerate(message.holes):
        plain = f"{number + 3},{number}12" if hole.kind == "number" else f"Ω{number}"
        values.setdefault(hole.name, hole.words[0] if hole.words else plain)
    parts = (part if isinstance(part, str) else values[part.name] for part in message.parts)
    return "".join(parts), values


@pytest.mark.parametrize("language", CHINESE)
def test_a_sentence_whose_values_are_filled_in_is_found_again(language):
    say = catalogue(language)
    wrong = {}
    for message in messages.every_message():
        text, values = filled(message)
        if message.key not in say.records:
            continue
        expected = spaced(
            part
            for literal, name, _, kind in Formatter().parse(say.records[message.key])
            for part in (
                literal,
                "" if name is None else say.told(values[name]) if kind else values[name],
            )
        )
        if say.told(text).strip() != expected.strip():
            wrong[text] = say.told(text)
    assert wrong == {}


ENGLISH_PHRASE = re.compile(r"(?<![-\w./'\"])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![-\w./=])")
"""Three words in a row that no setting, command or name would have."""

EXAMPLES = (
    "By which words would a newcomer know?", "its own loss", "Read-only file system",
)  # fmt: skip
"""What stands in the evidence of examples."""


@pytest.mark.parametrize("fault", all_faults(), ids=lambda fault: fault.id)
def test_what_a_fault_says_of_its_cases_is_told_in_chinese(fault):
    say = catalogue("zh-TW")
    said = [fault.info.title]
    for case in fault.module.CASES:
        outcome = fault.module.detect(**case.evidence)
        said.append(outcome.message)
        if isinstance(outcome, CannotTell):
            said.append(outcome.needs)
        if isinstance(outcome, Fired):
            cures = fault.module.prescribe(outcome)
            said += [text for cure in cures for text in (cure.what, cure.why)]
        else:
            assert isinstance(outcome, Clear | CannotTell)
    told = {text: say.told(text) for text in said if not any(e in text for e in EXAMPLES)}
    untold = {text: own for text, own in told.items() if ENGLISH_PHRASE.search(own)}
    assert untold == {}


def test_values_are_data_and_stay_as_they_are():
    say = catalogue("zh-TW")
    assert say.told("Label more training rows of: accuracy, data.") == (
        "為這些標籤多標訓練資料：accuracy, data。"
    )
    assert say.told("a sentence that nobody wrote") == "a sentence that nobody wrote"


def test_sentences_put_together_are_told_each_for_itself():
    say = catalogue("zh-CN")
    told = say.told(
        "Too little of the training was seen. Needs the loss and 100 training answers of the last "
        "steps."
    )
    assert told == "看到的训练过程太少。还需要：损失，以及最后几步的 100 个训练答案。"


def test_the_end_of_a_sentence_inside_another_is_no_value():
    told = catalogue("zh-TW").told(
        "Because the labels stand in another order: Read in another order the answers are right: "
        "accuracy 0.300 becomes 0.800 (sign test on rows that the order was not found on: "
        "p = 1e-05). Answered label -> true label: 会员 -> 退款, 退款 -> 会员."
    )
    assert told == (
        "原因：標籤的順序不同。換一個順序來讀，答案就對了：準確率從 0.300 變成 0.800"
        "（在不是用來找順序的資料上做符號檢定：p = 1e-05）。"
        "答出的標籤 -> 真實標籤：会员 -> 退款, 退款 -> 会员。"
    )


def test_what_a_setting_must_be_is_told_whole_with_a_space_beside_latin_letters():
    say = catalogue("zh-CN")
    told = say.told("must be a whole number of at least 0 and of at most 50, not 'x'")
    assert told == "必须是 0 到 50 之间的整数，不能是 'x'"
    assert say.told("must be one of auto, classic, not 'a'") == (
        "必须是 auto, classic 之一，不能是 'a'"
    )
    assert say.told("701 rows") == "701 条"


def test_the_language_is_that_of_the_locale():
    assert language_here({"LANG": "zh_TW.UTF-8"}) == "zh-TW"
    assert language_here({"LANG": "zh_HK"}) == "zh-TW"
    assert language_here({"LANG": "zh_Hant_TW"}) == "zh-TW"
    assert language_here({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_GB.UTF-8"}) == "zh-CN"
    assert language_here({"LC_MESSAGES": "zh_SG"}) == "zh-CN"
    assert language_here({"LANG": "de_DE.UTF-8"}) == "en"
    assert language_here({"LC_ALL": "C"}) == language_here({}) == "en"


@pytest.mark.parametrize("language", CHINESE)
def test_a_page_in_chinese_says_its_language_and_carries_its_characters(
    tmp_path, monkeypatch, language
):
    monkeypatch.setattr(report_module, "draw_charts", lambda *_: {})
    run, rows = make_run(tmp_path / "run")
    html = report(run, rows, language=language).read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    assert catalogue(language)("Skip to the verdict") in html
    assert "Skip to the verdict" not in html
    assert '<span lang="en">A label too small to judge</span>' in html, "unknown, so marked"
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["sentences"]["Close"] == catalogue(language)("Close")


@pytest.mark.parametrize("language", CHINESE)
def test_the_command_line_speaks_chinese(capsys, language):
    say = catalogue(language)
    assert main(["faults", "--lang", language]) == 0
    assert say.told("Labels in another order") in capsys.readouterr().out
    assert main(["explain", "label_order", "--lang", language]) == 0
    page = capsys.readouterr().out
    assert f"## {say.told('What to do')}" in page
    assert not ENGLISH_PHRASE.search(page)
    assert main(["settings", "--lang", language]) == 0
    assert say.told("peak learning rate") in capsys.readouterr().out


@pytest.mark.parametrize("language", CHINESE)
def test_wrong_input_and_help_are_told_in_chinese(capsys, language):
    say = catalogue(language)
    assert main(["--lang", language, "explain", "miscalibratd"]) == 2
    said = capsys.readouterr().err
    assert say.told("there is no fault 'miscalibratd'") in said
    assert say.told("did you mean 'miscalibrated'?") in said
    with pytest.raises(SystemExit):
        main(["audit", f"--lang={language}", "--help"])
    assert say.told("labelled file or folder") in capsys.readouterr().out


def test_json_stays_english_in_every_language(capsys):
    assert main(["faults", "--json"]) == 0
    english = capsys.readouterr().out
    assert main(["faults", "--json", "--lang", "zh-TW"]) == 0
    assert capsys.readouterr().out == english
    assert main(["explain", "nothing_like_it", "--json", "--lang", "zh-TW"]) == 2
    assert "there is no fault" in json.loads(capsys.readouterr().out)["problems"][0]["what"]


def test_every_fault_page_is_told_whole():
    for fault in all_faults():
        assert not ENGLISH_PHRASE.search(fault_page(fault.page, catalogue("zh-CN"))), fault.id


def test_chinese_takes_two_columns_in_tables_and_captions():
    assert padded("F1", 4) + "|" + padded("準確率", 8) + "|" == "F1  |準確率  |"
    assert wrapped("the rows are few", 9) == ["the rows ", "are few"]
    assert wrapped("測試資料很少，看不出來。", 12) == ["測試資料很", "少，看不出", "來。"]
