"""The embedded sample: hand-written Chinese customer-service messages of a shop.

The folder holds ``messages.csv`` (columns ``id,text,label,script``), ``sidecar.json``
(what was planted: wrong labels, near and exact duplicates, conflicts, ambiguous rows)
and ``README.md`` (what the sample is, counts, licence).
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

__all__ = ["sample_path", "sidecar"]


def sample_path() -> Path:
    """Return the path of ``messages.csv`` in the installed package."""
    return Path(str(resources.files(__name__).joinpath("messages.csv")))


def sidecar() -> dict[str, object]:
    """Return the record of everything that was planted in the sample.

    Keys: ``wrong_labels`` (list of objects with ``id``, ``given``, ``right``, ``why``),
    ``near_duplicates``, ``exact_duplicates``, ``conflicts`` (lists of id pairs) and
    ``ambiguous`` (list of ids).
    """
    text = resources.files(__name__).joinpath("sidecar.json").read_text(encoding="utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded
