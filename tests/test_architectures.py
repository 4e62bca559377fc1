"""Every architecture, every strategy: what is said to be trained is trained, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from luthier.engines.forward import inputs_of, row_logits
from luthier.engines.local import LocalEngine
from luthier.engines.optimizer import make_optimizer
from luthier.errors import MissingExtraError, SettingsError
from luthier.kit.digest import digest_of_tensors
from luthier.kit.seeds import random_stream
from luthier.models.layers import depth_of_parameters
from luthier.models.lora import merge_adapters, shipped_weights
from luthier.models.pooled import pool
from luthier.models.pretrained import (
    find_model,
    load_classifier,
    load_shipped,
    load_tokenizer,
    save_shipped,
)
from luthier.settings import ModelSettings, Settings, TextSettings, TrainSettings
from luthier.tasks import get_task
from tiny_architectures import ARCHITECTURES, DECODERS, LAYERS, make_architecture
from tiny_models import LABELS, tiny_rows

ROWS = tiny_rows(24)
TASK = get_task("text_classification")
CPU = torch.device("cpu")
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = make_architecture(
                name, tmp_path_factory.mktemp(name) / name, ROWS.columns["text"]
            )
        return made[name]

    return make


def classifier(folder: Path, **model):
    with random_stream(0):
        return load_classifier(find_model(str(folder)), LABELS, ModelSettings(**model), 48)


def encoded_for(folder: Path):
    tokenizer = load_tokenizer(find_model(str(folder)))
    return tokenizer, TASK.encode(ROWS, LABELS, tokenizer, TextSettings(max_length=48))


def one_step(model, encoded) -> None:
    """One optimizer step with a rate so high that whatever is trained changes."""
    optimizer = make_optimizer(model, TrainSettings(learning_rate=0.05))
    logits = row_logits(model, encoded, np.arange(len(encoded)), CPU, Settings())
    loss = TASK.loss(TrainSettings(), encoded.targets, LABELS)
    loss.each(logits, torch.from_numpy(encoded.targets)).mean().backward()
    optimizer.step()


def changed_by_a_step(model, encoded) -> set[str]:
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    one_step(model, encoded)
    return {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}


@every_architecture
def test_an_architecture_learns_ships_and_comes_back_the_same(name, folder_of, tmp_path):
    folder = folder_of(name)
    tokenizer, encoded = encoded_for(folder)
    model = classifier(folder)
    assert model.config.pad_token_id is not None
    changed = changed_by_a_step(model, encoded)
    assert changed == {n for n, p in model.named_parameters() if p.requires_grad}
    save_shipped(model, tokenizer, LABELS, 48, tmp_path / "model")
    shipped, _ = load_shipped(tmp_path / "model")
    assert digest_of_tensors(shipped.state_dict()) == digest_of_tensors(model.state_dict())
    settings = Settings()
    torch.testing.assert_close(
        LocalEngine().logits(shipped, encoded, settings),
        LocalEngine().logits(model, encoded, settings),
    )


@every_architecture
def test_padding_changes_no_answer(name, folder_of):
    folder = folder_of(name)
    _, encoded = encoded_for(folder)
    model = classifier(folder).eval()
    together = LocalEngine().logits(model, encoded, Settings())
    alone = [
        LocalEngine().logits(model, encoded.take(np.array([row])), Settings())[0]
        for row in range(6)
    ]
    np.testing.assert_allclose(together[:6], alone, atol=2e-5)


@every_architecture
def test_depths_run_from_the_embeddings_to_the_head(name, folder_of):
    model = classifier(folder_of(name))
    depths, top = depth_of_parameters(model)
    assert top == (1 if name == "albert" else LAYERS)
    assert set(depths.values()) == set(range(top + 2))
    words = [n for n, p in model.named_parameters() if p.shape[0] == model.config.vocab_size]
    assert [depths[n] for n in words] == [0]


@every_architecture
@pytest.mark.parametrize("strategy", ["frozen", "partial"])
def test_a_strategy_trains_its_layers_and_nothing_else(name, strategy, folder_of):
    folder = folder_of(name)
    _, encoded = encoded_for(folder)
    model = classifier(folder, strategy=strategy, trainable_layers=1)
    depths, top = depth_of_parameters(model)
    lowest = top + 1 if strategy == "frozen" else top
    meant = {n for n, depth in depths.items() if depth >= lowest}
    assert changed_by_a_step(model, encoded) == meant
    assert {n for n, p in model.named_parameters() if p.requires_grad} == meant


@every_architecture
def test_lora_trains_adapters_and_head_and_ships_a_plain_model(name, folder_of, tmp_path):
    folder = folder_of(name)
    tokenizer, encoded = encoded_for(folder)
    plain = classifier(folder)
    model = classifier(folder, strategy="lora", lora_r=2)
    torch.testing.assert_close(
        LocalEngine().logits(model, encoded, Settings()),
        LocalEngine().logits(plain, encoded, Settings()),
    )  # adapters start at nothing
    model.train()
    for _ in range(2):
        changed = changed_by_a_step(model, encoded)
    depths, top = depth_of_parameters(classifier(folder))
    head = {n for n, depth in depths.items() if depth > top}
    assert {n for n in changed if "lora_" not in n} == head
    assert {n for n, p in model.named_parameters() if p.requires_grad} == changed
    answers = LocalEngine().logits(model, encoded, Settings())
    digest = digest_of_tensors(shipped_weights(model))
    merge_adapters(model)
    assert set(model.state_dict()) == set(plain.state_dict())
    assert digest_of_tensors(model.state_dict()) == digest
    save_shipped(model, tokenizer, LABELS, 48, tmp_path / "model")
    shipped, _ = load_shipped(tmp_path / "model")
    assert digest_of_tensors(shipped.state_dict()) == digest
    np.testing.assert_allclose(
        LocalEngine().logits(shipped, encoded, Settings()), answers, atol=1e-4
    )


@pytest.mark.parametrize("pooling", ["cls", "mean", "max"])
@pytest.mark.parametrize(
    "name", ["bert", "deberta-v2", "modernbert", "distilbert", "albert", "qwen3"]
)
def test_a_pooled_head_learns_ships_and_comes_back_the_same(name, pooling, folder_of, tmp_path):
    folder = folder_of(name)
    if name in DECODERS and pooling == "cls":
        with pytest.raises(SettingsError, match="sees nothing of the text"):
            classifier(folder, pooling=pooling)
        return
    tokenizer, encoded = encoded_for(folder)
    model = classifier(folder, pooling=pooling, batch_norm=True)
    pretrained = classifier(folder)
    ours = model.encoder.state_dict()
    theirs = getattr(pretrained, pretrained.base_model_prefix).state_dict()
    assert all(torch.equal(value, theirs[n]) for n, value in ours.items())
    changed = changed_by_a_step(model, encoded)
    assert changed == {n for n, _ in model.named_parameters()}
    assert not torch.equal(model.head_norm.running_mean, torch.zeros(16))
    save_shipped(model, tokenizer, LABELS, 48, tmp_path / "model")
    shipped, _ = load_shipped(tmp_path / "model")
    assert digest_of_tensors(shipped.state_dict()) == digest_of_tensors(model.state_dict())
    assert shipped.config.id2label == dict(enumerate(LABELS))
    np.testing.assert_allclose(
        LocalEngine().logits(shipped, encoded, Settings()),
        LocalEngine().logits(model, encoded, Settings()),
        atol=1e-6,
    )


def test_plain_transformers_refuses_a_pooled_model_rather_than_guess_its_head(folder_of, tmp_path):
    import subprocess
    import sys

    folder = folder_of("bert")
    tokenizer, _ = encoded_for(folder)
    save_shipped(classifier(folder, pooling="mean"), tokenizer, LABELS, 48, tmp_path / "model")
    code = "import sys, transformers as t; t.pipeline('text-classification', model=sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "luthier_pooled" in done.stderr


def test_pooling_never_counts_padding():
    hidden = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]])
    mask = torch.tensor([[1, 1, 0]])
    assert pool(hidden, mask, "cls").tolist() == [[1, -4]]
    assert pool(hidden, mask, "last").tolist() == [[3, -2]]
    assert pool(hidden, mask, "mean").tolist() == [[2, -3]]
    assert pool(hidden, mask, "max").tolist() == [[3, -2]]


def test_batch_norm_takes_a_batch_of_one_text(folder_of):
    _, encoded = encoded_for(folder_of("bert"))
    model = classifier(folder_of("bert"), pooling="mean", batch_norm=True)
    before = model.head_norm.running_mean.clone()
    inputs = inputs_of(model, encoded, np.array([0]), CPU)
    assert torch.isfinite(model(**inputs).logits).all()
    assert torch.equal(model.head_norm.running_mean, before)


def test_more_layers_than_there_are_is_one_clear_message(folder_of):
    with pytest.raises(SettingsError, match="is 4, but this model holds 3 layers"):
        classifier(folder_of("bert"), strategy="partial", trainable_layers=4)
    with pytest.raises(SettingsError, match=r"is 2, but this model holds 1 layer\b"):
        classifier(folder_of("albert"), strategy="partial", trainable_layers=2)


def test_lora_on_chosen_layers_only(folder_of):
    model = classifier(folder_of("bert"), strategy="lora", lora_target_modules="query, value")
    adapted = {n.split(".lora_")[0].rsplit(".", 1)[1] for n in model.state_dict() if "lora_" in n}
    assert adapted == {"query", "value"}
    with pytest.raises(SettingsError, match="ends in 'querry'; did you mean 'query'"):
        classifier(folder_of("bert"), strategy="lora", lora_target_modules="querry")


def test_without_peft_the_line_to_install_it_is_shown(folder_of, monkeypatch):
    monkeypatch.setattr("luthier.models.lora.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'luthier\[lora\]'"):
        classifier(folder_of("bert"), strategy="lora")
