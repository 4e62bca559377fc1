"""The doctor in a plain PyTorch loop and in a Trainer sees what was done to a model."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import luthier
from luthier.errors import InputError, LuthierError
from luthier.evidence.intent import Intent
from luthier.evidence.parameter_groups import groups_of, names_meant
from luthier.evidence.pretrained_weights import pretrained_facts
from luthier.evidence.watch_run import WatchRun, read_facts
from luthier.models.pretrained import find_model, load_classifier
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.settings import ModelSettings
from tiny_architectures import ARCHITECTURES, LAYERS, make_architecture
from tiny_models import LABELS, make_tiny_model, tiny_job, tiny_rows

NAMES = ("退款", "物流", "會員")


class Reader(nn.Module):
    """Word ids [b, 4] to logits [b, 3]; the label is the first word modulo 3."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 16)
        self.layers = nn.ModuleList([nn.Linear(16, 16) for _ in range(2)])
        self.classifier = nn.Linear(16, 3)

    def forward(self, ids):
        found = self.embedding(ids)[:, 0]
        for layer in self.layers:
            found = torch.tanh(layer(found))
        return self.classifier(found)


@pytest.fixture
def reader():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield Reader()


def batches(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        ids = torch.randint(30, (16, 4), generator=generator)
        yield ids, ids[:, 0] % 3


def train(model, optimizer, steps=60, *, loss=None, parts=1, zero=True):
    loss = loss or nn.CrossEntropyLoss()
    for i, (ids, targets) in enumerate(batches(steps * parts)):
        (loss(model(ids), targets) / parts).backward()
        if (i + 1) % parts == 0:
            optimizer.step()
            if zero:
                optimizer.zero_grad()


def fired(doctor):
    doctor.close()
    return {finding.fault: finding for finding in doctor.diagnosis().fired}


def test_a_healthy_loop_is_clear_of_what_can_be_checked(reader):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.02)
    doctor = luthier.watch(reader, optimizer, labels=NAMES, trained="all", total_steps=60)
    train(reader, optimizer)
    ids, truth = next(batches(1, seed=9))
    with torch.no_grad():
        doctor.evaluated(validation=(reader(ids.repeat(4, 1)), truth.repeat(4)))
    doctor.close()
    diagnosis = doctor.diagnosis()
    assert not diagnosis.fired
    assert not diagnosis.crashed
    clear = {item.fault for item in diagnosis.clear}
    assert clear >= {"parameters_not_trained", "steps_not_as_planned", "probabilities_into_loss",
                     "head_does_not_fit", "not_finite", "one_answer"}  # fmt: skip
    not_checked = {item.fault: item.needs for item in diagnosis.not_checked}
    assert "made by load" in not_checked["conflicting_labels"]
    assert "not_better_than_linear" in not_checked


def test_every_group_says_what_was_meant_held_reached_and_changed(reader):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.02)
    doctor = luthier.watch(reader, optimizer, trained="all")
    train(reader, optimizer, steps=20)
    doctor.close()
    names = [group.name for group in doctor.training.groups]
    assert names == ["embeddings", "layer 0", "layer 1", "head"]
    for group in doctor.training.groups:
        counts = {group.meant, group.requires_grad, group.in_optimizer, group.changed}
        assert counts == {group.tensors} == {group.with_gradient}
        assert -4 < group.update < 0
        assert group.moved > group.update


def test_a_head_that_is_not_in_the_optimizer_is_found(reader):
    optimizer = torch.optim.AdamW([*reader.embedding.parameters(), *reader.layers.parameters()])
    doctor = luthier.watch(reader, optimizer)
    train(reader, optimizer, steps=20)
    finding = fired(doctor)["parameters_not_trained"]
    assert finding.severity == "high"
    assert finding.measured["groups"] == ["head"]
    assert finding.measured["examples"] == ["classifier.weight", "classifier.bias"]


