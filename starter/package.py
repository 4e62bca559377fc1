"""Step 8: the pretrained model -> the folder that the wheel ships.

    python -m starter.package build/starter/runs/main

Weights in half precision, tokenizer, configuration and model card, at most 16 MB, written to
`src/luthier/starter_model/` in one go. The pooler is what a sequence classifier reads. The head
that guesses masked words stays in (0.2 MB): with it the model can be pretrained further, and
`fill-mask` works.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file
from transformers import AutoTokenizer, BertForPreTraining

from luthier.run_folder import replace_folder
from starter.card import card
from starter.pretrain import Plan, new_model
from starter.work import WORK, announce

LARGEST = 16_000_000
TARGET = Path("src/luthier/starter_model")


def encoder_of(run: Path, state: str) -> BertForPreTraining:
    """The encoder of a pretraining run at `last` or `stable`, dropout set for fine-tuning."""
    plan = Plan(**json.loads((run / "plan.json").read_text()))
    model = new_model(replace(plan, static_vectors=False, start_from=None))
    model.load_state_dict(load_file(run / state / "weights.safetensors"), strict=False)
    model.encoder.tie_weights()
    model.encoder.config.hidden_dropout_prob = 0.1
    model.encoder.config.attention_probs_dropout_prob = 0.1
    return model.encoder


def package(run: Path, state: str, work: Path, target: Path) -> int:
    """Write `target` and return its size in bytes.

    Raises:
        SystemExit: the folder would be larger than 16 MB; nothing is replaced.
    """
    staged = target.with_name(f".{target.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    encoder = encoder_of(run, state)
    encoder.half().save_pretrained(staged)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(work / "tokenizer" / name, staged / name)
    tokenizer = AutoTokenizer.from_pretrained(staged)
    assert len(tokenizer) == encoder.config.vocab_size, (
        "tokenizer and weights do not belong together"
    )
    history = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    facts = {
        "plan": json.loads((run / "plan.json").read_text()),
        "counters": json.loads((run / state / "counters.json").read_text()),
        "last_losses": history[-1],
        "shards": json.loads((work / "shards" / "counts.json").read_text()),
        "cleaning": json.loads((work / "clean" / "counts.json").read_text()),
    }
    if (run / "before.json").exists():
        before = json.loads((run / "before.json").read_text())
        earlier = before.pop("before", [])
        facts["before"] = [*earlier, {name: before[name] for name in ("plan", "counters")}]
    for place in ("work", "start_from"):
        facts["plan"].pop(place)
    (staged / "pretraining.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    (staged / "README.md").write_text(card(encoder.config, facts), encoding="utf-8")
    size = sum(file.stat().st_size for file in staged.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{staged} has {size:,} bytes; at most {LARGEST:,} are shipped")
    replace_folder(staged, target)
    return size


def main() -> None:
    """Package the run named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--state", default="last", choices=["last", "stable"])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    size = package(arguments.run, arguments.state, arguments.work, arguments.target)
    announce(f"{arguments.target}: {size:,} bytes")


if __name__ == "__main__":
    main()
