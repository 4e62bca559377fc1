"""The languages of the report: English sentences in the code, catalogues for the others.

A sentence is its own key: `say("The run has {n} labels.", n=3)`. A catalogue is a JSON file in
`messages/` from the English sentence to another language's; tests check that none is missing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

LANGUAGES: Mapping[str, str] = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
"""Code as in HTML's `lang` -> the language's own name."""

_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sentences of one language.

    Args:
        language: a key of `LANGUAGES`.
        sentences: English sentence -> this language's; what is not in it stays English.
    """

    language: str = "en"
    sentences: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, sentence: str, **values: object) -> str:
        """The sentence in this language with its `{names}` filled in."""
        return self.sentences.get(sentence, sentence).format(**values)

    def count(self, number: int, one: str, many: str, **values: object) -> str:
        """`one` or `many` by the number, which is `{n}` in both."""
        return self(one if number == 1 else many, n=f"{number:,}", **values)


ENGLISH = Catalogue()


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language of `LANGUAGES`."""
    if language == "en":
        return ENGLISH
    text = (files("luthier.reporting") / "messages" / f"{language}.json").read_text("utf-8")
    return Catalogue(language, json.loads(text))


def language_here(environment: Mapping[str, str] = os.environ) -> str:
    """The language of this machine by its locale (`LC_ALL`, `LC_MESSAGES`, `LANG`).

    >>> language_here({"LANG": "zh_TW.UTF-8"})
    'zh-TW'
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    code = locale.partition(".")[0].partition("@")[0].replace("_", "-").lower()
    if not code.startswith("zh"):
        return "en"
    return "zh-TW" if code.startswith(_TRADITIONAL) else "zh-CN"
