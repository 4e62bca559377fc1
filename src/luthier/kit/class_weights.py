"""One loss weight per label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.records import FloatArray, IntArray, Targets

ByFrequency = Literal["none", "sqrt", "balanced"]
ClassWeights = ByFrequency | Mapping[str, float]


def class_weights(
    setting: ClassWeights, targets: IntArray, label_names: Sequence[str]
) -> FloatArray:
    """float64 [K]: loss weight per label, for targets int64 [n].

    `balanced` is n / (K * rows of the label), as in scikit-learn; `sqrt` its square root, with a
    mean of 1 over the rows. A label without rows gets 1. A mapping gives the labels it names; the
    others get 1.

    Raises:
        SettingsError: when the mapping names a label that does not exist.
    """
    weights = np.ones(len(label_names))
    if setting == "none":
        return weights
    if isinstance(setting, str):
        counts = np.bincount(targets, minlength=len(label_names))
        present = counts > 0
        weights[present] = len(targets) / (len(label_names) * counts[present])
        if setting == "sqrt":
            weights[present] = np.sqrt(weights[present])
            weights[present] /= weights[targets].mean()
        return weights
    return _named(setting, label_names)


def positive_weights(
    setting: ClassWeights, targets: Targets, label_names: Sequence[str]
) -> FloatArray:
    """float64 [K]: weight of a label where it applies, for targets of 0 and 1, int64 [n, K].

    `balanced` is rows without the label / rows with it, so that both sides count alike
    (`pos_weight` of torch's binary cross-entropy), `sqrt` its square root; a label without rows
    gets 1.

    Raises:
        SettingsError: when the mapping names a label that does not exist.
    """
    if setting == "none":
        return np.ones(len(label_names))
    if isinstance(setting, str):
        with_label = (targets == 1).sum(axis=0)
        without = (targets == 0).sum(axis=0)
        present = (with_label > 0) & (without > 0)
        balanced = np.where(present, without / np.maximum(with_label, 1), 1.0)
        return np.sqrt(balanced) if setting == "sqrt" else balanced
    return _named(setting, label_names)


def without_weight(setting: ClassWeights, label_names: Sequence[str]) -> tuple[str, ...]:
    """A sentence that names the labels which a partial mapping leaves at 1; empty where none."""
    if isinstance(setting, str):
        return ()
    left = [name for name in label_names if name not in setting]
    if not left:
        return ()
    shown = ", ".join(repr(name) for name in left[:10])
    more = f" and {len(left) - 10} more" if len(left) > 10 else ""
    return (f"train.class_weights does not name {shown}{more}: weight 1",)


def weights_by_name(weights: FloatArray, label_names: Sequence[str]) -> dict[str, float]:
    """Label -> weight; empty when all are 1."""
    if (weights == 1).all():
        return {}
    return dict(zip(label_names, weights.tolist(), strict=True))


def _named(setting: Mapping[str, float], label_names: Sequence[str]) -> FloatArray:
    unknown = [name for name in setting if name not in label_names]
    if unknown:
        raise SettingsError(
            [
                Problem(
                    f"there is no label {name!r}",
                    where="train.class_weights",
                    hint=did_you_mean(name, label_names),
                )
                for name in unknown
            ],
            next_step=f"the labels are: {', '.join(label_names)}",
        )
    return np.array([setting.get(name, 1.0) for name in label_names], dtype=np.float64)