def test_a_learning_rate_of_zero_is_not_being_trained(reader):
    rest = [*reader.embedding.parameters(), *reader.classifier.parameters()]
    groups = [{"params": reader.layers.parameters(), "lr": 0.0}, {"params": rest}]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    doctor = luthier.watch(reader, optimizer, trained="all")
    train(reader, optimizer, steps=20)
    assert fired(doctor)["parameters_not_trained"].measured["groups"] == ["layer 0", "layer 1"]


def test_a_body_frozen_on_purpose_is_healthy(reader):
    for parameter in [*reader.embedding.parameters(), *reader.layers.parameters()]:
        parameter.requires_grad_(False)
    optimizer = torch.optim.AdamW(reader.classifier.parameters(), lr=0.05)
    doctor = luthier.watch(reader, optimizer, trained="head")
    train(reader, optimizer, steps=20)
    assert "parameters_not_trained" not in fired(doctor)


def test_the_optimizer_of_another_model_is_found(reader):
    optimizer = torch.optim.AdamW(Reader().parameters())
    doctor = luthier.watch(reader, optimizer, trained="all")
    train(reader, optimizer, steps=5)
    assert "made for another one" in fired(doctor)["parameters_not_trained"].message


def test_gradients_that_are_never_zeroed_are_counted(reader):
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.01)
    doctor = luthier.watch(reader, optimizer)
    train(reader, optimizer, steps=30, zero=False)
    assert fired(doctor)["steps_not_as_planned"].measured["stale_steps"] == 29


@pytest.mark.parametrize("to_none", [True, False])
def test_gradients_cleared_between_backward_and_step_are_the_cause_that_is_named(reader, to_none):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.02)
    doctor = luthier.watch(reader, optimizer, trained="all")
    for ids, targets in batches(30):
        nn.CrossEntropyLoss()(reader(ids), targets).backward()
        optimizer.zero_grad(set_to_none=to_none)
        optimizer.step()
    doctor.close()
    first = doctor.diagnosis().fired[0]
    assert first.fault == "steps_not_as_planned"
    assert first.measured["kinds"] == ["cleared"]
    assert first.measured["steps_cleared"] > 15
    assert "between backward and step" in first.message


def test_accumulated_gradients_are_healthy(reader):
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.1)
    doctor = luthier.watch(reader, optimizer, total_steps=20)
    train(reader, optimizer, steps=20, parts=4)
    assert "steps_not_as_planned" not in fired(doctor)
    assert doctor.training.steps.backwards == 4


def test_steps_of_a_closure_are_not_taken_for_steps_without_backward(reader):
    optimizer = torch.optim.LBFGS(reader.parameters(), lr=0.1, max_iter=2)
    doctor = luthier.watch(reader, optimizer)
    ids, targets = next(batches(1))

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(reader(ids), targets)
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert doctor.training.steps.checked == 0
    assert "steps_not_as_planned" not in fired(doctor)


def test_a_change_below_the_precision_of_the_weights_is_named(reader):
    reader.to(torch.bfloat16)
    optimizer = torch.optim.SGD(reader.parameters(), lr=1e-7)
    doctor = luthier.watch(reader, optimizer)
    train(reader, optimizer, steps=10)
    finding = fired(doctor)["steps_not_as_planned"]
    assert finding.measured["kinds"] == ["no_effect"]
    assert "bfloat16" in finding.message


def softmax_twice(logits, targets):
    return nn.functional.cross_entropy(logits.softmax(-1), targets)


@pytest.mark.parametrize("loss", [softmax_twice, nn.NLLLoss()])
def test_the_wrong_numbers_before_a_loss_are_found(reader, loss):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.01)
    doctor = luthier.watch(reader, optimizer)
    train(reader, optimizer, steps=20, loss=loss)
    assert "probabilities_into_loss" in fired(doctor)


def test_log_probabilities_before_cross_entropy_are_harmless(reader):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.01)
    doctor = luthier.watch(reader, optimizer)
    criterion = nn.CrossEntropyLoss()
    train(reader, optimizer, 20, loss=lambda x, y: criterion(x.log_softmax(-1), y))
    assert "probabilities_into_loss" not in fired(doctor)


