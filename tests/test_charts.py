"""The plots: readable for every number of labels, Chinese drawn, no warning ever."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from fake_runs import history, judged, label_set, predictions
from luthier.records import (
    ConfusionMatrix,
    EncodedFacts,
    Evaluated,
    Evaluation,
    RowLengths,
    SplitEvaluation,
    Stopped,
)
from luthier.reporting import chart_confusion, chart_labels, fonts
from luthier.reporting.canvas import new_figure, style, to_png
from luthier.reporting.catalogue import catalogue
from luthier.reporting.chart_calibration import calibration_bins
from luthier.reporting.chart_confusion import confusion_chart
from luthier.reporting.chart_curves import curves_chart
from luthier.reporting.chart_floors import floors_chart
from luthier.reporting.chart_history import history_chart, smoothed
from luthier.reporting.chart_labels import labels_chart, ranked_labels
from luthier.reporting.chart_lengths import lengths_chart
from luthier.reporting.charts import draw_charts
from luthier.reporting.confusions import confused_pairs, neighbourly_order
from luthier.reporting.facts import ReportFacts


def evaluated(label_count: int, n: int) -> SplitEvaluation:
    return judged(predictions(label_set(label_count), n, 0, 1))


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png), format="png")[:, :, :3]


def text_picture(text: str) -> np.ndarray:
    with style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = new_figure(1.0, 0.5)
        figure.subplots().set_axis_off()
        figure.text(0.1, 0.3, fonts.drawable(text), fontsize=20)
        return pixels(to_png(figure))


@pytest.mark.parametrize(
    "pair", [("售", "后"), ("票", "發"), ("龜", "龟"), ("權", "权"), ("諮", "詢"), ("嘅", "咗")]
)
def test_two_chinese_characters_are_drawn_as_two_shapes(pair):
    first, second = (text_picture(character) for character in pair)
    assert first.min() < 0.5, "nothing was drawn"
    assert (first != second).any()
    assert (first != text_picture(fonts.UNDRAWABLE)).any(), "a box was drawn instead"


def test_the_font_holds_all_of_gb_2312_and_big_5():
    drawn = fonts._characters()
    for codec, first, last in (("gb2312", 0xB0, 0xF7), ("big5", 0xA4, 0xF9)):
        for high in range(first, last + 1):
            for low in range(0x40, 0xFF):
                character = bytes([high, low]).decode(codec, "ignore")
                if len(character) == 1 and character.isalpha():
                    assert ord(character) in drawn, character


def test_what_no_font_has_becomes_a_white_square_without_a_warning():
    assert fonts.drawable("好🤮") == "好□"
    assert text_picture("ไทย 🤮").min() < 0.5


def test_a_long_label_is_shortened_in_the_middle_with_han_characters_counted_twice():
    assert fonts.drawable("card_payment_wrong_exchange_rate", most=15) == "card_pa…ge_rate"
    assert fonts.drawable("售后服务与会员权益", most=9) == "售后…权益"
    assert fonts.drawable("two\nlines\t\x00") == "two lines"


def test_shortened_names_stay_apart_whatever_they_have_in_common():
    names = [
        "card_payment_wrong_exchange_rate", "card_payment_wrong_change_rate",
        "card_payment_fee_charged", "card_payment_not_recognised", "card_payment_not_recognized",
        "售后服务投诉处理流程说明", "售后服务退货处理流程说明", "short",
    ]  # fmt: skip
    for most in (5, 8, 12, 26):
        shown = fonts.distinct(names, most)
        assert len(set(shown)) == len(names)
        assert shown[-1] == "short"
    assert fonts.distinct(names, 99) == names


def test_names_that_differ_only_in_what_no_font_draws_get_a_number():
    assert fonts.distinct(["好🤮", "好🦄", "好□ (2)"]) == ["好□", "好□ (2)", "好□ (2) (2)"]
    assert fonts.distinct(["same", "same"]) == ["same", "same"]


def test_without_the_font_dependency_chinese_becomes_squares_and_no_warning(monkeypatch):
    monkeypatch.setattr(fonts.importlib.util, "find_spec", lambda name: None)
    caches = (fonts.chinese_font, fonts.families, fonts._characters)
    for cache in caches:
        cache.cache_clear()
    try:
        assert fonts.chinese_font() is None
        assert fonts.drawable("发票 ok") == "□□ ok"
        assert text_picture("发票").min() < 0.5
    finally:
        for cache in caches:
            cache.cache_clear()


def test_every_chart_in_chinese_is_drawn_where_no_font_is_installed(monkeypatch):
    """The machine's fonts are hidden; only those that come with the packages are left."""
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [])
    bare = font_manager.FontManager()
    bare.ttflist = [font for font in bare.ttflist if font.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager, "fontManager", bare)
    fonts.families.cache_clear()
    split = evaluated(31, 300)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            charts = draw_charts(
                ReportFacts(
                    name="run",
                    history=tuple(history()),
                    evaluation=Evaluation({"test": split}, "macro_f1"),
                ),
                catalogue("zh-TW"),
            )
            assert (text_picture("訓") != text_picture("練")).any()
            assert (text_picture("訓") != text_picture(fonts.UNDRAWABLE)).any()
    finally:
        fonts.families.cache_clear()
    assert {"history", "floors", "confusion_matrix", "classification_report"} <= charts.keys()


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN"])
def test_no_word_of_a_chart_stays_english(monkeypatch, language):
    """Only names of figures that every language has."""
    said = []
    monkeypatch.setattr(Figure, "text", lambda *words, **_: said.append(words[3]))
    for name in ("set_title", "set_xlabel", "set_ylabel"):
        monkeypatch.setattr(Axes, name, lambda *words, **_: said.append(words[1]))
    few, rows = evaluated(3, 200), predictions(label_set(3), 200, 0, 1)
    draw_charts(
        ReportFacts(
            name="run", history=tuple(history()), evaluation=Evaluation({"test": few}, "macro_f1"),
            answers={"test": rows},
            lengths=RowLengths(np.arange(9), np.arange(9), np.zeros(9, dtype=np.int64)),
        ),
        catalogue(language),
    )  # fmt: skip
    assert len(said) > 15
    left = re.compile(r"[A-Za-z]{2,}")
    assert {word for text in said for word in left.findall(text)} <= {"ROC", "F1", "TF", "IDF"}


