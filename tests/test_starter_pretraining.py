"""What the starter encoder is asked to do in pretraining."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # the recipe lies beside the package

from starter.objectives import Pretraining
from starter.pretrain import Plan, Run
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForPreTraining,
)


def tiny(shares):
    config = BertConfig(
        vocab_size=len(shares),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(0)
    return Pretraining(BertForPreTraining(config), torch.tensor(shares))


def test_the_summary_is_what_a_sequence_classifier_reads(tmp_path):
    model = tiny([0.1] * 10)
    model.encoder.save_pretrained(tmp_path)
    classifier = AutoModelForSequenceClassification.from_pretrained(tmp_path, num_labels=3).eval()
    ids = torch.tensor([[2, 5, 6, 3]])
    read = classifier.bert(ids).pooler_output
    assert torch.allclose(model.summary(model.states(ids)), read, atol=1e-6)
    guessing = AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    assert torch.equal(guessing.cls.predictions.bias, model.encoder.cls.predictions.bias)


def test_a_summary_tells_the_rare_pieces_of_its_window_most_and_special_ones_not_at_all():
    shares = [0.0, 0.0, 0.0, 0.0, 0.0, 0.997, 0.001, 0.001, 0.001]
    model = tiny(shares)
    with torch.no_grad():  # told: every piece alike, whatever the text
        model.to_words.weight.zero_()
        model.to_words.bias.zero_()
        model.word_bias.copy_(torch.log(torch.tensor([1.0] * 5 + [4.0, 1.0, 1.0, 1.0])))
    ids = torch.tensor([[2, 5, 6, 6, 3, 0]])
    loss = model.summary_loss(model.summary(model.states(ids)), ids).item()
    common, rare = 1e-3 / (1e-3 + 0.997), 0.5
    share = common / (common + rare)
    assert loss == pytest.approx(-(share * np.log(4 / 12) + (1 - share) * np.log(1 / 12)), abs=1e-4)


def test_windows_side_by_side_that_are_alike_cost_less_than_others():
    model = tiny([0.1] * 10)
    alike = torch.eye(4).repeat_interleave(2, dim=0)
    assert model.neighbour_loss(alike) < 1e-3 < model.neighbour_loss(alike.roll(1, dims=0))


def test_a_run_that_starts_from_given_weights_goes_on_from_them_and_keeps_their_story(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "shards").mkdir()
    windows = rng.integers(5, 30, (40, 64)).astype(np.uint16)
    windows[:, 0] = 2
    np.save(tmp_path / "shards" / "enwiki.npy", windows)
    np.save(tmp_path / "token_shares.npy", np.full(30, 1 / 30, dtype=np.float32))
    before = tiny([1 / 30] * 30).encoder
    before.config.max_position_embeddings = 512
    BertForPreTraining(before.config).save_pretrained(tmp_path / "given")
    story = {"plan": {}, "counters": {"step": 7, "tokens": 5, "seconds": 1.0}}
    (tmp_path / "given" / "pretraining.json").write_text(json.dumps(story))
    plan = Plan(
        name="more",
        work=str(tmp_path),
        vocab_size=30,
        batch=8,
        steps=2,
        warmup=1,
        start_from=str(tmp_path / "given"),
    )
    run = Run(plan, resume=False)
    given = BertForPreTraining.from_pretrained(tmp_path / "given")
    name = "bert.pooler.dense.weight"
    assert torch.equal(run.model.encoder.state_dict()[name], given.state_dict()[name])
    run.go()
    assert not torch.equal(run.model.encoder.state_dict()[name], given.state_dict()[name])
    assert json.loads((run.folder / "before.json").read_text()) == story
    again = Run(plan, resume=True)
    assert again.step == 2
    assert torch.equal(again.model.encoder.state_dict()[name], run.model.encoder.state_dict()[name])
