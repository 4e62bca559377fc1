"""The model card: valid metadata whatever the labels are called, and the truth about the model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from fake_runs import SHOP, diagnosis, judged, predictions, rows_of
from luthier.ledger import Looks
from luthier.records import Diagnosis, Evaluation, ModelSource, Splits
from luthier.reporting.model_card import model_card
from luthier.settings import Settings

NASTY = ('退"换: {货}', "a|b", "--- \n# x", "<img src=x>", "*bold*", "- [x](http://y)")


def card(
    labels=SHOP, source=None, name="bert-base-chinese", judged_on=("validation", "test"), **more
):
    rows = rows_of(labels, 200)
    names = ("train",) * 140 + ("validation",) * 30 + ("test",) * 30
    split = judged(predictions(tuple(labels), 30, 0, 3))
    return model_card(
        more.pop("model_source", ModelSource(name, "/models/x")),
        source or rows.source,
        Splits(rows.ids, names, "stratified", 42),
        Evaluation(dict.fromkeys(judged_on, split), "macro_f1"),
        Settings(),
        **more,
    )


def parts(text: str) -> tuple[dict, str]:
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


def test_the_front_matter_names_library_task_base_and_figures():
    front, _ = parts(card())
    assert front["library_name"] == "transformers"
    assert front["pipeline_tag"] == "text-classification"
    assert front["base_model"] == "bert-base-chinese"
    (result,) = front["model-index"][0]["results"]
    assert result["dataset"] == {"type": "custom", "name": "客服訊息.csv", "split": "test"}
    values = {metric["name"].split(" (")[0]: metric["value"] for metric in result["metrics"]}
    expected = judged(predictions(SHOP, 30, 0, 3)).figures
    assert values["Accuracy"] == pytest.approx(expected["accuracy"].value, abs=1e-4)
    assert values["Macro F1"] == pytest.approx(expected["macro_f1"].value, abs=1e-4)
    assert front["metrics"] == ["accuracy", "f1", "matthews_correlation"]


@pytest.mark.filterwarnings("default")  # the hub's own code may warn
def test_the_hub_reads_the_card():
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(card()).data
    assert data.model_name == "客服訊息.csv classifier"
    assert {result.metric_type for result in data.eval_results} == set(data.metrics)


def test_labels_and_paths_full_of_markup_break_neither_yaml_nor_markdown():
    source = replace(rows_of(NASTY, 10).source, path='dir/a: "b"\n---\n#c.csv')
    front, body = parts(card(NASTY, source))
    assert front["model-index"][0]["results"][0]["dataset"]["name"] == 'a: "b" --- #c.csv'
    assert r"\<img src=x\>" in body
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert all(line.replace(r"\|", "").count("|") in {5, 6} for line in rows)


@pytest.mark.parametrize("name", ["starter", "/data/models/mine", "../mine", "a b", "-x y/z w"])
def test_a_folder_or_the_model_that_comes_along_is_no_hub_name(name):
    assert "base_model" not in parts(card(name=name))[0]


def test_a_folder_that_looks_like_a_hub_name_is_none(tmp_path, monkeypatch):
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert "base_model" not in parts(card(name="models/mine"))[0]
    assert parts(card(name="models/other"))[0]["base_model"] == "models/other"


def test_the_card_tells_how_to_call_it_and_its_parity_class():
    _, body = parts(card())
    assert "truncation=True" in body
    assert "Parity class **plain**" in body
    assert "first 128 tokens" in body


def test_every_label_has_its_figures_with_interval():
    _, body = parts(card())
    split = judged(predictions(SHOP, 30, 0, 3))
    for label, part in split.per_label.items():
        f1 = part.f1
        assert (
            f"| {label} | {part.support} | {f1.value:.3f} | {f1.low:.3f} | {f1.high:.3f} |" in body
        )


def test_findings_and_looks_are_told():
    _, body = parts(card(diagnosis=diagnosis(), looks=Looks("d", 3)))
    assert "- **high**: A label too small to judge." in body
    assert body.index("**high**") < body.index("**low**")
    assert "1 check ran and found nothing, 1 could not be judged, 1 crashed." in body
    assert "3 different models" in body
    assert "No diagnosis was made." in card()
    assert "No check fired." in card(diagnosis=Diagnosis())


def test_figures_of_validation_rows_are_not_sold_as_test_figures():
    text = card(judged_on=("validation",))
    front, body = parts(text)
    assert front["model-index"][0]["results"][0]["dataset"]["split"] == "validation"
    assert "chosen on these rows too" in body


def test_what_the_model_source_has_to_say_is_repeated():
    source = ModelSource(
        "starter", "/x", trust_remote_code=True, notes=("It knows little Chinese.",)
    )
    _, body = parts(card(model_source=source))
    assert "It knows little Chinese." in body
    assert "ran code from its own repository" in body


def test_the_card_does_not_tell_where_a_disk_is_mounted():
    source = replace(rows_of(SHOP, 10).source, path="/home/mei/secret/messages.csv")
    text = card(source=source, name="/home/mei/models/mine")
    assert "/home/mei" not in text
    assert "messages.csv" in text
