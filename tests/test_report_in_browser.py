"""The report in a real browser: every door opens, filters filter, nothing leaves the page.

Needs Chromium (`apt-get install chromium`) and the extra `browser`; skipped with a reason without.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from fake_runs import make_run
from fake_tasks import make_number_run, make_set_run
from luthier.stages import report as report_module
from luthier.stages.report import report
from test_report import with_dossiers

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = (1200, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[SimpleNamespace]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of 6 labels, 2 labels, 118 labels with 10,000 rows, label sets and numbers."""
    drawn, report_module.draw_charts = report_module.draw_charts, lambda *_: {}
    folder, found = tmp_path_factory.mktemp("pages"), {}
    for name, labels, rows in (("few", 6, 700), ("two", 2, 300), ("many", 118, 10_000)):
        run, data = make_run(folder / name, labels, rows)
        if name == "few":
            with_dossiers(run)
        found[name] = report(run, data, language="zh-TW" if name == "two" else "en")
    for name, make in (("sets", make_set_run), ("numbers", make_number_run)):
        found[name] = report(*make(folder / name))
    report_module.draw_charts = drawn
    return found


@pytest.fixture
def visit(browser, pages) -> Iterator[Callable]:
    """Open a report; at the end nothing may have gone wrong or out of the page."""
    contexts, wrong = [], []

    def open_page(name: str, size: tuple[int, int] = DESKTOP, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme,
            reduced_motion="reduce", accept_downloads=True,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        own = pages[name].as_uri()
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((own, "data:", "blob:")) or
                wrong.append(f"request to {asked.url}"))  # fmt: skip
        page.goto(own)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def first_number(text: str) -> int:
    return int(text.replace(",", "").split()[0])


def numbers_after(word: str, places) -> list[float]:
    return [float(text.split(word)[1].split()[0]) for text in places.all_inner_texts()]


def test_a_cell_opens_its_rows_surest_first(visit):
    page = visit("few")
    cell = page.locator("table.matrix td.miss button").first
    count = int(cell.inner_text())
    cell.click()
    behind = page.locator("#confusion .behind")
    rows = behind.locator("ul.rowlist > li")
    assert rows.count() == count
    assert behind.locator("li.wrong").count() == count
    sure = numbers_after("confidence ", rows.locator(".facts"))
    assert sure == sorted(sure, reverse=True)
    behind.get_by_role("button", name="Open in the list of rows").click()
    assert first_number(page.locator("#rows-view .readout").inner_text()) == count


def test_test_rows_stay_closed_behind_their_cell(visit):
    page = visit("few")
    page.get_by_role("button", name="test rows", exact=True).click()
    page.locator("table.matrix td.miss button").first.click()
    behind = page.locator("#confusion .behind").inner_text()
    assert "which stay closed" in behind
    assert "--test-rows" in behind


def test_arrow_keys_walk_through_the_matrix_and_enter_opens(visit):
    page = visit("few")
    page.locator("table.matrix td.hit button").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('td').className").startswith("miss")
    page.keyboard.press("Enter")
    assert page.locator("#confusion .behind ul.rowlist > li").count() > 0


def test_a_mix_up_leads_to_its_rows_and_to_its_dossier(visit):
    page = visit("few")
    pair = page.locator("ol.mixups[data-split=validation] li", has_text="售后服务 → 会员权益")
    pair.get_by_role("button").click()
    assert page.locator("#confusion .behind li.wrong").count() > 0
    page.get_by_role("link", name="Why these two are mixed up").click()
    assert page.locator("#pair-1[open]").count() == 1
    assert "They share most words." in page.locator("#pair-1").inner_text()


def test_filters_search_and_sort(visit):
    page = visit("few")
    readout = page.locator("#rows-view .readout")

    def left() -> int:
        page.wait_for_timeout(300)
        return first_number(readout.inner_text())

    everything = left()
    page.fill("#filter-text", "ALERT(1)")
    found = left()
    assert 0 < found < everything
    assert "<script>alert(1)</script>" in page.locator("#rows-view li").first.inner_text()
    page.get_by_role("button", name="Clear filters").click()
    assert left() == everything
    page.select_option("#filter-verdict", "wrong")
    wrong = left()
    assert page.locator("#rows-view li:not(.wrong)").count() == 0
    page.select_option("#filter-split", "train")
    assert left() == 0, "no training row was answered in this run"
    page.select_option("#filter-split", "validation")
    assert left() == wrong
    page.fill("#filter-least", "90")
    assert left() == 0, "the fake model is never surer than 0.8"
    page.get_by_role("button", name="Clear filters").click()
    page.select_option("#filter-finding", "suspect")
    assert left() == 2
    assert "label may be wrong" in page.locator("#rows-view li").first.inner_text()
    page.get_by_role("button", name="Clear filters").click()
    page.select_option("#filter-sort", "loss")
    page.wait_for_timeout(300)
    losses = numbers_after("loss ", page.locator("#rows-view li.wrong .facts"))
    assert losses == sorted(losses, reverse=True)


