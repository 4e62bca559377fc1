"""Step 6: pretraining, the same script on two CPU cores and on one GPU.

    python -m starter.pretrain --name main --minutes 90
    python -m starter.pretrain --name main --minutes 90 --resume     # goes on after a stop
    python -m starter.pretrain --name more --minutes 300 --start-from src/luthier/starter_model

The rate is level after a warm-up and falls to zero over the last part (`--decay`), so that
`stable/`, saved where the fall begins, is the place to continue from with a larger budget. The
budget is time (`--minutes`, counted over all resumed parts) or `--steps`. Written to
`<work>/runs/<name>/`: `log.jsonl`, `last/` (weights, optimizer and counters, every few minutes),
`stable/`, and `before.json` on the run that `--start-from` came from.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import BertConfig, BertForPreTraining

from starter.muon import Muon
from starter.objectives import Pretraining, mask_tokens, mean_vector
from starter.shards import WINDOW
from starter.work import WORK, announce

MIXTURE = {
    "zhwiki_mixed_script": 0.36,
    "articles_zh": 0.15,
    "law_zh": 0.05,
    "reviews_zh": 0.05,
    "enwiki": 0.34,
    "tatoeba": 0.05,
}
"""Share of the windows of a batch that each corpus gives."""
MASK_ID = 4


@dataclass
class Plan:
    """Every choice of a run; written beside it."""

    name: str
    work: str
    shards: str = "shards"
    vocab_size: int = 14_000
    layers: int = 4
    width: int = 256
    optimizer: str = "muon"
    learning_rate: float = 2e-3
    batch: int = 128
    masked: float = 0.25
    neighbours: float = 0.1
    summary: float = 0.5
    teacher: float = 0.0
    teacher_every: int = 4
    lessons: int = 64
    long_every: int = 8
    static_vectors: bool = True
    start_from: str | None = None
    minutes: float = 0.0
    steps: int = 0
    warmup: int = 150
    decay: float = 0.3
    seed: int = 0
    device: str = "cpu"


class Windows:
    """Random pairs of neighbouring windows from all corpora, in the proportions of `MIXTURE`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._shards = [
            (share, np.load(folder / f"{name}.npy", mmap_mode="r"))
            for name, share in MIXTURE.items()
            if (folder / f"{name}.npy").exists()
        ]
        self._draw = np.random.default_rng(seed)

    def batch(self, rows: int) -> Tensor:
        """`rows` windows (an even number), shape (rows, 64), int64; 2i and 2i+1 are neighbours."""
        shares = np.array([share for share, _ in self._shards])
        counts = self._draw.multinomial(rows // 2, shares / shares.sum())
        parts = []
        for (_, shard), count in zip(self._shards, counts, strict=True):
            first = np.sort(self._draw.integers(0, len(shard) - 1, count))
            parts.append(np.stack([shard[first], shard[first + 1]], axis=1).reshape(-1, WINDOW))
        return torch.from_numpy(np.concatenate(parts).astype(np.int64))


class Lessons:
    """Random rows of the teacher's file."""

    def __init__(self, path: Path, seed: int) -> None:
        file = np.load(path)
        self._ids, self._vectors = file["ids"], file["vectors"]
        self._draw = np.random.default_rng(seed)

    def batch(self, rows: int) -> tuple[Tensor, Tensor]:
        """Ids (rows, length) cut to the longest, and vectors (rows, 384)."""
        chosen = self._draw.integers(0, len(self._ids), rows)
        ids = self._ids[chosen].astype(np.int64)
        return torch.from_numpy(ids[:, : int((ids != 0).sum(1).max())]), torch.from_numpy(
            self._vectors[chosen].astype(np.float32)
        )


def new_model(plan: Plan) -> Pretraining:
    """The encoder from `start_from`, or random with counted embeddings."""
    shares = torch.from_numpy(np.load(Path(plan.work) / "token_shares.npy"))
    if plan.start_from:
        without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        found = BertForPreTraining.from_pretrained(plan.start_from, dtype=torch.float32, **without)
        return Pretraining(found.train(), shares)
    config = BertConfig(
        vocab_size=plan.vocab_size,
        hidden_size=plan.width,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.width // 64,
        intermediate_size=4 * plan.width,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=0,
    )
    model = BertForPreTraining(config)
    if plan.static_vectors:
        vectors = torch.from_numpy(np.load(Path(plan.work) / "static_vectors.npy"))
        vectors = vectors[:, : plan.width]
        with torch.no_grad():
            table = model.bert.embeddings.word_embeddings.weight
            table[5:] = (vectors / vectors.std() * 0.04)[5:]
            model.cls.predictions.bias.copy_(shares.log())
    return Pretraining(model, shares)


def optimizers(model: Pretraining, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for everything else; or AdamW alone."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        hidden = parameter.ndim == 2 and ".layer." in name and plan.optimizer == "muon"
        (matrices if hidden else others).append(parameter)
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    ]
    if matrices:
        made.append(Muon(matrices, lr=plan.learning_rate))
    return made


def rate(plan: Plan, step: int, spent: float) -> float:
    """Share of the learning rate at `step` when `spent` (0 to 1) of the budget is used."""
    warm = min(1.0, (step + 1) / plan.warmup)
    falling = min(1.0, max(0.0, (1.0 - spent) / plan.decay))
    return warm * falling


class Run:
    """One pretraining run: its state on disk and its loop."""

    def __init__(self, plan: Plan, resume: bool) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.folder = Path(plan.work) / "runs" / plan.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.step, self.seconds, self.tokens, self.began = 0, 0.0, 0, time.monotonic()
        self.model = new_model(plan).to(plan.device)
        self.optimizers = optimizers(self.model, plan)
        if resume and (self.folder / "last" / "counters.json").exists():
            self._load(self.folder / "last")
        (self.folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")
        earlier = Path(plan.start_from or "") / "pretraining.json"
        if plan.start_from and not self.step and earlier.exists():
            (self.folder / "before.json").write_bytes(earlier.read_bytes())
        self.windows = Windows(Path(plan.work) / plan.shards, plan.seed + self.step)
        self.lessons = (
            Lessons(Path(plan.work) / "teacher.npz", plan.seed + self.step)
            if plan.teacher
            else None
        )
        self.noise = torch.Generator(device=plan.device).manual_seed(plan.seed + self.step)

    def spent(self) -> float:
        """Share of the budget that is used."""
        if self.plan.steps:
            return self.step / self.plan.steps
        return (self.seconds + time.monotonic() - self.began) / 60 / self.plan.minutes

    def losses(self) -> dict[str, Tensor]:
        """The weighted losses of the next batch."""
        plan = self.plan
        ids = self.windows.batch(plan.batch).to(plan.device)
        long = plan.long_every and self.step % plan.long_every == 0
        if long:
            ids = ids.reshape(-1, 2 * WINDOW)
        positions = self._positions(ids) if not long else None
        shown, chosen, answers = mask_tokens(ids, plan.masked, MASK_ID, plan.vocab_size, self.noise)
        states = self.model.states(shown, positions)
        losses = {"masked": self.model.masked_loss(states, chosen, answers)}
        summary = self.model.summary(states)
        if plan.summary and not long:
            losses["summary"] = plan.summary * self.model.summary_loss(summary, ids)
        if plan.neighbours and not long:
            both = (summary, mean_vector(states, ids))
            near = torch.stack([self.model.neighbour_loss(vectors) for vectors in both])
            losses["neighbours"] = plan.neighbours * near.mean()
        if self.lessons is not None and self.step % plan.teacher_every == 0:
            lesson, vectors = self.lessons.batch(plan.lessons)
            losses["teacher"] = plan.teacher * self.model.teacher_loss(
                lesson.to(plan.device), vectors.to(plan.device)
            )
        self.tokens += int(ids.ne(0).sum())
        return losses

    def _positions(self, ids: Tensor) -> Tensor:
        """Half of the rows start at a random place, so that all 512 positions are learnt."""
        rows, length = ids.shape
        start = torch.randint(0, 512 - length, (rows, 1), generator=self.noise, device=ids.device)
        start[: rows // 4] = 0
        start[rows // 2 : 3 * rows // 4] = 0
        return start + torch.arange(length, device=ids.device)

    def take_step(self) -> dict[str, float]:
        """One step; returns the losses."""
        share = rate(self.plan, self.step, self.spent())
        bfloat = self.plan.device != "cpu"
        with torch.autocast(self.plan.device, torch.bfloat16, enabled=bfloat):
            losses = self.losses()
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.plan.learning_rate * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {name: value.detach() for name, value in losses.items()}

    def save(self, name: str) -> None:
        """Weights, optimizer tensors and counters, put in place by a rename."""
        folder = self.folder / f"{name}.part"
        folder.mkdir(exist_ok=True)
        save_file(
            {
                key: value.contiguous()
                for key, value in self.model.state_dict().items()
                if not key.endswith("decoder.weight") and not key.endswith("decoder.bias")
            },
            folder / "weights.safetensors",
        )
        state = {
            f"{which}.{key}.{field}": value.contiguous()
            for which, optimizer in enumerate(self.optimizers)
            for key, fields in optimizer.state_dict()["state"].items()
            for field, value in fields.items()
        }
        save_file(state, folder / "optimizer.safetensors")
        counters = {
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds + time.monotonic() - self.began,
        }
        (folder / "counters.json").write_text(json.dumps(counters))
        final = self.folder / name
        for file in folder.iterdir():
            final.mkdir(exist_ok=True)
            file.replace(final / file.name)
        folder.rmdir()

    def _load(self, folder: Path) -> None:
        self.model.load_state_dict(load_file(folder / "weights.safetensors"), strict=False)
        state: list[dict[int, dict[str, Tensor]]] = [{} for _ in self.optimizers]
        for key, value in load_file(folder / "optimizer.safetensors").items():
            which, parameter, field = key.split(".", 2)
            state[int(which)].setdefault(int(parameter), {})[field] = value
        for optimizer, tensors in zip(self.optimizers, state, strict=True):
            optimizer.load_state_dict({**optimizer.state_dict(), "state": tensors})
        counters = json.loads((folder / "counters.json").read_text())
        self.step, self.tokens = counters["step"], counters["tokens"]
        self.seconds = counters["seconds"]

    def go(self, save_every: float = 240.0, log_every: int = 50) -> None:
        """Until the budget is spent."""
        saved, stable, sums, began = time.monotonic(), False, {}, time.monotonic()
        while self.spent() < 1.0:
            if not stable and self.spent() > 1.0 - self.plan.decay:
                self.save("stable")
                stable = True
            for name, value in self.take_step().items():
                sums.setdefault(name, []).append(value)
            if self.step % log_every == 0:
                line = {name: round(float(torch.stack(v).mean()), 4) for name, v in sums.items()}
                line |= {"step": self.step, "tokens": self.tokens, "spent": round(self.spent(), 4)}
                line["seconds"] = round(time.monotonic() - began, 1)
                with (self.folder / "log.jsonl").open("a") as file:
                    file.write(json.dumps(line) + "\n")
                announce(str(line))
                sums, began = {}, time.monotonic()
            if time.monotonic() - saved > save_every:
                self.save("last")
                saved = time.monotonic()
        self.save("last")


def main() -> None:
    """Read the plan from the command line and run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name, value in asdict(Plan(name="main", work=str(WORK))).items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=value)
        else:
            parser.add_argument(flag, type=str if value is None else type(value), default=value)
    parser.add_argument("--resume", action="store_true")
    arguments = vars(parser.parse_args())
    resume = arguments.pop("resume")
    plan = Plan(**arguments)
    if not plan.steps and not plan.minutes:
        parser.error("a budget is missing: --minutes 90 or --steps 5000")
    Run(plan, resume).go()


if __name__ == "__main__":
    main()
