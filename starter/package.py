"""Step 8: the pretrained model -> the folder that the wheel ships.

    python -m starter.package build/starter/runs/main/model

Weights in half precision, tokenizer, configuration and model card, at most 16 MB, written to
`src/luthier/starter_model/` in one go. The head that guesses masked words stays in (0.2 MB):
with it the model can be pretrained further, and `fill-mask` works.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertForMaskedLM

from luthier.run_folder import replace_folder
from starter.card import card
from starter.work import WORK, announce

LARGEST = 16_000_000
TARGET = Path("src/luthier/starter_model")


def package(model: Path, work: Path, target: Path) -> int:
    """Write `target` and return its size in bytes.

    Raises:
        SystemExit: the folder would be larger than 16 MB; nothing is replaced.
    """
    staged = work / "starter_model"
    shutil.rmtree(staged, ignore_errors=True)
    encoder = BertForMaskedLM.from_pretrained(model, dtype=torch.float32)
    encoder.half().save_pretrained(staged)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(work / "tokenizer" / name, staged / name)
    tokenizer = AutoTokenizer.from_pretrained(staged)
    assert len(tokenizer) == encoder.config.vocab_size, (
        "tokenizer and weights do not belong together"
    )
    run = model.parent
    history = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    facts = {
        "plan": json.loads((run / "plan.json").read_text()),
        "counters": json.loads((run / "last" / "counters.json").read_text()),
        "last_losses": history[-1],
        "shards": json.loads((work / "shards" / "counts.json").read_text()),
        "cleaning": json.loads((work / "clean" / "counts.json").read_text()),
    }
    facts["plan"].pop("work")
    (staged / "pretraining.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    (staged / "README.md").write_text(card(encoder.config, facts), encoding="utf-8")
    size = sum(file.stat().st_size for file in staged.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{staged} has {size:,} bytes; at most {LARGEST:,} are shipped")
    replace_folder(staged, target)
    return size


def main() -> None:
    """Package the model named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    size = package(arguments.model, arguments.work, arguments.target)
    announce(f"{arguments.target}: {size:,} bytes")


if __name__ == "__main__":
    main()