def test_what_is_shown_is_downloaded_with_harmless_cells(visit):
    page = visit("few")
    page.select_option("#filter-verdict", "wrong")
    page.wait_for_timeout(300)
    count = first_number(page.locator("#rows-view .readout").inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these rows as CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == count
    assert {line["split"] for line in lines} == {"validation"}
    assert all(line["label"] != line["answer"] for line in lines)
    assert any("<script>alert(1)</script>" in line["text"] for line in lines)


def test_a_label_opens_with_words_hard_rows_and_mix_ups(visit):
    page = visit("few")
    page.locator("th[data-label='售后服务'] button").first.click()
    panel = page.locator("#label-view > .behind")
    assert "保固" in panel.locator(".cloud").inner_text()
    assert panel.locator("ul.rowlist > li").count() > 0
    assert "F1" in panel.inner_text()
    panel.get_by_role("button", name="Close").click()
    assert panel.inner_text() == ""


def test_the_table_of_labels_sorts_both_ways(visit):
    page = visit("few")
    table = page.locator("table.sortable").first
    for direction in (True, False):
        table.get_by_role("button", name="true", exact=True).click()
        support = [int(text) for text in table.locator("tbody td:nth-child(2)").all_inner_texts()]
        assert support == sorted(support, reverse=direction)


def test_the_history_says_its_values_by_mouse_and_by_key(visit):
    page = visit("few")
    chart = page.locator("#history-view svg").first
    readout = page.locator("#history-view .readout")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "loss (train / validation)" in readout.inner_text()
    page.mouse.move(0, 0)
    chart.focus()
    page.keyboard.press("ArrowRight")
    assert readout.inner_text().startswith("epoch 1 ·")
    assert "best checkpoint: epoch 6" in page.locator("ul.marks").inner_text()


def test_118_labels_and_10_000_rows_answer_in_under_a_second(visit):
    page = visit("many")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        """Seconds of processor time that the page's thread has taken, whatever else runs here."""
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    page.locator(".map canvas").focus()
    began = busy()
    for key in ("ArrowRight", "+", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert page.locator("#confusion .behind h3").count() == 1
    opened = busy()
    page.select_option("#filter-label", "0")
    page.wait_for_timeout(300)
    assert first_number(page.locator("#rows-view .readout").inner_text()) < 5000
    filtered = busy()
    assert 0 < opened - began < 1
    assert 0 < filtered - opened < 1


@pytest.mark.parametrize("name", ["few", "two", "many", "sets", "numbers"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_runs_over_the_side(visit, name, size):
    page = visit(name, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "size"),
    [("few", DESKTOP), ("two", PHONE), ("many", DESKTOP), ("sets", DESKTOP), ("numbers", DESKTOP)],
)
def test_axe_finds_no_serious_barrier(visit, name, size, scheme):
    page = visit(name, size, scheme)
    for door in ("#labels th[data-label] button", "ol.mixups button", "#answers th button"):
        if page.locator(door).count():
            page.locator(door).first.click()
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    # axe itself is put into the page, which the page's policy would forbid to anyone but a test
    found = axe_core.Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:150] for node in one["nodes"]][:4])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_label_sets_open_by_what_is_missing_and_what_was_wrongly_given(visit):
    page = visit("sets")
    cell = page.get_by_role("button", name="missing: 价格, wrongly given: 物流")
    count = int(cell.inner_text())
    cell.click()
    rows = page.locator("#confusion .behind ul.rowlist > li")
    assert rows.count() == min(count, 25) > 3
    for said in rows.locator(".labels").all_inner_texts():
        assert "价格" in said.split("✗ missing")[0]
        assert "物流" in said.split("✗ missing")[1]
    page.get_by_role("button", name="价格 rightly given").click()
    assert rows.locator(".labels", has_text="✓ right").count() == rows.count() > 3
    page.locator("th[data-label='物流'] button").first.click()
    panel = page.locator("#label-view > .behind")
    assert panel.locator("ul.rowlist > li").count() > 0


def test_the_matrix_of_label_sets_counts_the_rows_of_each_label_once(visit):
    page = visit("sets")
    data = json.loads(page.locator("script#data").text_content())
    places = data["matrices"]["validation"]["labels"]
    totals = page.locator("#confusion table.matrix td.total").all_inner_texts()
    of_label = [str(data["figures"]["validation"][str(place)][0]) for place in places[:-1]]
    assert totals == [*of_label, ""], "rows that lack nothing are those of no label"


def test_a_number_opens_by_its_dot_and_by_its_part(visit):
    page = visit("numbers")
    behind = page.locator("#answers .behind")
    page.locator("svg.dots circle").nth(5).dispatch_event("click")
    assert behind.locator("ul.rowlist > li").count() == 1
    page.locator("#answers th[data-split=validation] button").first.click()
    errors = numbers_after("error ", behind.locator(".facts"))
    assert len(errors) > 5
    assert errors == sorted(errors, reverse=True)
    assert page.locator("#filter-label").count() == 0, "numbers have no labels to filter by"
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.locator("#answers th[data-split=test] button").first.click()
    assert "stay closed" in behind.inner_text()


def test_a_report_in_traditional_chinese_speaks_it_in_its_script_too(visit):
    page = visit("two")
    assert page.evaluate("document.documentElement.lang") == "zh-TW"
    assert "混淆矩陣" in page.locator("#confusion h2").inner_text()
    assert "清除" in page.locator("#rows-view .tools").inner_text()


def test_every_chinese_text_is_drawn_with_a_font_that_has_it(visit):
    """On a machine with Chinese fonts they draw it, on others the font inside the page does."""
    page = visit("two")
    page.wait_for_timeout(1000)
    session = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        session.send(f"{domain}.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    found = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "h2, h3, th"})
    headings = [
        [font["familyName"] for font in answer["fonts"] if font["glyphCount"]]
        for answer in (
            session.send("CSS.getPlatformFontsForNode", {"nodeId": node})
            for node in found["nodeIds"]
        )
    ]
    assert len(headings) > 8
    texts = page.locator("h2, h3, th").all_text_contents()
    without = {"DejaVu Sans", "DejaVu Sans Bold", "Liberation Sans"}
    assert [
        text
        for text, fonts in zip(texts, headings, strict=True)
        if all("\u4e00" <= c <= "\u9fff" for c in text) and without & set(fonts)
    ] == []