def names_in_lengths(monkeypatch, tokens: list[int], limit: int) -> dict[str, tuple]:
    """Text of each name written into the plot of lengths -> its alignment and its place."""
    names, annotate = {}, Axes.annotate

    def note(axes, text, place, **how):
        names[text] = (how["ha"], place)
        return annotate(axes, text, place, **how)

    monkeypatch.setattr(Axes, "annotate", note)
    long = np.array(tokens)
    facts = ReportFacts(
        name="run",
        encoding={"train": EncodedFacts(90, 900, 0, 0, 9, 80, limit)},
        lengths=RowLengths(np.arange(len(long)), long, np.maximum(0, long - limit)),
    )
    assert lengths_chart(facts)
    return names


def test_the_last_bar_of_lengths_says_that_longer_rows_stand_in_it(monkeypatch):
    names = names_in_lengths(monkeypatch, [20] * 596 + [1900] * 3 + [13_515], 32)
    assert [align for align, _ in names.values()] == ["right", "left"]
    assert list(names) == ["≥ 1,946, longest 13,515", "read up to 32"]


def test_lengths_that_all_fit_on_the_axis_have_one_name(monkeypatch):
    names = names_in_lengths(monkeypatch, list(range(10, 100)), 80)
    assert {name: align for name, (align, _) in names.items()} == {"read up to 80": "right"}


def test_a_large_matrix_is_drawn_small_and_its_names_stand_beside_it():
    matrix = evaluated(118, 900).confusion_matrix
    png = confusion_chart(matrix, "test")
    image = pixels(png)
    assert image.shape[0] > 118 * 15, "each label has a line that can be read"
    assert len(png) < 400_000
    margin = image[200:2000, 20:120]
    assert margin.min() < 0.6, "names are written left of the cells"


def test_a_label_with_dollar_signs_is_no_formula():
    label = r"$\frac{1}{$ & <b>"
    matrix = ConfusionMatrix((label, "b"), ((1, 2), (0, 3)))
    assert confusion_chart(matrix, "test")


@pytest.mark.parametrize(("labels", "rows"), [(2, 105), (31, 300)])
def test_every_chart_is_drawn_for_few_and_many_labels(labels, rows):
    split = evaluated(labels, rows)
    charts = draw_charts(
        ReportFacts(
            name="run",
            history=tuple(history()),
            evaluation=Evaluation({"validation": split, "test": split}, "macro_f1"),
            answers={"test": predictions(label_set(labels), rows, 0, 1)},
            encoding={"train": EncodedFacts(90, 900, 0, 0, 9, 80, 32)},
            lengths=RowLengths(
                np.arange(90), np.arange(90) % 45, np.maximum(0, np.arange(90) - 80)
            ),
        )
    )
    assert sorted(charts) == [
        "calibration", "classification_report", "classification_report_validation",
        "confusion_matrix", "confusion_matrix_validation", "floors", "history", "lengths",
        "roc_and_pr_curves",
    ]  # fmt: skip
    for name, png in charts.items():
        image = pixels(png)
        assert image.std() > 0.02, f"{name} is empty"
        assert image[:3].min() == 1.0, f"{name} runs over its edge"
        assert image[:, :3].min() == 1.0, f"{name} runs over its edge"


