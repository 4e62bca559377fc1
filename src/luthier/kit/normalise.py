"""Optional clean-up of texts, the same in training, evaluation and prediction.

`kit.encode_texts` calls it on every text, so nothing else needs to. What a person sees (report,
predictions, faults) is always the text as it was written.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Literal

from luthier.kit.stop_words import language_words, own_words
from luthier.kit.words import pieces_of
from luthier.settings import TextSettings

_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"</?[A-Za-z!]")
_FULL_TO_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_OPENCC = {"simplified": "t2s", "traditional": "s2t"}
_BREAKS = {"br", "p", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "hr", "option"}
_UNSEEN = {"script", "style", "head", "template"}

Step = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Normaliser:
    """The steps that settings ask for, in their order, with their names for people."""

    steps: tuple[tuple[str, Step], ...]

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __call__(self, text: str) -> str:
        """The cleaned text; the text as it was where nothing would be left of it."""
        cleaned = text
        for _, step in self.steps:
            cleaned = step(cleaned)
        return cleaned if cleaned.strip() else text

    def all(self, texts: Sequence[str]) -> list[str]:
        """Every text cleaned."""
        return list(map(self, texts)) if self.steps else list(texts)

    def __str__(self) -> str:
        return ", ".join(name for name, _ in self.steps)


def normaliser_of(text: TextSettings) -> Normaliser:
    """What these settings do to a text; it is False when they do nothing.

    The order is: HTML, Unicode form, full width, script, case, stop words, spaces.
    """
    return _normaliser(
        text.html,
        text.unicode_form,
        text.half_width,
        text.chinese_script,
        text.do_lower_case,
        (text.stop_words, text.domain_stop_words),
        text.collapse_spaces,
    )


@functools.lru_cache(maxsize=8)
def _normaliser(
    markup: str,
    form: Literal["none", "NFC", "NFKC"],
    half_width: bool,
    script: str,
    lower: bool,
    stop_words: tuple[Any, str | None],
    spaces: bool,
) -> Normaliser:
    steps: list[tuple[str, Step]] = []
    if markup != "keep":
        named = {"unescape": "HTML entities as characters", "strip": "HTML tags taken out"}
        steps.append((named[markup], html.unescape if markup == "unescape" else _without_tags))
    if form != "none":
        steps.append((f"Unicode form {form}", functools.partial(unicodedata.normalize, form)))
    if half_width:
        steps.append(("full-width signs as half-width", _half_width))
    if script != "keep":
        steps.append((f"Chinese in {script} characters", _converter(script)))
    if lower:
        steps.append(("lower case", str.lower))
    language, own = stop_words
    words = language_words(language) | own_words(own)
    if words:
        phrases = own_words(own)
        without = functools.partial(_without_words, words=words, phrases=phrases)
        steps.append((f"{len(words)} stop words left out", without))
    if spaces:
        steps.append(("runs of spaces as one space", _one_space))
    return Normaliser(tuple(steps))


def _half_width(text: str) -> str:
    return text.translate(_FULL_TO_HALF)


def _one_space(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _converter(script: str) -> Step:
    """OpenCC's conversion of characters, by phrases where one character has several forms."""
    from opencc import OpenCC

    convert: Step = OpenCC(_OPENCC[script]).convert
    return convert


def _without_words(text: str, words: frozenset[str], phrases: frozenset[str]) -> str:
    """The text without these words; case does not matter, and a word inside another one stays."""
    folded = frozenset(word.casefold() for word in words)
    pieces = pieces_of(text, phrases)
    kept = [piece for piece in pieces if piece.casefold() not in folded]
    return text if len(kept) == len(pieces) else _one_space("".join(kept))


class _Seen(HTMLParser):
    """What a browser would show: texts outside of tags, a space where a block ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._unseen += tag in _UNSEEN
        if tag in _BREAKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BREAKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def _without_tags(text: str) -> str:
    if not _TAG.search(text):
        return html.unescape(text)
    parser = _Seen()
    parser.feed(text)
    parser.close()
    return _one_space("".join(parser.parts))