def test_the_first_module_that_is_not_finite_is_named(reader):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.01)
    doctor = luthier.watch(reader, optimizer)
    train(reader, optimizer, steps=5)
    reader.layers[1].register_forward_hook(lambda module, given, output: output * float("nan"))
    train(reader, optimizer, steps=2)
    broken = doctor.training.broken
    assert (broken.step, broken.where) == (6, "layers.1")
    assert fired(doctor)["not_finite"].severity == "high"


def test_everything_is_as_before_when_watching_ends(reader):
    original = nn.functional.cross_entropy
    optimizer = torch.optim.AdamW(reader.parameters())
    with luthier.watch(reader, optimizer):
        assert nn.functional.cross_entropy is not original
    assert nn.functional.cross_entropy is original
    assert not reader._forward_hooks
    assert not reader._forward_pre_hooks
    assert not optimizer._optimizer_step_pre_hooks


def test_watching_changes_no_bit_of_the_result(reader):
    twin = Reader()
    twin.load_state_dict(reader.state_dict())
    for model, watched in ((reader, True), (twin, False)):
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        doctor = luthier.watch(model, optimizer) if watched else None
        train(model, optimizer, steps=15)
        if doctor:
            doctor.close()
    for one, other in zip(reader.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)


def test_sorted_batches_are_found(reader):
    optimizer = torch.optim.AdamW(reader.parameters())
    doctor = luthier.watch(reader, optimizer)
    for label in [0] * 8 + [1] * 8 + [2] * 8:
        ids = torch.arange(16)[:, None].repeat(1, 4)
        nn.functional.cross_entropy(reader(ids), torch.full((16,), label)).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert fired(doctor)["rows_in_label_order"].measured["one_label"] == 24


def test_a_cause_stands_above_its_symptom_and_is_named_by_it(reader):
    for parameter in reader.parameters():
        parameter.requires_grad_(False)
    reader.classifier.bias.requires_grad_(True)
    optimizer = torch.optim.AdamW([reader.classifier.bias], lr=1e-3)
    with torch.no_grad():
        reader.classifier.weight.zero_()
    doctor = luthier.watch(reader, optimizer, trained="all", labels=NAMES)
    train(reader, optimizer, steps=10)
    doctor.evaluated(validation=(reader(torch.zeros(60, 4).long()), torch.arange(60) % 3))
    doctor.close()
    diagnosis = doctor.diagnosis()
    order = [finding.fault for finding in diagnosis.fired]
    assert order.index("parameters_not_trained") < order.index("one_answer")
    symptom = next(finding for finding in diagnosis.fired if finding.fault == "one_answer")
    assert "parameters_not_trained" in symptom.because
    said = "\n".join(diagnosis_lines(diagnosis))
    assert "may be a symptom of: Parameters are not trained as meant" in said
    assert any(name in said for name in NAMES)


def noisy_rows(rows, seed):
    maker = torch.Generator().manual_seed(seed)
    told = torch.randn(4, 20, generator=torch.Generator().manual_seed(99))
    inputs = torch.randn(rows, 20, generator=maker)
    noise = 0.5 * torch.randn(rows, 4, generator=maker)
    return inputs, (inputs @ told.T + noise).argmax(1)


