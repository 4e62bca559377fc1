"""A tiny pretrained model on disk, for tests: random BERT weights and a character vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from luthier.records import Rows, Source, Splits, TrainJob


def make_tiny_model(
    folder: Path, texts: Iterable[str], hidden_size: int = 32, layers: int = 2
) -> Path:
    """Write a random BERT encoder and its tokenizer into `folder`, and give the folder back.

    The vocabulary holds every character of `texts` (alone and as a continuation), so a text is cut
    into characters, Chinese or not. Same texts and sizes, same bytes; the caller's random state
    stays as it was.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer
    from transformers.utils import logging

    characters = sorted({c for text in texts for c in text.lower() if not c.isspace()})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *characters, *(f"##{c}" for c in characters)]
    config = BertConfig(
        vocab_size=len(tokens),
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * hidden_size,
        max_position_embeddings=256,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BertModel(config)
    folder.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    vocabulary = {token: index for index, token in enumerate(tokens)}
    BertTokenizer(vocab=vocabulary, do_lower_case=True).save_pretrained(folder)
    return folder


LABELS = ("会员", "退款", "parcel")
_PARTS = {
    "会员": ("会员", "積分", "等级", "member points"),
    "退款": ("退款", "退錢", "refund", "退货"),
    "parcel": ("包裹", "快递", "發貨", "parcel"),
}
_ROUND = (
    "请问",
    "我想",
    "怎么",
    "什麼時候",
    "please",
    "can you",
    "好的",
    "谢谢",
    "?",
    "急",
    "今天",
)


def tiny_rows(count: int, seed: int = 0) -> Rows:
    """Rows whose label can be learned from one of their parts, in Chinese and English."""
    random = np.random.default_rng(seed)
    labels = [LABELS[i] for i in random.choice(len(LABELS), count, p=[0.2, 0.5, 0.3])]
    texts = []
    for label in labels:
        words = [*random.choice(_ROUND, random.integers(1, 9)), random.choice(_PARTS[label])]
        texts.append("".join(random.permutation(words).tolist()))
    return Rows(
        ids=np.arange(count),
        columns={"text": texts, "label": labels},
        locations=[f"tiny.csv:{line}" for line in range(2, count + 2)],
        given_split=[None] * count,
        source=Source(path="tiny.csv", files=(), rows=count, columns={}),
    )


def tiny_job(
    folder: Path,
    train_rows: int = 96,
    validation_rows: int = 48,
    text: Mapping[str, Any] | None = None,
    **train_settings: Any,
) -> TrainJob:
    """A training job over `tiny_rows` and a tiny model, both under `folder`; made anew or reused.

    Args:
        folder: gets `model/` and `checkpoints/`.
        train_rows: training rows.
        validation_rows: validation rows.
        text: settings of the block `text`.
        train_settings: settings of the block `train`, other than the quick ones used here.
    """
    from luthier.models.pretrained import find_model, load_tokenizer
    from luthier.settings import Settings
    from luthier.stages.encode import encode
    from luthier.tasks import get_task

    rows = tiny_rows(train_rows + validation_rows)
    if not (folder / "model").exists():
        make_tiny_model(folder / "model", rows.columns["text"])
    quick = {"num_train_epochs": 3, "learning_rate": 3e-3, "per_device_train_batch_size": 16}
    settings = Settings.model_validate(
        {
            "text": {"max_length": 48, **(text or {})},
            "train": {**quick, "threads": 1, **train_settings},
        }
    )
    task = get_task("text_classification")
    names = task.label_names(rows)
    source = find_model(str(folder / "model"))
    places = ("train",) * train_rows + ("validation",) * validation_rows
    splits = Splits(row_ids=rows.ids, names=places, method="given", seed=0)
    encoded, _ = encode(rows, splits, task, names, load_tokenizer(source), settings.text)
    return TrainJob(task, source, names, encoded, settings, folder / "checkpoints")
