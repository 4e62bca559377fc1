"""A model folder loaded by plain transformers in a process of its own, answering line by line.

Started as `python -m luthier.evidence.parity_probe FOLDER`. Each line of stdin is one request,
each line of stdout its answer, both JSON. Nothing of Luthier touches texts, weights or outputs
here: what comes out is what `transformers` alone makes of the folder.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ROWS_AT_ONCE = 32
TOKENS_UNLIMITED = 100_000
"""A tokenizer without a limit of its own says 1e30; then nothing is cut."""


@functools.cache
def _tokenizer(folder: str, arguments: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, **json.loads(arguments))


@functools.cache
def _model(folder: str) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model and what loading it said; weights that were not in the file are seeded."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    model, said = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    return model, said


def facts(folder: str) -> dict[str, Any]:
    """What loading the folder says: labels, longest input, missing weights, digest, modes."""
    from luthier.kit.digest import digest_of_tensors

    model, said = _model(folder)
    limit = _tokenizer(folder, "{}").model_max_length
    return {
        "labels": [name for _, name in sorted((model.config.id2label or {}).items())],
        "max_length": int(limit) if limit < TOKENS_UNLIMITED else None,
        "missing_keys": sorted(map(str, said["missing_keys"])),
        "unexpected_keys": sorted(map(str, said["unexpected_keys"])),
        "digest": digest_of_tensors(model.state_dict()),
        "training_modules": [
            name
            for name, module in model.named_modules()
            if module.training and type(module).__name__.startswith(("Dropout", "BatchNorm"))
        ],
    }


def answers(
    folder: str, texts: Sequence[str], way: dict[str, Any], *, alone: bool, seed: int
) -> dict[str, Any]:
    """Logits [n, K] and token ids of texts, answered in a way of `kit.ways.Way`."""
    import torch

    model, _ = _model(way["weights"] or folder)
    tokenizer = _tokenizer(folder, json.dumps(way["load"], sort_keys=True))
    model.train(way["train_mode"])
    torch.manual_seed(seed)
    limit = min(
        way["call"].get("max_length", TOKENS_UNLIMITED),
        tokenizer.model_max_length,
        getattr(model.config, "max_position_embeddings", TOKENS_UNLIMITED) or TOKENS_UNLIMITED,
    )
    logits: list[list[float]] = []
    ids: list[list[int]] = []
    size = 1 if alone else ROWS_AT_ONCE
    for start in range(0, len(texts), size):
        batch = tokenizer(
            list(texts[start : start + size]),
            return_tensors="pt",
            truncation=True,
            padding=True if way["masked"] else "max_length",
            **{**way["call"], "max_length": int(limit)},
        )
        mask = batch["attention_mask"].bool()
        ids += [row[kept].tolist() for row, kept in zip(batch["input_ids"], mask, strict=True)]
        logits += _forward(model, dict(batch), masked=way["masked"])
    model.eval()
    return {"logits": logits, "ids": ids}


def _forward(
    model: PreTrainedModel, batch: dict[str, torch.Tensor], *, masked: bool
) -> list[list[float]]:
    import torch

    if not masked:
        batch.pop("attention_mask", None)
    with torch.inference_mode():
        values: list[list[float]] = model(**batch).logits.double().tolist()
    return values


def main() -> None:
    """Answer until stdin ends."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # whatever a library prints must not come between the answers
    folder = str(Path(sys.argv[1]).resolve())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["ask"] == "facts":
                reply = facts(folder)
            else:
                reply = answers(
                    folder,
                    request["texts"],
                    request["way"],
                    alone=request["alone"],
                    seed=request["seed"],
                )
        except Exception as error:  # noqa: BLE001 - told to the asker, who knows what it means
            reply = {"error": f"{type(error).__name__}: {str(error).strip()[:300]}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