def plain_loop(*, lr=1e-2, kind=torch.optim.Adam, zero=True, by_label=False, steps=150):
    """A small plain network trained with one thing wrong; the doctor, closed."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4))
    optimizer = kind(model.parameters(), lr=lr)
    doctor = luthier.watch(model, optimizer, labels=list("abcd"), steps_per_epoch=25)
    (inputs, truth), (new, true) = noisy_rows(800, 1), noisy_rows(300, 2)
    order = truth.argsort() if by_label else torch.arange(800)
    for step in range(steps):
        batch = order[step % 25 * 32 :][:32]
        nn.functional.cross_entropy(model(inputs[batch]), truth[batch]).backward()
        optimizer.step()
        if zero:
            optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        doctor.evaluated(validation=(model(new), true))
    doctor.close()
    return doctor


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [({"zero": False}, "steps_not_as_planned"), ({"by_label": True}, "rows_in_label_order")],
)
def test_the_answer_is_the_cause_and_not_its_symptom(wrong, cause):
    diagnosis = plain_loop(**wrong).diagnosis()
    symptom = diagnosis.of("learning_rate_too_high")
    assert cause in symptom.because
    assert diagnosis.fired[0].fault == cause
    assert diagnosis.answers
    for answer in diagnosis.answers:
        assert [one.name for one in answer.causes if one.standing == "found"] == [cause]
        assert diagnosis.fired[0].title in answer.message
        assert symptom.title not in answer.message
        rate = next(one for one in answer.causes if one.name == symptom.fault)
        assert rate.because == f"it may be a symptom of: {diagnosis.fired[0].title}"


def test_gradients_that_were_not_finite_are_not_said_to_be_gone():
    diagnosis = plain_loop(lr=30, kind=torch.optim.SGD).diagnosis()
    assert diagnosis.fired[0].fault == "not_finite"
    rate = diagnosis.of("learning_rate_too_high")
    assert "gradients of the layers" not in rate.message
    assert not rate.measured["dead"]
    assert not diagnosis.crashed


def test_gradients_of_a_plain_network_are_looked_at_too():
    clear = {item.fault: item.message for item in plain_loop().diagnosis().clear}
    assert "Mean gradient of other" in clear["gradients_vanish"]


def test_the_doctor_prints_its_diagnosis(reader, snapshot):
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.1)
    doctor = luthier.watch(reader, optimizer, labels=NAMES)
    train(reader, optimizer, steps=30, loss=softmax_twice, zero=False)
    doctor.close()
    lines = str(doctor).splitlines()
    findings = [line for line in lines if line.startswith(("HIGH", "  ->", "     "))]
    assert findings == snapshot


def test_a_group_that_is_not_there_is_named_with_the_nearest(reader):
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.1)
    with pytest.raises(InputError, match=r"no group of parameters 'haed'.*did you mean 'head'"):
        luthier.watch(reader, optimizer, trained="haed")


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (torch.zeros(4, 3), torch.zeros(5).long(), r"not \(4, 3\) and \(5,\)"),
        (torch.zeros(4, 3), torch.tensor([0, 1, 2, 3]), "a class id 3, but only 3 outputs"),
    ],
)
def test_answers_that_do_not_fit_are_refused(reader, logits, labels, message):
    doctor = luthier.watch(reader, torch.optim.SGD(reader.parameters(), lr=0.1))
    with doctor, pytest.raises(InputError, match=message):
        doctor.evaluated(validation=(logits, labels))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(2, 3), "not Tensor"),
        ([[0.0, 1.0]], "number of things given is 1"),
        ({"logits": 1, "labels": 2}, "not dict"),
        (7, "not int"),
        (None, "not None"),
        (([[1.0], [1.0, 2.0]], [0, 0]), "as numbers"),
        (([["a", "b"]], [0]), "as numbers"),
    ],
)
def test_answers_that_are_no_pair_are_refused_with_what_to_pass(reader, given, message):
    doctor = luthier.watch(reader, torch.optim.SGD(reader.parameters(), lr=0.1))
    with doctor, pytest.raises(InputError, match=message) as caught:
        doctor.evaluated(validation=given)
    assert caught.value.next_step == "doctor.evaluated(validation=(logits, labels))"


def test_a_model_or_optimizer_that_is_none_is_refused_by_name(reader):
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.1)
    with pytest.raises(InputError, match=r"optimizer: wants the torch\.optim\.Optimizer.*not None"):
        luthier.watch(reader, None)
    with pytest.raises(InputError, match=r"model: wants the torch\.nn\.Module.*not list"):
        luthier.watch([reader], optimizer)
    with pytest.raises(InputError, match=r"optimizer: wants .* not Reader"):
        luthier.watch(optimizer, reader)


def test_a_wrapper_that_holds_an_optimizer_is_watched(reader):
    optimizer = torch.optim.AdamW(reader.parameters(), lr=0.02)
    doctor = luthier.watch(reader, SimpleNamespace(optimizer=optimizer))
    train(reader, optimizer, steps=3)
    doctor.close()
    assert doctor.training.steps.done == 3


@pytest.mark.parametrize("name", ["bla", "layer x", 3])
def test_a_callback_refuses_a_group_that_no_model_has(name):
    with pytest.raises(InputError, match="there is no group of parameters"):
        luthier.DoctorCallback(trained=[name])


@pytest.mark.parametrize("name", ["all", "head", "layer 11", "layer -1", "adapter", "pooler"])
def test_a_callback_takes_the_groups_that_a_model_may_have(name):
    luthier.DoctorCallback(trained=name)


def test_a_callback_can_be_shown_before_training():
    doctor = luthier.DoctorCallback()
    assert repr(doctor) == "DoctorCallback(labels=None, trained=None, pretrained=None)"
    assert "nothing was trained yet" in str(doctor)


def test_layers_are_counted_from_the_top_and_a_pooler_goes_with_the_head(tmp_path):
    from transformers import BertForSequenceClassification

    folder = make_tiny_model(tmp_path / "model", ["退款"], layers=3)
    groups = groups_of(BertForSequenceClassification.from_pretrained(folder, num_labels=3))
    assert [g.name for g in groups] == [
        "embeddings", "layer 0", "layer 1", "layer 2", "pooler", "head"
    ]  # fmt: skip
    names = names_meant(groups, ("head", "layer -1"))
    assert {
        name for g in groups if g.name in {"layer 2", "pooler", "head"} for name in g.tensors
    } == (names)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_loaded_weights_of_every_architecture_equal_their_file(name, tmp_path):
    folder = make_architecture(name, tmp_path / "model", ["退款", "refund"])
    model = load_classifier(find_model(str(folder)), LABELS, ModelSettings(), 16)
    facts = pretrained_facts(model, str(folder), meant=True)
    assert facts.compared > 0
    assert (facts.different, facts.absent) == (0, 0)
    roles = [group.role for group in groups_of(model)]
    assert roles.count("layer") == (1 if name == "albert" else LAYERS)
    assert roles.count("embeddings") == roles.count("head") == 1


# Luthier's own engine --------------------------------------------------------------------------


def watched(job, path, **changes):
    intent = Intent(trained=("all",), labels=len(LABELS), pretrained=True,
                    source=job.model_source.path, may_end_early=True, **changes)  # fmt: skip
    return dataclasses.replace(job, watch=WatchRun(path, intent))


def test_a_training_of_luthier_leaves_its_facts(tmp_path):
    from luthier.engines.local import LocalEngine

    job = watched(tiny_job(tmp_path, num_train_epochs=1), tmp_path / "training.json")
    list(LocalEngine().train(job))
    facts = read_facts(tmp_path / "training.json")
    assert facts.steps.done == facts.steps.expected == 6
    assert facts.pretrained.compared == facts.pretrained.tensors > 0
    assert facts.pretrained.different == 0
    assert all(group.changed == group.tensors for group in facts.groups)
    assert facts.loss.width == facts.loss.labels == 3
    assert facts.learning.rows > 0
    assert facts.broken is None


def test_a_resumed_training_keeps_what_its_first_part_saw(tmp_path):
    from luthier.engines.local import LocalEngine

    job = watched(tiny_job(tmp_path, num_train_epochs=2), tmp_path / "training.json")
    asked = iter([False] * 8 + [True] * 100)
    list(LocalEngine().train(dataclasses.replace(job, should_stop=lambda: next(asked))))
    first = read_facts(tmp_path / "training.json")
    assert first.steps.ended_early
    list(LocalEngine().train(dataclasses.replace(job, resume=True)))
    whole = read_facts(tmp_path / "training.json")
    assert (whole.watched_from, whole.steps.done) == (1, 12)
    assert whole.pretrained == first.pretrained
    assert set(whole.updates) > set(first.updates)


def test_weights_that_are_not_those_of_the_file_are_found(tmp_path):
    from luthier.engines.local import LocalEngine
    from luthier.faults.train.pretrained_weights_missing import detect
    from luthier.records import Fired

    job = tiny_job(tmp_path, num_train_epochs=1)
    other = make_tiny_model(tmp_path / "other", tiny_rows(144).columns["text"])
    from safetensors.torch import load_file, save_file

    weights = load_file(other / "model.safetensors")
    weights["encoder.layer.1.output.dense.weight"] += 1
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    job = watched(job, tmp_path / "training.json")
    job.watch._intent = dataclasses.replace(job.watch._intent, source=str(other))
    list(LocalEngine().train(job))
    outcome = detect(read_facts(tmp_path / "training.json"))
    assert isinstance(outcome, Fired)
    assert outcome.measured["examples"] == ["bert.encoder.layer.1.output.dense.weight"]


# Hugging Face Trainer --------------------------------------------------------------------------


class Encoded(torch.utils.data.Dataset):
    def __init__(self, texts, labels, tokenizer):
        self.rows = tokenizer(texts, padding="max_length", max_length=24, truncation=True)
        self.labels = [LABELS.index(label) for label in labels]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        row = {name: torch.tensor(values[i]) for name, values in self.rows.items()}
        return row | {"labels": torch.tensor(self.labels[i])}


@pytest.fixture
def trainer(tmp_path):
    pytest.importorskip("accelerate")
    from transformers import (
        AutoTokenizer,
        BertForSequenceClassification,
        Trainer,
        TrainingArguments,
    )

    rows = tiny_rows(120)
    folder = make_tiny_model(tmp_path / "model", rows.columns["text"])
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=3)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts, labels = list(rows.columns["text"]), list(rows.columns["label"])

    def make(**changes):
        doctor = luthier.DoctorCallback(labels=LABELS, trained="all")
        arguments = TrainingArguments(
            output_dir=str(tmp_path / "out"), num_train_epochs=2, learning_rate=3e-3,
            per_device_train_batch_size=16, eval_strategy="epoch", save_strategy="no",
            report_to=[], disable_tqdm=True, use_cpu=True, dataloader_pin_memory=False, **changes,
        )  # fmt: skip
        return doctor, Trainer(
            model=model,
            args=arguments,
            train_dataset=Encoded(texts[:80], labels[:80], tokenizer),
            eval_dataset=Encoded(texts[80:], labels[80:], tokenizer),
            callbacks=[doctor],
        )

    return make


@pytest.mark.filterwarnings("default")
def test_a_trainer_is_watched_by_a_callback(trainer, tmp_path):
    doctor, run = trainer(gradient_accumulation_steps=2)
    run.train()
    facts = doctor.doctor.training
    assert facts.steps.done == facts.steps.expected == run.state.max_steps
    assert facts.steps.backwards == 2
    assert facts.steps.stale == 0
    assert facts.pretrained.different == 0
    assert facts.loss.called == "cross_entropy"
    evidence = doctor.doctor.evidence()
    assert len(evidence["validation_predictions"]) == 40
    assert evidence["validation_predictions"].label_names == LABELS
    assert np.isfinite(evidence["validation_predictions"].loss).all()
    evaluated = [event for event in evidence["history"] if event.event == "evaluated"]
    assert len(evaluated) == 2
    clear = {item.fault for item in doctor.diagnosis().clear}
    assert {"parameters_not_trained", "steps_not_as_planned", "head_does_not_fit"} <= clear
    assert not doctor.diagnosis().crashed


@pytest.mark.filterwarnings("default")
def test_a_frozen_head_under_a_trainer_is_found(trainer):
    doctor, run = trainer()
    run.model.classifier.requires_grad_(False)
    run.train()
    assert "parameters_not_trained" in {finding.fault for finding in doctor.diagnosis().fired}


@pytest.mark.filterwarnings("default")
def test_a_ruinous_rate_is_named_before_its_symptoms_in_a_run_of_ten_steps(trainer):
    doctor, run = trainer()
    run.args.learning_rate = 1.0
    run.train()
    found = [finding.fault for finding in doctor.diagnosis().fired]
    assert found[0] == "learning_rate_too_high"
    assert doctor.doctor.training.learning.rows >= 64


def test_a_callback_that_saw_nothing_says_so():
    with pytest.raises(LuthierError, match="nothing was trained yet"):
        luthier.DoctorCallback().diagnosis()
