"""Judge or ship the last weights although an earlier checkpoint was the best."""

from __future__ import annotations

from dataclasses import replace

from standin import Course
from trials import Trial, healthy_run


def plant(seed: int, *, extra_epochs: int) -> Trial:
    """Train on past the best epoch, then evaluate, ship, or do both with the last weights."""
    course = Course(seed=seed, epochs=8 + extra_epochs, l2=0.0, floors=False)
    result = healthy_run("mixed", seed, 900, course)
    facts = result.evidence["checkpoints"]
    wrong = (
        {"evaluated": facts.last},
        {"shipped": facts.last},
        {"evaluated": facts.last, "shipped": facts.last},
    )
    swapped = replace(facts, **wrong[seed % 3])
    there = facts.last != facts.best
    fault = frozenset({"last_instead_of_best"})
    return Trial(
        f"last weights used, {facts.last_step - facts.best_step} epochs after the best",
        {**result.evidence, "checkpoints": swapped},
        present=fault if there else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"})
        | (frozenset() if there else fault),
    )
