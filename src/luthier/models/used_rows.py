"""Train only those rows of the token embeddings whose tokens occur in the data.

A vocabulary holds tens of thousands of tokens, a data set uses a few thousand. The gradient of all
other rows is zero in every step, and still an optimizer reads and writes them, their gradient and
their moments, and gradient clipping adds up their squares. Here they are no parameters: training
goes the same way, but that weight decay does not shrink rows that nothing teaches.

The state of the model stays the whole table: checkpoints and digests know nothing of this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from luthier.records import IntArray

WORTH_IT = 0.8
"""Share of the rows in use above which all of them stay parameters."""
_NOWHERE = -1


class UsedRows(nn.Embedding):
    """An embedding whose parameter holds the rows in use; its state is the whole table.

    Args:
        whole: the embedding that it stands for.
        used: int64 [u], sorted numbers of the rows in use, that of the padding among them; a text
            with any other token is refused by torch.
    """

    def __init__(self, whole: nn.Embedding, used: torch.Tensor) -> None:
        table = whole.weight.detach()
        used = used.to(table.device)
        super().__init__(len(used), whole.embedding_dim, _weight=table[used].clone())
        self.weight.requires_grad = whole.weight.requires_grad
        place = torch.full((len(table),), _NOWHERE, device=table.device)
        place[used] = torch.arange(len(used), device=table.device)
        self.num_embeddings = len(table)
        self.padding_idx = whole.padding_idx
        self._pad = None if whole.padding_idx is None else int(place[whole.padding_idx])
        self._table: torch.Tensor
        self._used: torch.Tensor
        self._place: torch.Tensor
        self.register_buffer("_table", table, persistent=False)
        self.register_buffer("_used", used, persistent=False)
        self.register_buffer("_place", place, persistent=False)
        self.register_state_dict_post_hook(_give_whole)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_take_used)  # type: ignore[no-untyped-call]

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """Float [..., width] of token numbers of the whole table, int64 [...]."""
        return nn.functional.embedding(self._place[input], self.weight, self._pad)

    def forget_table(self) -> None:
        """Keep the rows in use only: texts are read as before, the state can no longer be given."""
        self._table = self._table.new_empty(0)

    def table(self) -> torch.Tensor:
        """The whole table as it is now, a copy without gradient."""
        return self._table.index_copy(0, self._used, self.weight.detach().to(self._table.dtype))


def _give_whole(module: UsedRows, state: dict[str, Any], prefix: str, _: object) -> None:
    state[f"{prefix}weight"] = module.table()


def _take_used(module: UsedRows, state: dict[str, Any], prefix: str, *_: object) -> None:
    table = state.get(f"{prefix}weight")
    if isinstance(table, torch.Tensor) and table.shape == module._table.shape:
        module._table = table.detach().to(module._table.device, module._table.dtype).clone()
        state[f"{prefix}weight"] = module._table[module._used]


def train_used_rows(model: PreTrainedModel, token_ids: IntArray) -> None:
    """Leave only those rows of the token embeddings as parameters that some text needs.

    Nothing is changed where the embeddings are not trained, where most rows are in use, where
    something else shares their weights, and for embeddings that do more than look up.

    Args:
        model: changed in place.
        token_ids: of every text that it will read from here on, int64 [t]; the padding need not be
            among them.
    """
    try:
        whole = model.get_input_embeddings()
    except NotImplementedError:
        return
    places = [n for n, m in model.named_modules(remove_duplicate=False) if m is whole]
    if type(whole) is not nn.Embedding or len(places) != 1 or not whole.weight.requires_grad:
        return
    holders = [p for _, p in model.named_parameters(remove_duplicate=False) if p is whole.weight]
    plain = whole.max_norm is None and not whole.sparse and not whole.scale_grad_by_freq
    padding = [0, *(i for i in (whole.padding_idx, model.config.pad_token_id) if i is not None)]
    used = np.unique(np.concatenate([token_ids, padding])).astype(np.int64)
    used = used[(used >= 0) & (used < whole.num_embeddings)]
    if len(holders) > 1 or not plain or len(used) > WORTH_IT * whole.num_embeddings:
        return
    parent, _, name = places[0].rpartition(".")
    setattr(model.get_submodule(parent), name, UsedRows(whole, torch.from_numpy(used)))
