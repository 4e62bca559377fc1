"""The report: complete where the run is, honest where it is not, safe with any text."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont
from markupsafe import escape
from pydantic import TypeAdapter

from fake_runs import diagnosis, finding, history, make_run
from fake_tasks import make_number_run
from luthier.cli.arguments import settings_flags, take_out_settings
from luthier.cli.main import build_parser
from luthier.errors import RunFolderError
from luthier.journeys.look import open_test_rows
from luthier.ledger import Looks, record_look
from luthier.records import (
    Applicability,
    Diagnosis,
    Figure,
    Prescription,
    Started,
    Stopped,
    Warned,
)
from luthier.records.labels import ClosePair, LabelPairs, Masking, PairDossier, Term
from luthier.reporting import explorer
from luthier.reporting import page as page_module
from luthier.reporting.catalogue import LANGUAGES, catalogue
from luthier.reporting.commands import workup_command
from luthier.reporting.confusions import confused_pairs
from luthier.reporting.inline import as_script_data
from luthier.reporting.language import language_of
from luthier.reporting.page import as_yaml, page
from luthier.reporting.page_font import font_face
from luthier.reporting.payload import history_lines
from luthier.reporting.verdict import scale, verdict
from luthier.reporting.words import (
    floor_sentences,
    looks_sentence,
    share,
    short_value,
    stop_sentence,
    track_record_in_words,
)
from luthier.run_folder import RunFolder, write_json, write_text
from luthier.settings_file import resolve
from luthier.stages import report as report_module
from luthier.stages.report import gather, report


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, scripts, and the text outside style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "rect", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1:] == [tag]
        self.open.pop()

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run, rows = make_run(tmp_path_factory.mktemp("runs") / "shop")
    report(run, rows)
    return run


@pytest.fixture
def drawn_nothing(monkeypatch):
    """Plots and font are tested elsewhere; without them a page takes milliseconds."""
    monkeypatch.setattr(report_module, "draw_charts", lambda *_: {})
    monkeypatch.setattr(page_module, "font_face", lambda *_: "")


@pytest.fixture
def seen(finished):
    return Page(finished.report.read_text(encoding="utf-8"))


def test_the_page_and_the_plots_lie_in_the_run_folder(finished):
    assert sorted(path.name for path in finished.plots.iterdir()) == [
        "calibration.png", "classification_report.png", "classification_report_validation.png",
        "confusion_matrix.png", "confusion_matrix_validation.png", "floors.png", "history.png",
        "roc_and_pr_curves.png",
    ]  # fmt: skip


def test_every_tag_that_is_opened_is_closed(seen):
    assert seen.open == []


def test_the_page_loads_nothing_and_runs_only_its_own_script(seen):
    policy = next(a["content"] for t, a in seen.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, attributes in seen.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not any(name.startswith("on") or name in ("style", "src") for name in attributes)
        target = attributes.get("href", "#")
        assert target.startswith(("#", "plots/")) or target == "rows.csv"
    assert len(seen.scripts) == 2, "the data and the one script"


def test_the_policy_allows_exactly_the_style_and_the_script_that_are_there(seen, finished):
    html = finished.report.read_text(encoding="utf-8")
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    for kind, text in (("style", css), ("script", seen.scripts[1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in html.replace("&#39;", "'")


def test_the_data_in_the_page_are_json_without_a_character_of_markup(seen):
    text = seen.scripts[0]
    assert not set("<>&\u2028\u2029") & set(text)
    shown = json.loads(text)
    assert any("<script>alert(1)</script>" in row for row in shown["rows"]["text"])


def test_a_text_cannot_end_the_data_block():
    nasty = ["</script><script>alert(1)</script>", "<!--", "\u2028", "&lt;", "\ud83d"]
    block = str(as_script_data(nasty))
    assert not set("<>&\u2028") & set(block)
    assert json.loads(block) == [*nasty[:-1], "\ufffd"]


def test_every_link_inside_the_page_leads_somewhere(seen):
    ids = {a["id"] for _, a in seen.tags if "id" in a}
    links = {a["href"][1:] for t, a in seen.tags if t == "a" and a["href"].startswith("#")}
    assert links <= ids
    assert {"verdict", "findings", "history", "confusion", "labels", "rows"} <= links


def test_the_files_that_the_page_names_lie_beside_it(seen, finished):
    files = {a["href"] for t, a in seen.tags if t == "a" and not a["href"].startswith("#")}
    assert "rows.csv" in files
    assert "plots/history.png" in files
    assert all((finished.path / name).is_file() for name in files)


def test_a_text_with_markup_opens_no_tag(finished):
    assert finished.report.read_text(encoding="utf-8").count("<script") == 2


def test_the_verdict_has_score_interval_rivals_and_looks(seen, finished):
    test = finished.evaluation.splits["test"]
    macro = test.figures["macro_f1"]
    assert f"macro-F1 {macro.value:.3f} ({macro.low:.3f} to {macro.high:.3f})" in seen.text
    for rival in test.floor.values():
        assert f"{rival['macro_f1'].value:.3f}" in seen.text
    assert "3 different models have been judged on these test rows" in seen.text


def test_findings_stand_worst_first_with_evidence_and_the_exact_setting(seen):
    assert seen.text.index("A label too small to judge") < seen.text.index("Overfitting against")
    assert "train: class_weights: balanced" in seen.text
    assert "limit: least_test_rows 20" in seen.text
    assert "KeyError: 'x'" in seen.text
    assert "Conflicting labels ( conflicting_labels ): the audit" in seen.text
    assert "digests agree" in seen.text


def test_the_text_of_a_test_row_stays_closed(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    run.save_diagnosis(Diagnosis(fired=(finding(rows=(3, 650)),)))
    train_row, test_row = gather(run, rows).evidence["minority_label_too_small"]
    assert (train_row.split, train_row.text) == ("train", rows.columns["text"][3])
    assert (test_row.split, test_row.text) == ("test", "")
    html = report(run, rows).read_text(encoding="utf-8")
    assert "its text is not opened here" in html
    assert rows.columns["text"][650] not in html


def test_notes_of_every_stage_are_shown(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    run.append_history(Warned(3, "the batch was halved"))
    no_rivals = "no simple rivals were fitted (evaluate.floors is false)"
    run.save_evaluation(replace(run.evaluation, notes=(no_rivals,)))
    text = Page(report(run, rows).read_text(encoding="utf-8")).text
    for part in ("guessed (load) column 'message' was taken", "dropped (load) 2 empty rows",
                 "(audit) 1 text carries two labels", "chosen (split) 70/15/15",
                 "(train) the batch was halved", "note (evaluate) no simple rivals were fitted",
                 "chosen (encode) It knows little Chinese."):  # fmt: skip
        assert part in text


def test_settings_tell_where_each_value_came_from(seen):
    assert "train.learning_rate 3e-05 recipe: auto: 490 rows, small encoder" in seen.text
    assert "train.num_train_epochs 15 file: luthier.yaml:12" in seen.text
    assert "luthier workup 客服訊息.csv --run-dir runs/shop" in seen.text
    assert "versions.torch 2.13.0" in seen.text


def test_what_was_cut_and_what_is_unknown_is_said_for_each_split(seen):
    section = seen.text.split("Guessed, dropped, cut, chosen")[1]
    assert (
        "12 of 490 train rows cut at 32 tokens: 10.0 % of the tokens lost. "
        "Unknown to the model: 5.0 % of the tokens read, in 31 rows." in section
    )
    assert "0 of 105 validation rows cut at 32 tokens: 0 % of the tokens lost." in section
    assert "1 of 105 test rows cut" in section
    assert "0.1 % of the tokens read, in 1 row." in section


def test_a_share_that_is_more_than_none_never_reads_as_none():
    assert share(0, 0) == share(0, 9) == "0 %"
    assert share(1, 100_000) == "under 0.1 %"
    assert share(1, 40) == "2.5 %"


def test_a_cure_comes_with_the_command_that_a_shell_and_luthier_understand(finished):
    facts = replace(
        gather(finished, None),
        settings={"text": {"column": "my text"}, "train": {"seed": 7, "learning_rate": 3e-5}},
        origins={
            "data.path": {"kind": "flag", "detail": "--data.path"},
            "train.seed": {"kind": "flag", "detail": "--train.seed"},
            "train.learning_rate": {"kind": "recipe", "detail": "auto"},
        },
    )
    weights = {"退換貨": 2.0, "it's": 1.0}
    change = {"train.num_train_epochs": 10, "train.class_weights": weights, "train.seed": 8}
    words = shlex.split(workup_command(facts, change))
    assert words[:3] == ["luthier", "workup", "客服訊息.csv"]
    parser = build_parser()
    kept, taken = take_out_settings(words[1:], parser)
    flags = settings_flags(taken, parser.parse_args(kept))
    train = resolve(None, flags).settings.train
    assert (train.num_train_epochs, train.seed, train.class_weights) == (10, 8, weights)
    assert "learning_rate" not in " ".join(words), "what the recipe chose is chosen again"


def test_the_command_keeps_the_settings_file_and_quotes_a_path_with_spaces(finished):
    facts = gather(finished, None)
    facts = replace(facts, source=replace(facts.source, path="-my data.csv"))
    assert workup_command(facts, {"train.weight_decay": 0.1}) == (
        "luthier workup './-my data.csv' --settings luthier.yaml "
        "--model.name_or_path starter --train.weight_decay 0.1"
    )
    assert workup_command(replace(facts, source=None), {}) == ""


def test_the_page_shows_that_command_beside_the_settings_for_a_file(seen):
    assert "luthier workup '客服訊息.csv' --settings luthier.yaml" in seen.text
    assert "--train.class_weights balanced" in seen.text
    assert "train: class_weights: balanced" in seen.text


def test_figures_of_other_weights_than_the_model_are_warned_about(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    warning = "These figures are of other weights."
    assert warning not in Page(report(run, rows).read_text(encoding="utf-8")).text
    write_text(run.model / "luthier.json", '{"digest": "d1"}')
    assert warning not in Page(report(run, rows).read_text(encoding="utf-8")).text
    card = (run.model / "README.md").read_text(encoding="utf-8")
    write_text(run.model / "luthier.json", '{"digest": "d2"}')
    run.save_diagnosis(Diagnosis())
    text = Page(report(run, rows).read_text(encoding="utf-8")).text
    assert text.index(warning) < text.index("On 105 test rows")
    assert "on validation and test rows were measured on other weights (digest d1)" in text
    assert "The card in model/ was left alone" in text
    assert (run.model / "README.md").read_text(encoding="utf-8") == card


def test_a_damaged_manifest_of_the_model_is_said(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    for damage in ("{", "[]"):
        write_text(run.model / "luthier.json", damage)
        assert any("cannot be read" in sentence for sentence in gather(run, rows).missing)


def test_a_rival_is_above_below_or_exactly_as_good(finished):
    test = finished.evaluation.splits["test"]
    model = test.figures["macro_f1"]

    def said(gap):
        rival = replace(model, value=model.value - gap)
        return floor_sentences(replace(test, floor={"majority": {"macro_f1": rival}}))[0]

    assert said(0.0).endswith("The model is exactly as good.")
    assert said(0.0001).endswith("less than 0.001 above; the intervals overlap.")
    assert said(-0.02).endswith("0.020 below; the intervals overlap.")


def test_one_thing_is_not_spoken_of_as_many(tmp_path, drawn_nothing):
    record = {
        "hits": 1, "planted": 1, "recall": None, "cannot_tell": 0, "false_alarms": 0,
        "healthy": 1, "false_alarm_rate": None, "measured_on": "cpu",
    }  # fmt: skip
    assert "1 of 1 planted fault;" in track_record_in_words(record)
    assert "on 1 healthy run." in track_record_in_words(record)
    run, rows = make_run(tmp_path / "run")
    run.save_diagnosis(replace(diagnosis(), fired=(finding(rows=(3,)),)))
    text = Page(report(run, rows).read_text(encoding="utf-8")).text
    assert "1 check crashed. Whether this fault is there" in text
    assert "1 of 1 row that shows it" in text


def test_a_matrix_of_many_labels_comes_with_its_mix_ups_in_full_names(tmp_path):
    run, rows = make_run(tmp_path / "run", 31, 2000)
    test = run.evaluation.splits["test"]
    pair = confused_pairs(test.confusion_matrix, 1)[0]
    seen = Page(page(gather(run, rows)))
    assert "Most frequent mix-ups, test rows" in seen.text
    assert f"{pair.label} → {pair.answered} {pair.count} of {pair.support} rows" in seen.text


def test_the_style_names_fonts_for_both_chinese_scripts(finished):
    html = finished.report.read_text(encoding="utf-8")
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    for font in ("PingFang SC", "PingFang TC", "Microsoft YaHei", "Microsoft JhengHei",
                 "Noto Sans CJK SC", "Noto Sans CJK TC", "Source Han Sans SC",
                 "Source Han Sans TC"):  # fmt: skip
        assert f'"{font}"' in css


def test_texts_carry_the_language_of_their_script(finished):
    assert language_of("快递三天没动了") == "zh-Hans"
    assert language_of("可以補開統一編號的發票嗎") == "zh-Hant"
    assert language_of("中文") == "zh"
    assert language_of("こんにちは世界") == "ja"
    assert language_of("안녕") == "ko"
    assert language_of("ham") == ""
    html = finished.report.read_text(encoding="utf-8")
    assert '<bdi lang="zh-Hant">發票開具</bdi>' in html
    assert '<bdi lang="zh-Hans">会员权益</bdi>' in html


def test_a_run_without_a_step_says_that_there_is_no_history_to_plot(finished):
    assert "no training step is recorded" in page(replace(gather(finished, None), history=()))


PARTS = ("source.json", "audit.json", "splits.parquet", "encoding.json", "metrics.json",
         "diagnosis.json", "environment.json", "test_set_looks.json",
         "predictions/validation.parquet")  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_said_and_the_rest_is_shown(tmp_path, drawn_nothing, part):
    run, rows = make_run(tmp_path / "run")
    (run.path / part).unlink()
    text = Page(report(run, rows).read_text(encoding="utf-8")).text
    assert "This report is not complete." in text
    assert f"this run has no {part} yet" in text


@pytest.mark.parametrize("part", [p for p in PARTS if p not in ("metrics.json", "diagnosis.json")])
def test_a_damaged_part_is_said_and_the_rest_is_shown(tmp_path, drawn_nothing, part):
    run, rows = make_run(tmp_path / "run")
    (run.path / part).write_bytes(b'{"splits": 1')
    text = Page(report(run, rows).read_text(encoding="utf-8")).text
    assert "This report is not complete." in text


def test_a_run_that_only_has_settings_is_reported(tmp_path):
    run = RunFolder(tmp_path / "early")
    run.create()
    write_text(run.settings_path, "settings: {}\norigins: {}\n")
    text = Page(report(run, None).read_text(encoding="utf-8")).text
    assert "This model has not been judged: the run has no figures." in text
    assert "This run has not been diagnosed." in text
    assert "Training has not come to an end in this run." in text
    assert "No texts are shown" in text
    assert not run.plots.exists()


def test_a_run_without_a_test_split_says_so(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    evaluation = run.evaluation
    run.save_evaluation(replace(evaluation, splits={"validation": evaluation.splits["validation"]}))
    sentences = verdict(gather(run, rows))
    assert "The model has not been judged on test rows." in sentences.scores
    assert sentences.rivals_split == "validation"
    assert sentences.looks == []
    assert Page(report(run, rows).read_text(encoding="utf-8")).open == []


def test_an_interrupted_run_is_not_called_complete(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    run.rewrite_history([event for event in history() if not isinstance(event, Stopped)])
    assert "Training has not come to an end in this run." in gather(run, rows).missing


def test_a_shipped_model_gets_its_card(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    report(run, rows)
    assert not run.model.exists(), "no model, no card"
    run.model.mkdir()
    report(run, rows)
    card = (run.model / "README.md").read_text(encoding="utf-8")
    assert "It knows little Chinese." in card
    assert "A label too small to judge" in card
    assert "3 different models" in card


def test_settings_that_do_not_hold_are_said_and_leave_the_model_without_a_card(
    tmp_path, drawn_nothing
):
    run, rows = make_run(tmp_path / "run")
    run.model.mkdir()
    write_text(run.settings_path, "settings: {train: {seed: -1}}\norigins: {}\n")
    assert "A part of this run cannot be read" in report(run, rows).read_text(encoding="utf-8")
    assert not (run.model / "README.md").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="not a run folder"):
        report(RunFolder(tmp_path), None)


def test_a_new_report_replaces_the_old_one_whole(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    report(run, rows)
    run.save_diagnosis(Diagnosis())
    assert "No check fired." in report(run, rows).read_text(encoding="utf-8")
    assert not list(run.path.glob(".*.tmp"))


def test_a_lone_surrogate_in_a_text_does_not_stop_the_report(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    texts = ["\ud83d broken \x07"] * len(rows)
    report(run, replace(rows, columns={**rows.columns, "text": texts}))
    assert "? broken" in run.report.read_text(encoding="utf-8")


def test_titles_of_labels_stand_beside_them(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    html = report(run, replace(rows, label_titles={"發票開具": "發票與收據"})).read_text("utf-8")
    assert "發票與收據" in Page(html).text


def test_prescribed_settings_are_lines_for_a_settings_file():
    prescription = Prescription(
        "weigh", "rare", Applicability.AUTO,
        {"train.class_weights": {"a: b": 2.0, "售后": 1.0}, "train.seed": 7,
         "text.max_length": 256},
    )  # fmt: skip
    import yaml

    assert yaml.safe_load(as_yaml(prescription)) == {
        "train": {"class_weights": {"a: b": 2.0, "售后": 1.0}, "seed": 7},
        "text": {"max_length": 256},
    }
    assert "售后" in as_yaml(prescription)


def test_looks_at_the_test_rows_are_said_in_each_case():
    assert "first model" in looks_sentence(Looks("d", 1))
    assert "4 different models" in looks_sentence(Looks("d", 4))
    assert "cannot be written" in looks_sentence(Looks("d", None, "the ledger x cannot be written"))
    assert "not known" in looks_sentence(None)


def test_all_epochs_are_done_only_where_the_last_step_ended_the_last_epoch():
    started = Started(67, 8, 9, 64, 10, 10, "d0")

    def said(epoch: float, epochs: int = 9) -> str:
        stopped = Stopped(round(8 * epoch), epoch, "finished", 8, 1.0, 0.5, "loss")
        return stop_sentence(stopped, replace(started, num_train_epochs=epochs), ())

    assert said(8.375).startswith("Ended after epoch 8.38 of 9: all planned steps done;")
    assert "all epochs done" in said(9.0)
    assert "its only epoch done" in said(1.0, 1)
    assert "all planned steps done" in said(0.5, 1)


def test_values_are_shown_short():
    assert short_value(0.123456) == "0.1235"
    assert short_value({"a": [1, 2.5], "b": None}) == "a: 1, 2.5, b: null"
    assert short_value(True) == "true"


def test_the_fake_diagnosis_is_in_the_run(finished):
    assert json.loads((finished.path / "diagnosis.json").read_text())["fired"][1]["fault"] == (
        diagnosis().fired[1].fault
    )


def test_the_report_is_made_without_torch():
    code = (
        "import sys, luthier.stages.report, luthier.reporting.model_card;"
        "bad = {'torch', 'transformers', 'zhplot', 'matplotlib.pyplot'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# rows to explore ---------------------------------------------------------------------------------


def shown_data(html: str) -> dict:
    return json.loads(Page(html).scripts[0])


def test_validation_rows_come_first_wrong_before_right_and_test_rows_stay_closed(finished):
    rows = shown_data(finished.report.read_text(encoding="utf-8"))["rows"]
    splits = dict(zip(finished.splits.row_ids.tolist(), finished.splits.names, strict=True))
    names = [splits[row_id] for row_id in rows["id"]]
    assert set(names) == {"train", "validation"}
    assert names[:105] == ["validation"] * 105
    right = [a == b for a, b in zip(rows["label"][:105], rows["answer"][:105], strict=True)]
    assert right == sorted(right)


def test_a_row_in_the_page_has_what_the_model_said(finished):
    shown = shown_data(finished.report.read_text(encoding="utf-8"))
    rows, answers = shown["rows"], finished.predictions("validation")
    at = rows["id"].index(int(answers.row_ids[7]))
    assert shown["labels"][rows["answer"][at]] == answers.label_names[answers.predicted[7]]
    assert shown["labels"][rows["label"][at]] == answers.label_names[answers.labels[7]]
    assert rows["p"][at] == round(1000 * answers.probabilities[7].max())
    assert rows["loss"][at] == round(100 * answers.loss[7])


def test_test_rows_are_shown_only_when_they_are_opened(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    html = report(run, rows, test_rows=True).read_text(encoding="utf-8")
    assert "The test rows are open in this page." in html
    assert shown_data(html)["rows"]["split"].count(2) == 105
    assert "test" in (run.path / "rows.csv").read_text(encoding="utf-8")
    closed = report(run, rows).read_text(encoding="utf-8")
    assert "105 test rows are closed." in closed
    assert f"luthier report {run.path} --test-rows" in closed
    assert not re.search(r"\btest\b", (run.path / "rows.csv").read_text(encoding="utf-8"))


def test_opening_the_test_rows_is_written_in_the_ledger(tmp_path, own_ledger):
    run, rows = make_run(tmp_path / "run")
    looks = open_test_rows(run, rows)
    assert (looks.count, looks.problem) == (1, "")
    line = json.loads((own_ledger / "test_set_ledger.jsonl").read_text(encoding="utf-8"))
    assert (line["purpose"], line["model_digest"]) == ("open_rows", "d1")
    assert line["test_digest"] == looks.test_digest == gather(run, rows).looks.test_digest


def test_every_later_page_says_that_the_test_rows_were_opened(tmp_path, drawn_nothing, own_ledger):
    run, rows = make_run(tmp_path / "run")
    opened = "The test rows were opened to be read on this machine"
    stay_closed = "the test rows stay closed, so that they can still judge"
    before = report(run, rows).read_text(encoding="utf-8")
    assert opened not in before
    assert stay_closed in before
    digest = open_test_rows(run, rows).test_digest
    after = report(run, rows).read_text(encoding="utf-8")
    assert opened in after
    assert stay_closed not in after
    assert record_look(digest, "another model", "evaluate") == Looks(digest, 2, opened=True)


def test_test_rows_of_numbers_can_be_opened(tmp_path, own_ledger):
    run, rows = make_number_run(tmp_path / "run")
    assert open_test_rows(run, rows).opened


def test_the_command_that_opens_the_test_rows_is_quoted_for_a_shell_in_both_places(
    tmp_path, drawn_nothing
):
    run, rows = make_run(tmp_path / "odd <b> & it's")
    html = report(run, rows).read_text(encoding="utf-8")
    command = shown_data(html)["openCommand"]
    assert shlex.split(command) == ["luthier", "report", str(run.path), "--test-rows"]
    assert f"<code>{escape(command)}</code>" in html


def test_a_long_text_is_shortened_in_the_page_and_whole_in_the_csv(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    texts = ["長" * 900] * len(rows)
    html = report(run, replace(rows, columns={**rows.columns, "text": texts})).read_text("utf-8")
    shown = shown_data(html)["rows"]
    assert {len(text) for text in shown["text"]} == {240}
    assert shown["cut"] == list(range(len(shown["id"])))
    assert "長" * 900 in (run.path / "rows.csv").read_text(encoding="utf-8")


def test_no_cell_of_the_csv_is_a_formula(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run")
    texts = ["=1+1", "+1", "-1", "@A1", "＝1", "\t=1", 'a,"b"', "ok"] * 90
    report(run, replace(rows, columns={**rows.columns, "text": texts[: len(rows)]}))
    text = (run.path / "rows.csv").read_text(encoding="utf-8-sig")
    cells = {line["text"] for line in csv.DictReader(io.StringIO(text))}
    assert cells == {"'=1+1", "'+1", "'-1", "'@A1", "'＝1", "'\t=1", 'a,"b"', "ok"}


def test_ten_thousand_short_rows_stay_under_three_megabytes(tmp_path, drawn_nothing):
    run, rows = make_run(tmp_path / "run", 118, 10_000)
    html = report(run, rows).read_text(encoding="utf-8")
    assert len(html.encode()) < 3_000_000
    assert shown_data(html)["leftOut"] == 0


def test_rows_that_find_no_room_are_counted(tmp_path, drawn_nothing, monkeypatch):
    run, rows = make_run(tmp_path / "run")
    monkeypatch.setattr(explorer, "ROOM", 20_000)
    html = report(run, rows).read_text(encoding="utf-8")
    left = shown_data(html)["leftOut"]
    assert 0 < left < 595
    assert f"{left} rows found no room in this page." in html


def test_findings_stand_in_the_history_where_they_happened():
    finding_at = replace(finding(), measured={"best_epoch": 6.0, "last_step": 32, "epochs": 4})
    lines = history_lines(tuple(history()), [finding_at])
    marks = [(mark["kind"], mark["epoch"]) for mark in lines["marks"]]
    assert marks == [("best", 6.0), ("end", 9.0), ("finding", 2.0), ("finding", 6.0)]
    assert len(lines["evaluations"]) == 9


def test_the_page_carries_the_chinese_characters_that_it_shows():
    held = carried(font_face("<p>售后發發票 abc</p>", ["發發票"]))
    assert set("售后發票") <= held
    assert len(held) < 10
    assert font_face("<p>no Han character</p>") == ""


def test_what_only_rows_say_is_carried_as_long_as_there_is_room(monkeypatch):
    monkeypatch.setattr("luthier.reporting.page_font.MOST", 3)
    held = carried(font_face("<h1>售后</h1>發發票", ["發發票"]))
    assert set("售后發") <= held
    assert "票" not in held


def carried(html: str) -> set[str]:
    """The characters of the font inside a page."""
    data = base64.b64decode(re.search(r"woff;base64,([^)]*)\)", html)[1])
    with TTFont(io.BytesIO(data)) as font:
        return set(map(chr, font.getBestCmap()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_character_of_the_page_is_without_its_form(tmp_path, monkeypatch, language):
    """Settings, reasons to doubt a label, notes: all that the page or its script says."""
    monkeypatch.setattr(report_module, "draw_charts", lambda *_: {})
    run, rows = make_run(tmp_path / "run")
    with_dossiers(run)
    settings = run.path / "run.yaml"
    detail = "recipe auto: small model (5 million parameters) takes a higher rate"
    told = settings.read_text(encoding="utf-8").replace("auto: 490 rows, small encoder", detail)
    write_text(settings, told)
    html = report(run, rows, language=language).read_text(encoding="utf-8")
    if language != "en":
        assert catalogue(language).told(detail) in html
    shown = {c for c in html if 0x2E80 <= ord(c) < 0xFFF0}
    assert len(shown) > 50
    assert shown - carried(html) == set()


# why labels are mixed up -------------------------------------------------------------------------


def with_dossiers(run: RunFolder) -> None:
    figure = Figure(0.7, 0.6, 0.8, 90)
    term = Term("保固", 4.2, 30, 2)
    pair = PairDossier(
        labels=("售后服务", "会员权益"), rows=(120, 80), confused=(9, 4), expected=2.0,
        p_value=0.001, auc=figure, wrong_when_sure=figure, wrong_overall=figure,
        separability=0.4,
        distinctive={"售后服务": (term,), "会员权益": (Term("积分", -3.0, 1, 20),)},
        shared=(Term("可以", 0.1, 40, 38),), closest=(ClosePair(490, 491, 0.91),
        ClosePair(491, 600, 0.9)), masking=Masking(13, 5, 1, 1, 0.04), suspects=(490,),
        verdict="shared_vocabulary", why="They share most words.", question="What divides them?",
    )  # fmt: skip
    pairs = LabelPairs((pair,), 15, {"售后服务": (term,)}, ("请问",))
    write_json(run.path / "label_pairs.json", TypeAdapter(LabelPairs).dump_python(pairs))
    write_text(
        run.path / "relabel.csv",
        "row_id,location,split,text,label,proposed,score,reason\r\n"
        "491,客服訊息.csv:493,validation,x,会员权益,售后服务,0.97,the model is sure\r\n"
        "3,客服訊息.csv:5,train,y,退換貨,发票,0.81,neighbours disagree\r\n",
    )


def test_a_pair_dossier_and_the_relabel_queue_are_shown_when_the_run_has_them(
    tmp_path, drawn_nothing
):
    run, rows = make_run(tmp_path / "run")
    before = report(run, rows).read_text(encoding="utf-8")
    assert "Why labels are mixed up" not in before
    assert "Labels that may be wrong" not in before
    with_dossiers(run)
    html = report(run, rows).read_text(encoding="utf-8")
    seen, shown = Page(html), shown_data(html)
    for part in ("They share most words.", "What divides them?", "保固", "积分", "可以", "请问",
                 "AUC 0.700 (0.600 to 0.800)", "similarity 0.91", "5 of 13 wrong answers",
                 "2 rows to look at"):  # fmt: skip
        assert part in seen.text
    assert rows.columns["text"][600] not in html, "a test row among the alike ones stays closed"
    assert [shown["rows"]["id"][row] for row in shown["rows"]["queue"]] == [491, 3]
    first = shown["rows"]["proposed"][str(shown["rows"]["id"].index(491))]
    assert first == ["售后服务", "0.97", "the model is sure"]
    assert shown["words"]["0"] == [["保固", 4.2, 30, 2]]


@pytest.mark.parametrize("part", ["label_pairs.json", "relabel.csv"])
def test_a_damaged_dossier_or_queue_is_said(tmp_path, drawn_nothing, part):
    run, rows = make_run(tmp_path / "run")
    with_dossiers(run)
    (run.path / part).write_text("row_id\nx\n", encoding="utf-8")
    assert "This report is not complete." in report(run, rows).read_text(encoding="utf-8")


def test_what_the_labels_allow_stands_above_the_model(finished):
    facts = gather(finished, None)
    test = facts.evaluation.splits["test"]
    assert [line.kind for line in scale(facts).lines] == ["floor", "floor", "floor", "model"]
    ceiling = {"label_noise": {"accuracy": Figure(0.94, 0.9, 0.97, 105)}}
    judged = replace(test, ceiling=ceiling)
    evaluation = replace(facts.evaluation, splits={"test": judged})
    found = scale(replace(facts, evaluation=evaluation))
    assert found.metric == "accuracy"
    assert found.lines[-1].kind == "ceiling"
    assert found.lines[-1].figure.value == 0.94
    assert test.figures["accuracy"] in [line.figure for line in found.lines if line.kind == "model"]
