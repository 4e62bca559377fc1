"""The language that the command line speaks: `--lang`, else that of the locale."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from luthier.cli.parser import Parser
from luthier.reporting.catalogue import LANGUAGES, Catalogue, catalogue, language_here

OPTION = "--lang"


def spoken(args: argparse.Namespace) -> Catalogue:
    """The catalogue of a parsed command."""
    return catalogue(getattr(args, "lang", None) or language_here())


def spoken_in(words: Sequence[str]) -> Catalogue:
    """The catalogue of a command that is not parsed yet, to say what is wrong in it."""
    named = ""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name == OPTION:
            named = value if equals else following
    return catalogue(named if named in LANGUAGES else language_here())


def translate_help(parsers: Iterable[Parser], tell: Catalogue) -> None:
    """Put descriptions, titles and the help of every option into a language."""
    for parser in parsers:
        parser.usage_word = tell("usage: ")
        parser.description = tell.told(parser.description or "")
        parser.epilog = tell.told(parser.epilog or "")
        for group in parser._action_groups:
            group.title = _own_help(tell).get(group.title or "") or tell.told(group.title or "")
            group.description = tell.told(group.description) if group.description else None
        for action in parser._actions:
            if action.help:
                action.help = _own_help(tell).get(action.help) or tell.told(action.help)
            for choice in getattr(action, "_choices_actions", ()):  # the list of verbs
                choice.help = tell.told(choice.help)


def _own_help(tell: Catalogue) -> dict[str, str]:
    """What argparse says by itself -> in this language."""
    return {
        "positional arguments": tell("positional arguments"),
        "options": tell("options"),
        "verbs": tell("verbs"),
        "show this help message and exit": tell("show this help message and exit"),
        "show program's version number and exit": tell("show the version and exit"),
    }
