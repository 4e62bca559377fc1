"""What the encoder is asked to do: four losses on the same forward passes.

- masked language modelling (Devlin et al. 2019), the whole vocabulary as answers;
- summary: the pooled first token, which is what a sequence classifier reads, tells which pieces its
  window holds, rare ones counting most (a bag of words as in RetroMAE-2, Xiao et al. 2023; weights
  of Arora et al. 2017);
- neighbours: the pooled first tokens, and the mean vectors, of two windows that stand side by side
  in a document find each other among the batch (InfoNCE, van den Oord et al. 2018; as DeCLUTR,
  Giorgi et al. 2021), which costs no pass of its own because the masked windows are the views;
- teacher: the pooled first token of a sentence, projected, points where all-MiniLM-L6-v2 points for
  the English side of the same pair (Reimers & Gurevych 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertForPreTraining

COMMON = 1e-3
"""Share of all tokens at which a piece counts half as much in a summary as a rare one."""


class Pretraining(nn.Module):
    """The encoder with what only pretraining needs around it.

    Args:
        encoder: the model that is kept.
        shares: share of each piece among all tokens, float32 (vocabulary,).
        teacher_width: width of the teacher's vectors.
    """

    def __init__(
        self, encoder: BertForPreTraining, shares: Tensor, teacher_width: int = 384
    ) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.to_teacher = nn.Linear(width, teacher_width)
        self.to_words = nn.Linear(width, width)
        weights = COMMON / (COMMON + shares)
        weights[:5] = 0  # special tokens
        self.register_buffer("word_weights", weights, persistent=False)
        usual = weights * shares
        self.word_bias = nn.Parameter((usual / usual.sum()).clamp(min=1e-9).log())

    def states(self, ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """Last hidden states, shape (rows, length, width); padding is id 0."""
        mask = ids.ne(0)
        output = self.encoder.bert(
            input_ids=ids, attention_mask=mask.long(), position_ids=positions
        )
        return output.last_hidden_state

    def summary(self, states: Tensor) -> Tensor:
        """What a sequence classifier reads: the pooled first token, shape (rows, width)."""
        pooled: Tensor = self.encoder.bert.pooler(states)
        return pooled

    def summary_loss(self, summary: Tensor, ids: Tensor) -> Tensor:
        """Cross entropy between the pieces of each window, weighted, and what its summary tells."""
        table = self.encoder.cls.predictions.decoder.weight
        told = self.to_words(summary) @ table.T + self.word_bias
        held = torch.zeros_like(told, dtype=torch.float32).scatter_(1, ids, 1.0)
        held = held * self.word_weights
        held = held / held.sum(1, keepdim=True).clamp(min=1e-9)
        return -(held * functional.log_softmax(told.float(), dim=1)).sum(1).mean()

    def masked_loss(self, states: Tensor, chosen: Tensor, answers: Tensor) -> Tensor:
        """Cross entropy at `chosen`, a flat index of the places that were masked."""
        predictions = self.encoder.cls.predictions
        guesses = predictions.transform(states.flatten(0, 1)[chosen])
        table = predictions.decoder
        if guesses.is_cuda:
            return functional.cross_entropy(table(guesses).float(), answers)
        return ChunkedCrossEntropy.apply(guesses, table.weight, table.bias, answers)

    def neighbour_loss(self, vectors: Tensor, temperature: float = 0.05) -> Tensor:
        """InfoNCE over rows (0, 1), (2, 3), …: each row's partner against every other row."""
        vectors = functional.normalize(vectors.float(), dim=-1)
        likeness = vectors @ vectors.T / temperature
        likeness.fill_diagonal_(float("-inf"))
        partner = torch.arange(len(vectors), device=vectors.device) ^ 1
        return functional.cross_entropy(likeness, partner)

    def teacher_loss(self, ids: Tensor, vectors: Tensor) -> Tensor:
        """1 - cosine between the projected summary and the teacher's vector, averaged."""
        mine = self.to_teacher(self.summary(self.states(ids)))
        return 1 - functional.cosine_similarity(mine.float(), vectors.float(), dim=-1).mean()


class ChunkedCrossEntropy(torch.autograd.Function):
    """Mean cross entropy of `guesses @ table.T + bias`, gradients made on the way forward.

    The logits of a few rows at a time stay in the processor's cache; all at once they are 100 MB
    that would be written and read six times.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx,
        guesses: Tensor,
        table: Tensor,
        bias: Tensor,
        answers: Tensor,
        rows: int = 512,
    ) -> Tensor:
        """The loss; shapes (n, width), (vocabulary, width), (vocabulary), (n)."""
        to_guesses, to_table = torch.empty_like(guesses), torch.zeros_like(table)
        to_bias, loss = torch.zeros_like(bias), guesses.new_zeros(())
        for start in range(0, len(guesses), rows):
            part = slice(start, start + rows)
            logits = torch.addmm(bias, guesses[part], table.T)
            right = answers[part, None]
            top = logits.max(dim=1, keepdim=True).values
            loss -= (logits.gather(1, right) - top).sum()
            logits.sub_(top).exp_()
            total = logits.sum(dim=1, keepdim=True)
            loss += total.log().sum()
            logits.div_(total).scatter_add_(1, right, -torch.ones_like(total))
            to_guesses[part] = logits @ table
            to_table.addmm_(logits.T, guesses[part])
            to_bias += logits.sum(dim=0)
        ctx.save_for_backward(to_guesses, to_table, to_bias)
        ctx.count = max(1, len(guesses))  # type: ignore[attr-defined]
        return loss / max(1, len(guesses))

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        """Scale what the forward pass left."""
        share = gradient / ctx.count  # type: ignore[attr-defined]
        made = [tensor.mul_(share) for tensor in ctx.saved_tensors]  # type: ignore[attr-defined]
        return (*made, None, None)


def mean_vector(states: Tensor, ids: Tensor) -> Tensor:
    """Mean of the hidden states of all tokens that are not padding, shape (rows, width)."""
    weight = ids.ne(0).unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


def mask_tokens(
    ids: Tensor, share: float, mask_id: int, vocab_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Hide a `share` of the real tokens: 80 % by `[MASK]`, 10 % by any token, 10 % left.

    Returns:
        The ids to show, the flat index of the places to guess, and what stood there.
    """
    draw = torch.rand(ids.shape, generator=generator, device=ids.device)
    guess = (draw < share) & ids.ge(5)
    kind = draw / share
    shown = ids.masked_fill(guess & (kind < 0.8), mask_id)
    noise = torch.randint(5, vocab_size, ids.shape, generator=generator, device=ids.device)
    shown = torch.where(guess & (kind >= 0.9), noise, shown)
    chosen = guess.flatten().nonzero().squeeze(1)
    return shown, chosen, ids.flatten()[chosen]
