"""Begin with weights drawn at random, in one layer or in the whole encoder."""

from __future__ import annotations

import torch

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, what: str, file: bool = True) -> Trial:
    """`one_layer` or `all`; without `file` the watcher cannot compare with the checkpoint.

    The fault is a state: it is always there.
    """

    def forget(model: torch.nn.Module) -> None:
        fresh = type(model)(model.config).state_dict()
        layer = "bert.encoder.layer.0." if what == "one_layer" else "bert."
        forgotten = {name: value for name, value in fresh.items() if name.startswith(layer)}
        model.load_state_dict(forgotten, strict=False)

    recipe = Recipe(before=forget, known_source=file)
    outcome = run(seed, script_of(seed), recipe)
    return Trial(
        f"{what}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"pretrained_weights_missing"}),
    )
