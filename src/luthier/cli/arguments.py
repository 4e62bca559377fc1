"""Options that several verbs share, and settings as flags."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.language import OPTION
from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.reporting.catalogue import LANGUAGES

if TYPE_CHECKING:
    from luthier.journeys.opening import Typed

Verbs = Any  # argparse's sub-parser action is generic in a private class


def new_parser(
    verbs: Verbs,
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
    *,
    settings: bool = False,
) -> argparse.ArgumentParser:
    """A sub-parser with `--json` and `--lang`, and with settings flags when the verb takes them."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    parser.set_defaults(run=run, verb=name, takes_settings=settings, parser=parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON (English)")
    parser.add_argument(
        OPTION, choices=tuple(LANGUAGES), help="language (default: that of this machine's locale)"
    )
    if settings:
        parser.add_argument("--settings", metavar="FILE", help="YAML file of settings")
        parser.epilog = (
            "Any setting is also a flag, e.g. --train.learning_rate 1e-4 (list: luthier settings)"
        )
    return parser


def add_run_dir(parser: argparse.ArgumentParser) -> None:
    """`--run-dir`: where the run goes."""
    parser.add_argument(
        "--run-dir", metavar="RUN", help="folder that receives the run (default: runs/<data>)"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run folder as the one positional argument."""
    parser.add_argument("run_folder", metavar="RUN", help="run folder, such as runs/demo")


def verb_first(words: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """The words with the verb before all others, so that `luthier --json audit DATA` works too.

    Raises:
        SettingsError: when the word that stands where a verb should be is none.
    """
    verbs = _parsers(parser)
    at = next((position for position, word in enumerate(words) if word in verbs), None)
    plain = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not word.startswith("-") and before != OPTION
    ]
    if at is None and plain:
        raise _no_verb(plain[0], list(verbs))
    if at is None or "--version" in words[:at]:
        return list(words)
    return [words[at], *words[:at], *words[at + 1 :]]


def _no_verb(word: str, verbs: Sequence[str]) -> SettingsError:
    if Path(word).exists():
        return SettingsError(
            f"the verb is missing before {word}", next_step=f"luthier workup {shlex.quote(word)}"
        )
    hint = did_you_mean(word, verbs) or f"the verbs are {', '.join(verbs)}"
    problem = Problem(f"there is no verb {word!r}", hint=hint)
    return SettingsError(problem, next_step="luthier --help")


def take_out_settings(
    words: Sequence[str], parser: argparse.ArgumentParser
) -> tuple[list[str], list[str]]:
    """Split a command into the words that argparse knows and the settings among them.

    argparse would take the value of an option it does not know for DATA.

    Returns:
        The words for argparse, and the settings: `--name=value` as one word, `--name value` as
        one word of the same form, `--name` alone where no value follows.
    """
    verb = next((word for word in words if not word.startswith("-")), "")
    known = _parsers(parser).get(verb)
    if known is None:
        return list(words), []
    options = {s for action in known._actions for s in action.option_strings}
    kept: list[str] = []
    taken: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, _ = word.partition("=")
        if not name.startswith("--") or name == "--" or name in options:
            kept.append(word)
        elif equals or not left or left[0].startswith("--"):
            taken.append(word)
        else:
            taken.append(f"{word}={left.pop(0)}")
    return kept, taken


def _parsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action.choices, dict):
            return action.choices
    return {}


def settings_flags(rest: Sequence[str], args: argparse.Namespace) -> dict[str, str]:
    """`--a.b=value` words that no option took, as dotted name -> raw text.

    Raises:
        SettingsError: naming every word that is neither an option nor a setting with a value, and
            what is wrong with the settings.
    """
    flags: dict[str, str] = {}
    problems: list[Problem] = []
    for word in rest:
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            problems.append(Problem(f"{word!r} is one argument too many"))
        elif not args.takes_settings or _looks_like_an_option(name, args):
            problems.append(_unknown_option(name, args))
        elif not equals:
            problems.append(_without_value(name, args))
        elif name.removeprefix("--") in flags:
            problems.append(Problem("is given twice", where=name))
        else:
            flags[name.removeprefix("--")] = value
    if problems:
        raise SettingsError(
            [*problems, *_wrong_settings(flags)], next_step=f"luthier {args.verb} --help"
        )
    return flags


def _wrong_settings(flags: Mapping[str, str]) -> tuple[Problem, ...]:
    from luthier.settings_file import resolve

    try:
        resolve(None, flags)
    except SettingsError as error:
        return error.problems
    return ()


def _options(args: argparse.Namespace) -> list[str]:
    return [s for action in args.parser._actions for s in action.option_strings]


def _unknown_option(name: str, args: argparse.Namespace) -> Problem:
    return Problem(
        f"luthier {args.verb} has no option {name}", hint=did_you_mean(name, _options(args))
    )


def _without_value(name: str, args: argparse.Namespace) -> Problem:
    hint = did_you_mean(name, _options(args))
    return Problem("has no value", where=name, hint=hint or "write it as --setting value")


def _looks_like_an_option(name: str, args: argparse.Namespace) -> bool:
    """No setting by this name, but an option of the verb is spelt nearly like it."""
    from luthier.settings_tree import SETTINGS, hint_for_unknown, settings_called

    bare = name.removeprefix("--")
    if bare in SETTINGS or settings_called(bare.replace("-", "_")) or hint_for_unknown(bare):
        return False
    return bool(did_you_mean(name, _options(args)))


def settings_of(args: argparse.Namespace) -> Typed:
    """The settings file and flags of a command, as the journeys take them."""
    from luthier.journeys.opening import Typed

    return Typed(Path(args.settings) if args.settings else None, args.flags)
