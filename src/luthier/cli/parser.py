"""A command line whose errors are Luthier's own: what is wrong, and what to type next."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from luthier.errors import Problem, SettingsError, did_you_mean

USAGE = "usage: "
MISSING = "the following arguments are required: "

_OF_ARGUMENT = re.compile(r"argument (?P<name>[^:]+): (?P<said>.*)", re.DOTALL)
_NO_CHOICE = re.compile(r"invalid choice: '?(?P<value>.*?)'? \(choose from .*", re.DOTALL)
_NO_NUMBER = re.compile(r"invalid (?:float|int) value: '?(?P<value>.*?)'?", re.DOTALL)
_NO_VALUE = re.compile(r"expected .*argument.*")
_A_VALUE = re.compile(r"ignored explicit argument '?(?P<value>.*?)'?")


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises a `SettingsError` where argparse prints and leaves.

    `usage_word` stands before the line of usage, in the language of the help.
    """

    usage_word = USAGE

    def error(self, message: str) -> NoReturn:
        """Say what argparse found, in Luthier's words.

        Raises:
            SettingsError: always.
        """
        raise SettingsError(_problems(message, self), next_step=f"{self.prog} --help")

    def format_help(self) -> str:
        """The help, its first word in the language of the rest."""
        return super().format_help().replace(USAGE, self.usage_word, 1)


def _problems(message: str, parser: argparse.ArgumentParser) -> list[Problem]:
    """Every problem in a message of argparse; one that is not known is kept as it is."""
    if message.startswith(MISSING):
        names = message.removeprefix(MISSING).split(", ")
        return [Problem("is missing", name, _help_of(name, parser)) for name in names]
    found = _OF_ARGUMENT.fullmatch(message)
    if found is None:
        return [Problem(message)]
    name, said = found["name"], found["said"]
    if wrong := _NO_CHOICE.fullmatch(said):
        choices = _choices_of(name, parser)
        hint = did_you_mean(wrong["value"], choices) or f"choose from {', '.join(choices)}"
        return [Problem(f"{wrong['value']!r} is no choice", name, hint)]
    if wrong := _NO_NUMBER.fullmatch(said):
        return [Problem(f"{wrong['value']!r} is no number", name)]
    if _NO_VALUE.fullmatch(said):
        return [Problem("has no value", name, _help_of(name, parser))]
    if wrong := _A_VALUE.fullmatch(said):
        return [Problem(f"takes no value, but {wrong['value']!r} is given", name)]
    return [Problem(said, name)]


def _named(name: str, parser: argparse.ArgumentParser) -> argparse.Action | None:
    for action in parser._actions:
        if name in ("/".join(action.option_strings), action.metavar, action.dest):
            return action
    return None


def _help_of(name: str, parser: argparse.ArgumentParser) -> str:
    action = _named(name, parser)
    if action is None:
        return ""
    if isinstance(action.choices, dict):  # the verbs
        return f"choose from {', '.join(action.choices)}"
    return action.help or ""


def _choices_of(name: str, parser: argparse.ArgumentParser) -> list[str]:
    action = _named(name, parser)
    return [str(choice) for choice in (action.choices or ())] if action else []
