"""Files that hold labels and no outputs: their probabilities are 0 and 1 only."""

from __future__ import annotations

import numpy as np

from luthier.records import FloatArray


def answers_alone(probabilities: FloatArray) -> bool:
    """Whether answers were written as probabilities, so that these say nothing of sureness.

    Args:
        probabilities: float64 [n, K].
    """
    return bool(np.isin(probabilities, (0.0, 1.0)).all())