def test_118_labels_give_each_label_a_line_of_its_own():
    split = evaluated(118, 900)
    height = pixels(labels_chart(split, "test")).shape[0]
    assert height / 118 > 24, "less than a line of 7-point type at 144 dots per inch"


def test_the_same_records_give_the_same_bytes():
    matrix = evaluated(2, 50).confusion_matrix
    assert confusion_chart(matrix, "test") == confusion_chart(matrix, "test")


def test_nothing_to_show_gives_no_chart():
    empty = replace(
        evaluated(2, 50), per_label={}, confusion_matrix=ConfusionMatrix((), ()), floor={}
    )
    assert draw_charts(ReportFacts(name="run")) == {}
    nothing = Evaluation({"test": empty}, "macro_f1")
    assert draw_charts(ReportFacts(name="run", evaluation=nothing)) == {}
    assert floors_chart(Evaluation({"train": empty}, "macro_f1")) is None


def test_a_history_without_an_end_is_drawn():
    events = [event for event in history() if not isinstance(event, Stopped)]
    assert history_chart(events)
    assert history_chart(events[:5]), "steps only, before the first evaluation"


@pytest.mark.parametrize("epoch", [0.0, 0.03])
def test_a_history_of_one_evaluation_is_drawn_if_a_step_was_taken(epoch):
    first = next(event for event in history() if isinstance(event, Evaluated))
    events = [replace(first, epoch=epoch), Stopped(0, epoch, "interrupted", 0, epoch, 0.3, "loss")]
    png = history_chart(events)
    assert (png is not None) == (epoch > 0)
    if png is not None:
        assert pixels(png).std() > 0.02


def test_the_captions_count_one_row_as_a_row(monkeypatch):
    said = []
    for module in (chart_confusion, chart_labels):  # of few labels
        monkeypatch.setattr(module, "caption", lambda *words: said.append(" ".join(words[1:])))
    split = evaluated(2, 1)
    confusion_chart(split.confusion_matrix, "test")
    labels_chart(split, "test")
    assert "0 of 1 row wrong" in said[0] or "1 of 1 row wrong" in said[0]
    assert "1 row;" in said[1]


def test_smoothing_keeps_a_level_line_level():
    assert smoothed(np.full(120, 0.7)) == pytest.approx(np.full(120, 0.7))


def test_labels_are_ranked_by_f1_then_support():
    split = evaluated(6, 105)
    f1 = [figures.f1.value for _, figures in ranked_labels(split)]
    assert f1 == sorted(f1, reverse=True)


def test_confused_pairs_come_most_frequent_first_and_never_from_the_diagonal():
    matrix = ConfusionMatrix(("a", "b", "c"), ((9, 2, 0), (5, 1, 0), (0, 2, 0)))
    found = [(p.label, p.answered, p.count, p.support) for p in confused_pairs(matrix, 9)]
    # two pairs of 2: all of c's rows weigh more than 2 of a's 11
    assert found == [("b", "a", 5, 6), ("c", "b", 2, 2), ("a", "b", 2, 11)]
    assert len(confused_pairs(matrix, 1)) == 1


def test_confused_labels_are_put_side_by_side():
    rows = np.diag([10] * 8)
    rows[0, 7] = rows[7, 0] = 6
    order = list(
        neighbourly_order(ConfusionMatrix(tuple("abcdefgh"), tuple(map(tuple, rows.tolist()))))
    )
    assert sorted(order) == list(range(8))
    assert abs(order.index(0) - order.index(7)) == 1


def test_calibration_bins_hold_equally_many_rows_and_their_share_of_right_answers():
    answers = predictions(("a", "b"), 200, 0, 3)
    bins = calibration_bins(answers)
    assert [one.right.n for one in bins] == [20] * 10
    right = sum(one.right.value * one.right.n for one in bins)
    assert right == pytest.approx((answers.labels == answers.predicted).sum())
    assert all(one.right.low <= one.right.value <= one.right.high for one in bins)
    assert calibration_bins(predictions(("a", "b"), 40, 0, 3)) == ()


def test_there_are_no_curves_where_every_row_has_one_label():
    answers = predictions(("a", "b"), 30, 0, 3)
    assert curves_chart(replace(answers, labels=np.zeros(30, dtype=np.int64)), "test") is None
    unknown = replace(answers, labels=np.where(answers.labels == 1, -1, answers.labels))
    assert curves_chart(unknown, "test") is None
    assert curves_chart(answers, "test")
