"""What a stock model cannot hold, so that Luthier is needed to get the same answers again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from luthier.kit.normalise import normaliser_of
from luthier.records import Rows
from luthier.settings import Settings

ParityClass = Literal["plain", "needs_luthier"]


def beyond_plain(settings: Settings, task: str = "") -> tuple[str, ...]:
    """What `transformers.pipeline` would not do with the shipped model, in plain words.

    Nothing here means that `pipeline("text-classification", model=..., truncation=True)` gives
    every label that Luthier gives.

    Args:
        settings: resolved.
        task: its name where the settings leave it open.
    """
    text = settings.text
    clean = normaliser_of(text)
    reasons = [f"texts are cleaned first: {clean}"] if clean else []
    if text.long_texts in ("head_tail", "windows"):
        how = {
            "head_tail": "head and tail of long texts are read",
            "windows": "long texts are read in windows",
        }
        reasons.append(how[text.long_texts])
    task = task or settings.task
    if task == "multi_label":
        reasons.append("each label is answered from a probability of its own")
    if task == "text_regression":
        reasons.append("the head answers in the unit of the training targets")
    elif settings.model.pooling != "auto":
        reasons.append(f"the head reads the {settings.model.pooling} of the tokens")
    return tuple(reasons)


def parity_class(settings: Settings, task: str = "") -> ParityClass:
    """`plain` where the shipped folder says all of it, else `needs_luthier`."""
    return "needs_luthier" if beyond_plain(settings, task) else "plain"


NEEDS_LUTHIER = "parity is not checked: this model needs Luthier to answer (see its model card)"
ONE_LABEL_ONLY = "parity is checked for one text and one label per row only"


def why_no_parity(known: ParityClass, columns: Collection[str]) -> str:
    """Why plain transformers cannot be asked beside Luthier for this run; empty where it can.

    Args:
        known: of the model.
        columns: of its rows.
    """
    if known != "plain":
        return NEEDS_LUTHIER
    if "label" not in columns or "text_pair" in columns:
        return ONE_LABEL_ONLY
    return ""


def no_parity_of(settings: Settings, rows: Rows) -> str:
    """`why_no_parity` of a run with these settings and rows."""
    return why_no_parity(parity_class(settings), rows.columns)
