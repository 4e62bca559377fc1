"""The report's languages: no sentence is missing, none is left over, no value is lost."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import luthier.reporting
from fake_runs import make_run
from luthier.records import SEVERITIES, SPLIT_NAMES, Note
from luthier.records.labels import PairVerdict
from luthier.reporting.catalogue import LANGUAGES, catalogue, language_here
from luthier.reporting.compare_page import DIFFERENCES
from luthier.reporting.page import APPLICABILITY, SECTIONS
from luthier.reporting.payload import sentences_of_script
from luthier.reporting.words import CEILING_TITLES, FLOOR_TITLES, METRIC_TITLES
from luthier.stages import report as report_module
from luthier.stages.report import report

FOLDER = Path(luthier.reporting.__file__).parent
CHINESE = [language for language in LANGUAGES if language != "en"]
ORIGINS = ("default", "recipe", "file", "flag", "measured", "not recorded")
TEXT = r'"((?:[^"\\]|\\.)*)"'


def in_templates() -> set[str]:
    found: set[str] = set()
    for path in (FOLDER / "templates").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(rf"\b_\({TEXT}", text))
        for one, many in re.findall(rf"\b_n\([^\"]*?{TEXT}, {TEXT}", text):
            found |= {one, many}
    return found


def in_code() -> set[str]:
    """What is said by a catalogue, `say("...")` or `say.count(n, "...", "...")`."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _says(node.func):
                texts = (a.value for a in node.args if isinstance(a, ast.Constant))
                found |= {text for text in texts if isinstance(text, str)}
    return found


def _says(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute) and called.attr == "count":
        called = called.value
    return isinstance(called, ast.Name) and called.id == "say"


def from_tables() -> set[str]:
    kinds = get_args(Note.__annotations__["kind"]) or ("guessed", "dropped", "cut", "chosen",
                                                       "skipped", "warning")  # fmt: skip
    return {
        *FLOOR_TITLES.values(), *METRIC_TITLES.values(), *CEILING_TITLES.values(),
        *APPLICABILITY.values(), *SEVERITIES,
        *SPLIT_NAMES, *(title for _, title in SECTIONS), *kinds, *ORIGINS, *get_args(PairVerdict),
        *DIFFERENCES.values(),
    }  # fmt: skip


def every_sentence() -> set[str]:
    return in_templates() | in_code() | from_tables() | set(sentences_of_script())


def names_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", CHINESE)
def test_no_sentence_is_missing_and_none_is_left_over(language):
    sentences = catalogue(language).sentences
    assert every_sentence() - sentences.keys() == set(), "missing"
    assert sentences.keys() - every_sentence() == set(), "left over"


@pytest.mark.parametrize("language", CHINESE)
def test_a_translation_keeps_every_value(language):
    lost = {
        english
        for english, own in catalogue(language).sentences.items()
        if names_in(own) != names_in(english)
    }
    assert lost == set()


def test_simplified_has_no_traditional_only_character_and_the_reverse():
    simplified = "".join(catalogue("zh-CN").sentences.values())
    traditional = "".join(catalogue("zh-TW").sentences.values())
    only_big5 = {
        c for c in simplified if "\u4e00" <= c <= "\u9fff" and not c.encode("gb2312", "ignore")
    }
    only_gb = {
        c for c in traditional if "\u4e00" <= c <= "\u9fff" and not c.encode("big5", "ignore")
    }
    assert (only_big5, only_gb) == (set(), set())


def test_the_language_is_that_of_the_locale():
    assert language_here({"LANG": "zh_TW.UTF-8"}) == "zh-TW"
    assert language_here({"LANG": "zh_HK"}) == "zh-TW"
    assert language_here({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_GB.UTF-8"}) == "zh-CN"
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
    assert '<span lang="en">A label too small to judge</span>' in html
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["sentences"]["Close"] == catalogue(language)("Close")
