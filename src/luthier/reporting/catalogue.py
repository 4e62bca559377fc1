"""The languages of report, terminal and fault pages: English in the code, catalogues beside it.

A sentence is its own key: `say("The run has {n} labels.", n=3)`. A catalogue is a folder in
`messages/` with JSON files from the English sentence to another language's: `said.json` for what is
said here and in the command line, `told.json` for what records tell, `pages.json` for the
paragraphs of the fault pages. Tests check that none is missing (docs/decisions/0009).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files

from luthier.reporting.titles import FLOOR_TITLES, METRIC_TITLES
from luthier.reporting.told import Told

LANGUAGES: Mapping[str, str] = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
"""Code as in HTML's `lang` -> the language's own name."""

PARTS = ("said", "told", "pages")
"""Files of a catalogue, in the order of `Catalogue`'s fields."""

_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


@dataclass(frozen=True)
class Catalogue:
    """Sentences of one language; what is not in it stays English.

    Args:
        language: a key of `LANGUAGES`.
        sentences: English sentence of the page or the terminal -> this language's.
        records: English sentence of a record -> this language's.
        pages: English paragraph of a fault's page -> this language's.
    """

    language: str = "en"
    sentences: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, sentence: str, **values: object) -> str:
        """The sentence in this language with its `{names}` filled in."""
        return self.sentences.get(sentence, sentence).format(**values)

    def count(self, number: int, one: str, many: str, **values: object) -> str:
        """`one` or `many` by the number, which is `{n}` in both."""
        return self(one if number == 1 else many, n=f"{number:,}", **values)

    def told(self, text: str) -> str:
        """What a record tells in English, in this language as far as it is known."""
        return self._told(text) if self.records else text

    @cached_property
    def _told(self) -> Told:
        titles = {**FLOOR_TITLES, **METRIC_TITLES}
        # a name of one word may be a label of the data
        named = {name: self(title) for name, title in titles.items() if "_" in name}
        return Told({**named, **self.sentences}, self.records)


ENGLISH = Catalogue()


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language of `LANGUAGES`."""
    if language == "en":
        return ENGLISH
    folder = files("luthier.reporting") / "messages" / language
    parts = (json.loads((folder / f"{part}.json").read_text("utf-8")) for part in PARTS)
    return Catalogue(language, *parts)


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
