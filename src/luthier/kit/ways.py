"""The usual ways in which a script answers otherwise than the model that ships."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from luthier.records import WayKind

_TAG = re.compile(r"<[^>]{1,200}>")
_PUNCTUATION = re.compile(r"[^\w\s]")
_SPACES = re.compile(r"\s+")


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def _without_punctuation(text: str) -> str:
    return _SPACES.sub(" ", _PUNCTUATION.sub(" ", text)).strip()


def _without_html(text: str) -> str:
    return _SPACES.sub(" ", _TAG.sub(" ", html.unescape(text))).strip()


TEXT_CHANGES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "the texts in lower case": str.lower,
        "the texts without punctuation": _without_punctuation,
        "the texts in lower case, without punctuation": lambda text: _without_punctuation(
            text.lower()
        ),
        "the texts without accents": _without_accents,
        "the texts in lower case, without accents": lambda text: _without_accents(text.lower()),
        "the texts without HTML": _without_html,
        "the texts in NFKC form": lambda text: unicodedata.normalize("NFKC", text),
        "the texts without digits": lambda text: re.sub(r"\d", "", text),
        "the texts with single spaces": lambda text: _SPACES.sub(" ", text).strip(),
        "the texts without spaces": lambda text: _SPACES.sub("", text),
        "the texts character by character": lambda text: " ".join(text.replace(" ", "")),
        "only the first 100 characters": lambda text: text[:100],
        "the texts in capital letters": str.upper,
    }
)
"""What test scripts do to texts and training did not, the most usual first."""

LENGTHS = (8, 16, 32, 64, 128, 256, 512)
"""Longest inputs that people set."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering; what is left empty is as the model ships.

    Args:
        name: in plain words.
        kind: what is different.
        change: name in `TEXT_CHANGES`, done to each text first.
        load: arguments for loading the tokenizer.
        call: arguments for calling it.
        masked: whether the attention mask is given.
        train_mode: whether dropout is on.
        weights: folder of other weights; the tokenizer stays.
    """

    name: str
    kind: WayKind
    change: str = ""
    load: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    masked: bool = True
    train_mode: bool = False
    weights: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def texts(self, texts: Sequence[str]) -> list[str]:
        """The texts as this way hands them to the tokenizer."""
        change = TEXT_CHANGES.get(self.change, str)
        return [change(text) for text in texts]


AS_SHIPPED = Way("the model as it ships", "shipped")
WITH_DROPOUT = Way("passes with dropout on", "train_mode", train_mode=True)


def exact_ways(max_length: int | None, initial: str = "") -> tuple[Way, ...]:
    """Every way that gives the same answers each time, the most usual first.

    Args:
        max_length: longest input of the model as it ships, in tokens; None where it is unknown.
        initial: folder of the weights from before training; empty where there is none.
    """
    ways = [Way("the weights from before training", "weights", weights=initial)] if initial else []
    ways += [Way(name, "text", change=name) for name in TEXT_CHANGES]
    ways += [
        Way(f"at most {length} tokens", "tokens", call={"max_length": length})
        for length in LENGTHS
        if length != max_length
    ]
    ways += [
        Way("a tokenizer that keeps capitals", "tokens", load={"do_lower_case": False}),
        Way("a tokenizer that lowers capitals", "tokens", load={"do_lower_case": True}),
        Way("the end of long texts", "tokens", load={"truncation_side": "left"}),
        Way("no special tokens", "tokens", call={"add_special_tokens": False}),
        Way("padding without an attention mask", "tokens", masked=False),
    ]
    return tuple(ways)
