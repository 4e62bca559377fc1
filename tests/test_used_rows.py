"""Token embeddings of which only the rows in use are trained: the same model, less work."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
)

from luthier.engines.local import LocalEngine
from luthier.models.strategies import apply_strategy
from luthier.models.used_rows import UsedRows, train_used_rows
from luthier.records import Started
from luthier.settings import ModelSettings
from tiny_models import make_tiny_model, tiny_job, tiny_rows

TOKENS = np.array([5, 7, 11, 30])


def bert() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=3,
    )
    return BertForSequenceClassification(config)


def inputs() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[5, 7, 11, 30], [7, 5, 0, 0]])
    return {"input_ids": ids, "attention_mask": (ids > 0).long()}


def learn(model: nn.Module, steps: int = 5, weight_decay: float = 0.0) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=weight_decay)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(**inputs()).logits, torch.tensor([0, 2]))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        optimizer.zero_grad()


def reduced(model: nn.Module) -> nn.Module:
    train_used_rows(model, TOKENS)  # type: ignore[arg-type]
    return model


def test_the_answers_stay_the_same() -> None:
    whole, fewer = bert().eval(), reduced(bert().eval())
    assert isinstance(fewer.get_input_embeddings(), UsedRows)
    assert torch.equal(whole(**inputs()).logits, fewer(**inputs()).logits)


def test_training_goes_the_same_way() -> None:
    whole, fewer = bert(), reduced(bert())
    learn(whole)
    learn(fewer)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, fewer.state_dict()[name], atol=1e-6), name


def test_rows_that_nothing_teaches_keep_their_weights_under_weight_decay() -> None:
    before, model = bert(), reduced(bert())
    learn(model, weight_decay=0.5)
    name = "bert.embeddings.word_embeddings.weight"
    was, now = before.state_dict()[name], model.state_dict()[name]
    unused = np.setdiff1d(np.arange(60), [*TOKENS, 0])
    assert torch.equal(was[unused], now[unused])
    assert not torch.isclose(was[TOKENS], now[TOKENS]).all()


def test_the_optimizer_holds_the_used_rows_alone() -> None:
    sizes = {n: p.shape[0] for n, p in reduced(bert()).named_parameters() if "word_emb" in n}
    assert sizes == {"bert.embeddings.word_embeddings.weight": 5}  # four tokens and the padding


def test_checkpoints_hold_the_whole_table(tmp_path) -> None:
    model = reduced(bert())
    learn(model)
    save_model(model, tmp_path / "model.safetensors")
    plain = bert()
    load_model(plain, tmp_path / "model.safetensors")
    assert torch.equal(plain.eval()(**inputs()).logits, model.eval()(**inputs()).logits)

    other = reduced(bert())
    load_model(other, tmp_path / "model.safetensors")
    assert torch.equal(other.eval()(**inputs()).logits, model.eval()(**inputs()).logits)


def test_a_token_that_was_not_named_is_refused_and_not_guessed() -> None:
    with pytest.raises(IndexError):
        reduced(bert())(input_ids=torch.tensor([[5, 6]]))


def test_a_decoder_without_a_padding_token_is_reduced_too() -> None:
    config = GPT2Config(vocab_size=60, n_embd=16, n_layer=1, n_head=2, num_labels=3)
    torch.manual_seed(0)
    model = GPT2ForSequenceClassification(config).eval()
    before = copy.deepcopy(model)
    text = {"input_ids": torch.tensor([[5, 7, 11, 30]])}
    assert torch.equal(before(**text).logits, reduced(model)(**text).logits)
    assert isinstance(model.get_input_embeddings(), UsedRows)


@pytest.mark.parametrize("why", ["frozen", "shared", "nearly all in use"])
def test_embeddings_stay_whole_where_that_is_needed_or_costs_little(why: str) -> None:
    model, tokens = bert(), TOKENS
    if why == "frozen":
        apply_strategy(model, ModelSettings(strategy="frozen"))
    elif why == "shared":
        model.register_parameter("tied", model.get_input_embeddings().weight)
    else:
        tokens = np.arange(50)
    train_used_rows(model, tokens)
    assert type(model.get_input_embeddings()) is nn.Embedding


def test_a_run_counts_the_parameters_that_the_strategy_names(tmp_path) -> None:
    texts = [*tiny_rows(144).columns["text"], "".join(map(chr, range(0x5000, 0x5400)))]
    make_tiny_model(tmp_path / "model", texts)
    job = tiny_job(tmp_path, train_rows=96)
    job = replace(
        job,
        settings=job.settings.model_copy(
            update={"train": job.settings.train.model_copy(update={"num_train_epochs": 1})}
        ),
    )
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    table = model.get_input_embeddings().weight
    read = np.unique(np.concatenate([part.flat["input_ids"] for part in job.encoded.values()]))
    assert len(read) < 0.5 * len(table)
    started, *_ = [e for e in LocalEngine().train(job) if isinstance(e, Started)]
    assert started.total_parameters == sum(p.numel() for p in model.parameters())
    assert started.trainable_parameters == started.total_parameters

    best, _ = LocalEngine().best_model(job)
    unread = np.setdiff1d(np.arange(len(table)), read)[1:]  # the first is the padding
    assert torch.equal(best.get_input_embeddings().weight[unread], table[unread])
    assert not torch.equal(best.get_input_embeddings().weight[read], table[read])
