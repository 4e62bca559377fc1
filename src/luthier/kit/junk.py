"""Texts that hold nothing to learn from: what is wrong with each, by exact rules."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Literal

from luthier.kit.text_key import is_blank

Junk = Literal["empty", "html", "broken_characters", "repeated_characters", "no_letters"]

JUNK_WORDS: dict[str, str] = {
    "empty": "without text",
    "html": "mostly HTML",
    "broken_characters": "with broken characters (read in a wrong encoding once)",
    "repeated_characters": "of one character or two, over and over",
    "no_letters": "without any letter or digit",
}

MARKUP_SHARE = 0.5
BROKEN_SHARE = 0.1
LEAST_REPEATED = 12
"""Letters that a text must have to count as one character over and over: 哈哈哈哈 is a word."""

LEAST_SHOWN = 5
"""Letters that a browser must show of a text that is mostly markup; a Chinese one counts as two."""

_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]{0,500}>|&(?:[a-z]{2,8}|#\d{2,6});", re.DOTALL)
_BROKEN = re.compile(
    "\ufffd|锟斤拷|烫烫烫|[\x80-\x9f]|Ã[\x80-\xbf]|â€[\x80-\xff™œ\u201c-\u2026]?|[ÂÃåäæçèé][\x80-\xbf¡-¿]"
)


def junk_of(text: str) -> Junk | None:
    """What makes a text junk; None where it is none.

    An emoji or a punctuation mark alone is no junk of the first kinds but `no_letters`: in a review
    it may say all. Numbers are kept, and so is markup in which words stand: where it is most of the
    text, what a browser would show is judged.
    """
    if is_blank(text):
        return "empty"
    size = len(text)
    if sum(map(len, _BROKEN.findall(text))) > BROKEN_SHARE * size:
        return "broken_characters"
    if sum(map(len, _TAG.findall(text))) > MARKUP_SHARE * size:
        text = shown_text(text)
        if sum(1 + ("\u3400" <= c <= "\u9fff") for c in text if c.isalnum()) < LEAST_SHOWN:
            return "html"
    letters = [c for c in text.casefold() if c.isalnum()]
    if not letters:
        return "no_letters" if not any(unicodedata.category(c) == "So" for c in text) else None
    if len(letters) >= LEAST_REPEATED and len(set(letters)) <= 2:
        return "repeated_characters"
    return None


def shown_text(text: str) -> str:
    """What a browser would show of markup, also where its signs were escaped once more.

    >>> shown_text("&lt;br&gt;味道不错&amp;便宜").strip()
    '味道不错&便宜'
    """
    plain = html.unescape(html.unescape(text))
    return _TAG.sub(" ", _HIDDEN.sub(" ", plain))
