"""Options that several verbs share, and settings as flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.errors import Problem, SettingsError, did_you_mean

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
    """A sub-parser with `--json`, and with settings flags when the verb takes them."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    parser.set_defaults(run=run, verb=name, takes_settings=settings, parser=parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
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


def settings_flags(rest: Sequence[str], args: argparse.Namespace) -> dict[str, str]:
    """`--a.b value` and `--a.b=value` pairs that no option took, as dotted name -> raw text.

    Raises:
        SettingsError: naming every word that is neither an option nor a setting with a value.
    """
    flags: dict[str, str] = {}
    problems: list[Problem] = []
    words = list(rest)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            problems.append(Problem(f"{word!r} is one argument too many"))
            continue
        if not args.takes_settings:
            problems.append(_unknown_option(name, args))
            if not equals and words and not words[0].startswith("--"):
                words.pop(0)
            continue
        if not equals:
            if not words or words[0].startswith("--"):
                problems.append(_without_value(name, args))
                continue
            value = words.pop(0)
        flags[name.removeprefix("--")] = value
    problems += _near_options(flags, args)
    if problems:
        raise SettingsError(problems, next_step=f"luthier {args.verb} --help")
    return flags


def _options(args: argparse.Namespace) -> list[str]:
    return [s for action in args.parser._actions for s in action.option_strings]


def _unknown_option(name: str, args: argparse.Namespace) -> Problem:
    return Problem(
        f"luthier {args.verb} has no option {name}", hint=did_you_mean(name, _options(args))
    )


def _without_value(name: str, args: argparse.Namespace) -> Problem:
    hint = did_you_mean(name, _options(args))
    return Problem("has no value", where=name, hint=hint or "write it as --setting value")


def _near_options(flags: dict[str, str], args: argparse.Namespace) -> list[Problem]:
    """Flags that are no setting but look like one of the verb's own options."""
    if not flags:
        return []
    from luthier.settings_tree import SETTINGS, settings_called

    return [
        _unknown_option(f"--{name}", args)
        for name in flags
        if name not in SETTINGS
        and not settings_called(name.replace("-", "_"))
        and did_you_mean(f"--{name}", _options(args))
    ]


def settings_of(args: argparse.Namespace) -> Typed:
    """The settings file and flags of a command, as the journeys take them."""
    from luthier.journeys.opening import Typed

    return Typed(Path(args.settings) if args.settings else None, args.flags)
