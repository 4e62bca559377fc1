"""One loss weight per label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.records import FloatArray, IntArray


def class_weights(
    setting: Literal["none", "balanced"] | Mapping[str, float],
    targets: IntArray,
    label_names: Sequence[str],
) -> FloatArray:
    """float64 [K]: loss weight per label.

    `balanced` is n / (K * rows of the label), as in scikit-learn; a label without rows gets 1.
    A mapping gives the labels it names; the others get 1.

    Raises:
        SettingsError: when the mapping names a label that does not exist.
    """
    weights = np.ones(len(label_names))
    if setting == "none":
        return weights
    if setting == "balanced":
        counts = np.bincount(targets, minlength=len(label_names))
        present = counts > 0
        weights[present] = len(targets) / (len(label_names) * counts[present])
        return weights
    assert not isinstance(setting, str)  # noqa: S101 - for the type checker
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
    for name, weight in setting.items():
        weights[label_names.index(name)] = weight
    return weights
