"""Processes that share a model out learn what one does, and none waits for another forever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from pydantic import ValidationError
from safetensors.torch import load_file
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from luthier.engines.local import LocalEngine
from luthier.engines.optimizer import NOT_FOR_US
from luthier.engines.sharded_model import NOT_SHARED, ShardedModel
from luthier.engines.step import Stepper
from luthier.errors import SettingsError, TrainingError
from luthier.records import Evaluated, IntArray, Saved, Stopped, Warned
from luthier.settings import Settings
from test_several_processes import SHARED, assert_learned_alike, followers_of, job_in, of_kind

ENGINE = LocalEngine()


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / "last" / "model.safetensors")


def run_in_followers(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the other processes do this before they follow."""
    follow = f"{code}\nfrom luthier.engines.follower import main\nmain()"
    paths = os.pathsep.join(path for path in sys.path if path)

    def start(stderr: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", follow],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={**os.environ, "PYTHONPATH": paths},
        )

    monkeypatch.setattr("luthier.engines.several._start", start)


def test_one_process_has_nobody_to_share_with() -> None:
    with pytest.raises(ValidationError, match=r"fsdp shares a model out between processes"):
        Settings.model_validate({"train": {"fsdp": True}})


@pytest.fixture
def row_of_one() -> Iterator[DeviceMesh]:
    """All processes in one row, of which this one is all."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def test_a_model_that_cannot_be_shared_out_is_named(tmp_path: Path, row_of_one: DeviceMesh) -> None:
    job = job_in(tmp_path)
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    model.temperature = torch.nn.Parameter(torch.tensor(1.0))
    with pytest.raises(SettingsError, match=r"this model cannot be shared out"):
        ShardedModel(model, row_of_one, int, leads=True)


def test_every_optimizer_steps_shares_or_says_that_it_cannot(
    tmp_path: Path, row_of_one: DeviceMesh
) -> None:
    job = job_in(tmp_path)
    names = [n for n, kind in vars(torch.optim).items() if isinstance(kind, type)]
    for name in sorted({*names} - {"Optimizer", *NOT_FOR_US}):
        model = job.task.load_model(job.model_source, job.label_names, job.settings)
        held = ShardedModel(model, row_of_one, int, leads=True)
        settings = job.settings.train.model_copy(update={"optim": name.lower()})
        if name in NOT_SHARED:
            with pytest.raises(SettingsError, match=rf"cannot share out the state of {name}"):
                held.optimizer(settings)
            continue
        optimizer = held.optimizer(settings)
        before = held.whole().classifier.weight.clone()
        held.model(input_ids=torch.tensor([[2, 7, 3]])).logits.square().sum().backward()
        optimizer.step()
        held.forget()
        assert not torch.equal(held.whole().classifier.weight, before), name


STRATEGIES = {
    "full": {},
    "partial": {"strategy": "partial", "trainable_layers": 1},
    "lora": {"strategy": "lora", "lora_r": 4, "lora_dropout": 0.0},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_shared_model_learns_what_one_process_learns(tmp_path: Path, name: str) -> None:
    model = STRATEGIES[name]
    one = list(ENGINE.train(job_in(tmp_path / "one", model, trunk_cache_gb=0)))
    shared = list(ENGINE.train(job_in(tmp_path / "shared", model, trunk_cache_gb=0, **SHARED)))
    assert_learned_alike(one, shared)
    if name == "full":
        two = list(ENGINE.train(job_in(tmp_path / "two", model, num_processes=2)))
        assert_learned_alike(two, shared)
    expected, found = weights_in(tmp_path / "one"), weights_in(tmp_path / "shared")
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key].shape == value.shape
        if not key.endswith("key.bias"):  # has no gradient but rounding, which Adam blows up
            torch.testing.assert_close(found[key], value, rtol=1e-3, atol=1e-3, msg=key)
    assert followers_of(os.getpid()) == []


@pytest.mark.slow
def test_what_frozen_layers_gave_is_kept_for_all(tmp_path: Path) -> None:
    model = {"strategy": "frozen"}
    one = list(ENGINE.train(job_in(tmp_path / "one", model)))
    shared = list(ENGINE.train(job_in(tmp_path / "shared", model, **SHARED)))
    told = [event.message for event in of_kind(shared, Warned)]
    assert any("were kept by an earlier run" in message for message in told), told
    assert_learned_alike(one, shared)


HOLDS = """
import json
from pathlib import Path
from luthier.engines.step import Stepper
from luthier.models.used_rows import UsedRows

def local(tensor):
    return (tensor.to_local() if hasattr(tensor, "to_local") else tensor).numel()

def looked_at(stepper, path):
    own, optimizer = Stepper._gradients, stepper._optimizer
    parameters = list(stepper._model.parameters())
    tables = [m._table.numel() for m in stepper._model.modules() if isinstance(m, UsedRows)]
    states = [p for p in parameters if p in optimizer.state]
    Path(path).write_text(json.dumps({
        "whole": sum(p.numel() for p in parameters),
        "weights": sum(map(local, parameters)),
        "moments": sum(local(optimizer.state[p]["exp_avg"]) for p in states),
        "gradients": looked_at.gradients,
        "tables": tables,
    }))

def watch(path):
    step, gradients = Stepper.__call__, Stepper._gradients
    def counted(stepper, rows, parts):
        done = gradients(stepper, rows, parts)
        given = [p.grad for p in stepper._model.parameters() if p.grad is not None]
        looked_at.gradients = sum(map(local, given))
        return done
    def stepped(stepper, number):
        done = step(stepper, number)
        looked_at(stepper, path)
        return done
    Stepper.__call__, Stepper._gradients = stepped, counted
