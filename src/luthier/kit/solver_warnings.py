"""What scikit-learn's solvers say to the screen, kept as a value instead."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

from sklearn.exceptions import ConvergenceWarning

_MANY_LABELS = "The number of unique classes is greater than 50%"
"""A doubt whether so many labels are labels; that was settled when the rows were read."""


@contextlib.contextmanager
def solvers_watched() -> Iterator[Callable[[], bool]]:
    """Fit inside; nothing reaches the screen of what is known.

    Yields:
        Tells whether a solver stopped before it converged.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.filterwarnings("ignore", _MANY_LABELS, UserWarning)
        yield lambda: any(issubclass(one.category, ConvergenceWarning) for one in caught)
