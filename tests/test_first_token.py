"""The last layer computed for the first token alone: the same answers, gradients and training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from luthier.engines import beginning, inference
from luthier.engines.forward import inputs_to_try
from luthier.engines.inference import logits_of
from luthier.engines.local import LocalEngine
from luthier.models.first_token import first_token_only, proven_first_token
from luthier.models.pretrained import find_model
from luthier.records import Stepped
from tiny_architectures import ARCHITECTURES, make_architecture
from tiny_models import tiny_job, tiny_rows

CPU = torch.device("cpu")
LIKE_BERT = {"bert", "macbert", "roberta", "electra", "xlm-roberta"}


def model_and_inputs(job):
    torch.manual_seed(0)
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    return model, inputs_to_try(model, job.encoded["train"], CPU)


def test_the_embeddings_get_the_same_gradients_and_so_does_every_other_weight(tmp_path):
    model, inputs = model_and_inputs(tiny_job(tmp_path))
    model.eval()  # no dropout
    layer = proven_first_token(model, inputs)
    assert layer is not None
    found = []
    for one in (None, layer):
        model.zero_grad()
        with first_token_only(one):
            logits = model(**inputs).logits
        (logits * torch.arange(logits.numel()).view_as(logits)).sum().backward()
        found.append({name: p.grad.clone() for name, p in model.named_parameters()})
    whole, short = found
    for name, gradient in whole.items():
        # a key's bias moves all scores of a row alike: its gradient is 0, or rounding
        size = float(gradient.abs().max()) if "key.bias" not in name else 1.0
        torch.testing.assert_close(short[name], gradient, rtol=0, atol=1e-5 * size, msg=name)


def test_after_the_block_the_layer_is_whole_again(tmp_path):
    model, inputs = model_and_inputs(tiny_job(tmp_path))
    model.eval()
    layer = proven_first_token(model, inputs)
    with first_token_only(layer):
        assert model(**inputs, output_hidden_states=True).hidden_states[-1].shape[1] == 1
    whole = model(**inputs, output_hidden_states=True).hidden_states[-1]
    assert whole.shape[1] == inputs["input_ids"].shape[1]


def test_dropout_of_attention_works_on_the_shares_of_the_first_token(tmp_path):
    model, inputs = model_and_inputs(tiny_job(tmp_path))
    layer = proven_first_token(model, inputs)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    layer.attention.self.dropout.p = 0.5
    with torch.no_grad():
        torch.manual_seed(0)
        whole = torch.stack([model(**inputs).logits for _ in range(400)])
        with first_token_only(layer):
            short = torch.stack([model(**inputs).logits for _ in range(400)])
    error = (whole.var(0) / 400 + short.var(0) / 400).sqrt()
    assert bool(((whole.mean(0) - short.mean(0)).abs() < 5 * error).all())
    torch.testing.assert_close(short.std(0), whole.std(0), rtol=0.25, atol=0)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_answers_the_same_or_is_read_whole(tmp_path, monkeypatch, name):
    job = tiny_job(tmp_path / "job")
    path = make_architecture(name, tmp_path / name, tiny_rows(144).columns["text"])
    job = replace(job, model_source=find_model(str(path)))
    model, inputs = model_and_inputs(job)
    assert (proven_first_token(model, inputs) is not None) == (name in LIKE_BERT)
    rows = job.encoded["train"]
    short = logits_of(model, rows, job.settings, CPU)
    monkeypatch.setattr(inference, "ROWS_WORTH_A_PROOF", len(rows) + 1)
    whole = logits_of(model, rows, job.settings, CPU)
    np.testing.assert_allclose(short, whole, rtol=0, atol=1e-3 * float(np.ptp(whole, axis=0).max()))


def test_a_head_that_looks_at_all_tokens_gets_all_tokens(tmp_path):
    job = tiny_job(tmp_path)
    block = job.settings.model.model_copy(update={"pooling": "mean"})
    job = replace(job, settings=job.settings.model_copy(update={"model": block}))
    assert proven_first_token(*model_and_inputs(job)) is None


def test_training_goes_the_way_it_goes_with_the_whole_layer(tmp_path, monkeypatch):
    steps = []
    for short in (True, False):
        if not short:
            monkeypatch.setattr(beginning, "proven_first_token", lambda *_: None)
        job = tiny_job(tmp_path, num_train_epochs=2)
        still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        block = job.settings.model.model_copy(update={**still, "classifier_dropout": 0.0})
        job = replace(job, settings=job.settings.model_copy(update={"model": block}))
        steps.append([e for e in LocalEngine().train(job) if isinstance(e, Stepped)])
    for ours, theirs in zip(*steps, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
        assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-3)
