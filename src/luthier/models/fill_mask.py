"""Words replaced by what a masked language model expects in their place.

Source: Kobayashi (2018), Contextual Augmentation, NAACL; whole words are masked at once, Cui et al.
(2019), arXiv 1906.08101.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForMaskedLM

from luthier.errors import ModelError, Problem
from luthier.models.loading import explained, load_tokenizer
from luthier.models.quiet import quiet
from luthier.records import ModelSource

LIKELIEST = 10
"""A token is drawn from so many of the likeliest; more bring in noise."""


class MaskFiller:
    """A pretrained model that fills gaps.

    Args:
        source: a model with the head of its pretraining (BERT, RoBERTa, MacBERT ...).

    Raises:
        ModelError: when it has none, or its tokenizer cannot say where a token stands.
    """

    def __init__(self, source: ModelSource) -> None:
        self._tokenizer = load_tokenizer(source)
        with explained(source, "the model that fills gaps"), quiet():
            model, report = AutoModelForMaskedLM.from_pretrained(
                source.path,
                trust_remote_code=source.trust_remote_code,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        if report["missing_keys"] or self._tokenizer.mask_token_id is None:
            raise ModelError(
                Problem("has no head that fills gaps in a text", where=source.name),
                next_step="choose --augment.change delete, swap or synonyms, or another model",
            )
        self._model = model.eval()
        self._most = int(getattr(model.config, "max_position_embeddings", 512)) - 2

    def __call__(
        self, text: str, spans: Sequence[tuple[int, int]], random: np.random.Generator
    ) -> str:
        """The text with these spans (start and end in characters) filled anew.

        A span that lies behind the model's longest input stays as it is.
        """
        read = self._tokenizer(
            text,
            return_offsets_mapping=True,
            truncation=True,
            max_length=self._most,
            return_tensors="pt",
        )
        places = read.pop("offset_mapping")[0].tolist()
        ids = read["input_ids"]
        original = ids[0].clone()
        inside = [
            [i for i, (a, b) in enumerate(places) if a < end and b > start and a < b]
            for start, end in spans
        ]
        for positions in inside:
            ids[0, positions] = self._tokenizer.mask_token_id
        with torch.no_grad():
            logits = self._model(**read).logits[0]
        logits[:, self._tokenizer.all_special_ids] = -torch.inf
        changed = text
        for (start, end), positions in sorted(zip(spans, inside, strict=True), reverse=True):
            if positions:
                drawn = [self._draw(logits[i], int(original[i]), random) for i in positions]
                word = str(self._tokenizer.decode(drawn)).replace(" ", "")
                changed = changed[:start] + word + changed[end:]
        return changed

    def _draw(self, logits: torch.Tensor, original: int, random: np.random.Generator) -> int:
        logits[original] = -torch.inf
        best = logits.topk(min(LIKELIEST, len(logits) - 1))
        shares = best.values.double().softmax(0).numpy()
        return int(best.indices[random.choice(len(shares), p=shares / shares.sum())])