"""


@pytest.mark.slow
def test_each_process_holds_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_followers(monkeypatch, f"{HOLDS}\nwatch({str(tmp_path / 'second.json')!r})")
    for name in ("__call__", "_gradients"):  # what HOLDS puts there is taken back
        monkeypatch.setattr(Stepper, name, getattr(Stepper, name))
    space: dict[str, object] = {}
    exec(f"{HOLDS}\nwatch({str(tmp_path / 'first.json')!r})", space)
    list(ENGINE.train(job_in(tmp_path, max_steps=3, **SHARED)))
    first, second = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("first", "second"))
    assert first["whole"] == second["whole"] > 10_000
    for what in ("weights", "moments", "gradients"):
        assert first[what] + second[what] == first["whole"], what
        assert 0.4 * first["whole"] < second[what] <= first[what] < 0.6 * first["whole"], what
    assert first["tables"] == second["tables"] == [0]


@pytest.mark.slow
def test_a_shared_run_is_resumed_with_and_without_shares(tmp_path: Path) -> None:
    whole = list(ENGINE.train(job_in(tmp_path / "whole", save_steps=2, **SHARED)))
    asked = iter([*[False] * 4, *[True] * 50])
    job = replace(job_in(tmp_path / "cut", save_steps=2, **SHARED), should_stop=lambda: next(asked))
    assert of_kind(list(ENGINE.train(job)), Stopped)[0].reason == "interrupted"
    shutil.copytree(tmp_path / "cut", tmp_path / "plain")
    job = job_in(tmp_path / "cut", save_steps=2, **SHARED)
    rest = list(ENGINE.train(replace(job, resume=True)))
    assert of_kind(rest, Saved)[-1].digest == of_kind(whole, Saved)[-1].digest
    job = job_in(tmp_path / "cut", save_steps=2, num_processes=2)
    job = replace(job, resume=True, checkpoints=tmp_path / "plain" / "checkpoints")
    plain = list(ENGINE.train(job))
    expected, found = of_kind(whole, Evaluated)[-1], of_kind(plain, Evaluated)[-1]
    assert found.step == expected.step
    assert found.validation["loss"] == pytest.approx(expected.validation["loss"], rel=1e-3)


@pytest.mark.slow
def test_a_run_that_began_without_shares_goes_on_with_them(tmp_path: Path) -> None:
    whole = list(ENGINE.train(job_in(tmp_path / "whole", num_processes=2)))
    asked = iter([*[False] * 4, *[True] * 50])
    job = replace(job_in(tmp_path / "cut", num_processes=2), should_stop=lambda: next(asked))
    list(ENGINE.train(job))
    rest = list(ENGINE.train(replace(job_in(tmp_path / "cut", **SHARED), resume=True)))
    expected, found = of_kind(whole, Evaluated)[-1], of_kind(rest, Evaluated)[-1]
    assert found.step == expected.step
    assert found.validation["loss"] == pytest.approx(expected.validation["loss"], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 5])
def test_processes_with_more_and_fewer_parts_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    small = {"per_device_train_batch_size": rows, "max_tokens_per_batch": 24, "max_steps": 12}
    one = list(ENGINE.train(job_in(tmp_path / "one", **small)))
    gradients, counts = Stepper._gradients, []

    def counted(stepper: Stepper, rows: IntArray, parts: tuple[IntArray, ...]) -> object:
        counts.append(tuple(len(stepper._parts(rows[rank::2])) for rank in (0, 1)))
        return gradients(stepper, rows, parts)

    monkeypatch.setattr(Stepper, "_gradients", counted)
    shared = list(ENGINE.train(job_in(tmp_path / "shared", **small, **SHARED)))
    assert len(counts) == 12
    assert any(first != second for first, second in counts), counts
    assert (0 in counts[0]) == (rows == 1)  # the second process has no rows at all then
    assert_learned_alike(one, shared)


RUNS_OUT = """
import torch
from transformers.models.bert import modeling_bert

def run_out(where, most):
    layer, own = modeling_bert.BertIntermediate, modeling_bert.BertIntermediate.forward
    def refuse(*_):
        raise torch.OutOfMemoryError("no memory left, says the test")
    def forward(self, hidden_states):
        answer = own(self, hidden_states)
        if torch.is_grad_enabled() and len(hidden_states) > most:
            if where == "forward":
                refuse()
            answer.register_hook(refuse)
        return answer
    layer.forward = forward
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize("who", ["first", "second"])
def test_all_begin_a_step_again_when_one_runs_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, where: str
) -> None:
    from transformers.models.bert.modeling_bert import BertIntermediate

    one = list(ENGINE.train(job_in(tmp_path / "one")))
    code = f"{RUNS_OUT}\nrun_out({where!r}, 3)"
    if who == "second":
        run_in_followers(monkeypatch, code)
    else:
        monkeypatch.setattr(BertIntermediate, "forward", BertIntermediate.forward)
        exec(code, {})
    shared = list(ENGINE.train(job_in(tmp_path / "shared", **SHARED)))
    assert_learned_alike(one, shared)
    told = [event for event in of_kind(shared, Warned) if "the memory ran out" in event.message]
    assert bool(told) == (who == "first")


@pytest.mark.slow
def test_a_process_with_too_little_memory_for_a_row_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in_followers(monkeypatch, f"{RUNS_OUT}\nrun_out('backward', 0)")
    with pytest.raises(TrainingError, match=r"process 2 of 2 ended .* memory is too small"):
        list(ENGINE.train(job_in(tmp_path, **SHARED)))
    assert followers_of(os.getpid()) == []
