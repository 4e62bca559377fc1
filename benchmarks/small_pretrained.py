"""The small transformer's pretrained weights: made once per script and machine, in a few seconds.

One word is one token. Pretraining teaches it to name the two meaningful words of a text, on rows
that no run sees. The weights lie in the temporary folder, named by the digest of this file.
"""

from __future__ import annotations

import hashlib
import tempfile
from functools import cache
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification
from transformers.utils import logging

from grammar import GROUP, PRETRAINING, Script, make_rows, words_of
from luthier.records import Rows
from place import Substrate, here

PAD, CLS, FIRST_WORD = 0, 1, 2
PRETRAINING_STEPS = 400


def tokens_of(rows: Rows, script: Script) -> torch.Tensor:
    """int64 [n, longest + 1]: [CLS] and one id per word, padded with 0."""
    place = {word: i + FIRST_WORD for i, word in enumerate(words_of(script))}
    ids = [[CLS, *(place[word] for word in words)] for words in rows.columns["words"]]
    longest = max(map(len, ids))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in ids])


def classifier(script: Script, labels: int, *, known: bool = True) -> torch.nn.Module:
    """The pretrained encoder with a fresh head; or one with no pretrained weight at all."""
    folder = pretrained(script)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    if known:
        return BertForSequenceClassification.from_pretrained(folder, num_labels=labels)
    config = BertConfig.from_pretrained(folder, num_labels=labels)
    return BertForSequenceClassification(config)


def rate_shape(step: int, total: int) -> float:
    """Share of the peak rate in 0-based step `step`."""
    warm = max(1, total // 10)
    return min((step + 1) / warm, max(0.0, (total - step) / (total - warm)))


def pretrained(script: Script) -> Path:
    """The folder of the pretrained model of this script; made when it is not there."""
    return _pretrained(here().substrate, script)


@cache
def _pretrained(substrate: Substrate, script: Script) -> Path:
    """`substrate` is the current one; its language and size of transformer make the weights."""
    origin = f"{script} {substrate.language} {substrate.transformer}".encode()
    key = hashlib.sha256(Path(__file__).read_bytes() + origin).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"luthier-small-model-{key}"
    if (folder / "config.json").exists():
        return folder
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _pretrain(script)
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(dir=tempfile.gettempdir()) as temporary:
        new = Path(temporary) / "model"
        model.bert.save_pretrained(new)
        if not folder.exists():
            new.rename(folder)
    return folder


def _pretrain(script: Script) -> BertForSequenceClassification:
    """Learn to name both meaningful words of a text: another task in the same language."""
    size = here().substrate.transformer
    config = BertConfig(
        vocab_size=FIRST_WORD + len(words_of(script)),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=4,
        intermediate_size=2 * size.width,
        max_position_embeddings=16,
        num_labels=2 * GROUP,
    )
    model = BertForSequenceClassification(config)
    rows = make_rows("pairs", script, 3000, PRETRAINING)
    ids = tokens_of(rows, script)
    words = words_of(script)
    place = {word: i for i, word in enumerate(words[: 2 * GROUP])}
    both = torch.tensor([[place[w] for w in row if w in place] for row in rows.columns["words"]])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(PRETRAINING_STEPS):
        at = torch.randint(len(ids), (32,))
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * rate_shape(step, PRETRAINING_STEPS)
        logits = model(input_ids=ids[at], attention_mask=(ids[at] != PAD).long()).logits
        wanted = torch.zeros_like(logits).scatter_(1, both[at], 1.0)
        torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted).backward()
        optimizer.step()
        optimizer.zero_grad()
    return model
