"""What a run tells is told in Chinese to its end: its records, and what is said on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import luthier
from luthier.journeys.summaries import REASONS, how_it_ended
from luthier.recipes import PlanFacts, auto
from luthier.records import StageEnded, StageSaid, Stopped
from luthier.reporting.catalogue import LANGUAGES, catalogue
from shop_csv import shop

CHINESE = [language for language in LANGUAGES if language != "en"]
ENGLISH_PHRASE = re.compile(r"(?<![-\w./'\"])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![-\w./=])")
"""Three words in a row that no setting, command or name would have."""
NOT_TOLD = {"text", "label", "command", "hardware", "versions", "fault", "path"}
"""Keys of what the reader wrote, typed or owns."""


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in NOT_TOLD:
                yield from texts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every text of the run's records, and every note and summary of the way there."""
    folder = tmp_path_factory.mktemp("shop")
    data, model = shop(folder)
    settings = {
        "model.name_or_path": str(model),
        "train.time_budget": "3s",
        "evaluate.bootstrap_samples": 100,
    }
    heard: list[str] = []

    def listen(progress: object) -> None:
        if isinstance(progress, StageSaid):
            heard.append(progress.note.message)
        if isinstance(progress, StageEnded):
            heard.append(progress.summary)

    run = luthier.workup(data, run_dir=folder / "run", settings=settings, listen=listen)
    found = set(heard)
    for path in run.path.glob("*.json"):
        found.update(texts_in(json.loads(path.read_text(encoding="utf-8"))))
    for line in (run.path / "history.jsonl").read_text(encoding="utf-8").splitlines():
        found.update(texts_in(json.loads(line)))
    found.update(texts_in(yaml.safe_load((run.path / "run.yaml").read_text(encoding="utf-8"))))
    return {text for text in found if str(folder) not in text}


@pytest.mark.parametrize("language", CHINESE)
def test_no_sentence_of_a_run_stays_english(said, language):
    say = catalogue(language)
    told = {text: say.told(text) for text in said}
    assert sum(own != text for text, own in told.items()) > 50
    assert {text: own for text, own in told.items() if ENGLISH_PHRASE.search(own)} == {}


@pytest.mark.parametrize("language", CHINESE)
@pytest.mark.parametrize("parameters", [5_000_000, 90_000_000, 400_000_000])
@pytest.mark.parametrize("length", [40.0, 388.0, 5000.0])
def test_what_a_recipe_chose_is_told_with_its_reason_in_brackets(language, parameters, length):
    facts = PlanFacts(400, 7, parameters, 512, length, on_accelerator=False)
    say, choice = catalogue(language), auto(facts)
    for name, value in choice.values.items():
        own = say.told(f"{name} = {value} ({choice.reasons[name]})")
        assert own.startswith(f"{name} = {value}（")
        assert own.endswith("）")
        assert not ENGLISH_PHRASE.search(own)


@pytest.mark.parametrize("reason", REASONS)
def test_why_training_ended_is_told(reason):
    ended = how_it_ended(Stopped(109, 8.38, reason, 91, 7, 0.687, "macro_f1"))
    own = catalogue("zh-TW").told(ended)
    assert own.startswith("最佳為第 91 步（第 7 輪），驗證巨集平均 F1 0.687，結束原因：")
    assert not re.search(r"[a-z]{3}", own)


def test_sentences_with_brackets_and_lists_inside_are_told_to_their_end():
    say = catalogue("zh-TW")
    told = {
        "model.strategy = frozen (recipe auto: too slow here otherwise (full: 2.06 s a step, 1.0 "
        "epochs in 30s; partial: 1.51 s a step, 1.0 epochs in 30s))":
        "model.strategy = frozen（配方 auto：否則在這裡太慢（full：每步 2.06 秒，30s 內做 1.0 輪；"
        "partial：每步 1.51 秒，30s 內做 1.0 輪））",
        "the outputs of 2 frozen layers were computed once and are kept (218 kB in /cache/x.npy); "
        "dropout inside the frozen layers is off":
        "2 個凍結層的輸出計算一次後保留下來（218 kB in /cache/x.npy）；凍結層裡的 dropout 關閉",
        "measured here, time of a step: CPU threads 2 (0.157 s), CPU threads 1 (0.169 s)":
        "在這裡測得每步的時間：2 個 CPU 執行緒（0.157 秒），1 個 CPU 執行緒（0.169 秒）",
        "macro-F1 measured on the test rows: 0.635 [0.551, 0.747] over 7 labels":
        "測試資料的巨集平均 F1：0.635 [0.551, 0.747]，取 7 個標籤",
        "rows of each split: 401 train, 86 validation, 86 test":
        "各分割：401 筆訓練，86 筆驗證，86 筆測試",
        "18 reported figures are what they are called: accuracy (validation), macro_f1 (test).":
        "18 個報告的指標都名副其實：準確率（驗證），巨集平均 F1（測試）。",
    }  # fmt: skip
    assert {text: say.told(text) for text in told} == told


def test_a_bracket_of_a_text_is_no_bracket_of_a_sentence():
    for text in ("a) b (c)", "(only) this", "smile :)", "f(x) (y", "()", ""):
        assert catalogue("zh-CN").told(text) == text


def test_rows_are_counted_with_their_measure_word():
    own = catalogue("zh-TW").told("12 mostly HTML, 3 without text")
    assert own == "12 筆幾乎全是 HTML，3 筆沒有文字"


@pytest.mark.parametrize("language", CHINESE)
def test_chinese_speaks_to_its_reader_in_one_way_and_ends_sentences_with_its_own_stop(language):
    say = catalogue(language)
    for part in (say.sentences, say.records, say.pages):
        for english, own in part.items():
            assert "您" not in own, english
            assert not re.search(r"[\u4e00-\u9fff][.,;:](?!\w)", own), english


@pytest.mark.parametrize(
    ("language", "want"),
    [
        ("zh-TW", "這一列有 3 個儲存格，第一列有 2 個"),
        ("zh-CN", "这一行有 3 个单元格，第一行有 2 个"),
    ],
)
def test_a_number_alone_is_no_number_of_rows(language, want):
    told = catalogue(language).told
    assert told("this row has 3 cells, the first row has 2") == want
    assert told("2") == "2"
