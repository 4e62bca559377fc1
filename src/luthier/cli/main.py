"""The command `luthier`: parse, call, print, exit code; nothing heavy is imported before use.

Exit codes: 0 nothing at or above `diagnose.fail_on` was found; 1 something was; 2 wrong input or
Luthier's own failure, a crashed detector included; 130 stopped by a second Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from luthier.cli.language import spoken_in, translate_help
from luthier.cli.parser import Parser
from luthier.errors import LuthierError
from luthier.reporting.catalogue import ENGLISH, Catalogue

VERBS = (
    "demo",
    "workup",
    "audit",
    "split",
    "train",
    "evaluate",
    "diagnose",
    "prescribe",
    "predict",
    "export",
    "report",
    "compare",
    "explain",
    "faults",
    "settings",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character escapes it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    tell = spoken_in(words)
    parser = build_parser(tell)
    from luthier.cli.arguments import settings_flags, take_out_settings, verb_first

    args = argparse.Namespace(json="--json" in words)
    try:
        words, rest = take_out_settings(verb_first(words, parser), parser)
        args, more = parser.parse_known_args(words)
        args.flags = settings_flags([*rest, *more], args)
        code = int(args.run(args))
        sys.stdout.flush()  # a full disk behind it is said here, not at the interpreter's end
        return code
    except LuthierError as error:
        from luthier.cli.failure import show_error

        return show_error(error, as_json=getattr(args, "json", False), tell=tell)
    except BrokenPipeError:  # the reader of our output went away; that is no failure of ours
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        said = tell("stopped; --resume goes on from the last checkpoint")
        print(f"\n{said}", file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 - a person never sees a traceback
        from luthier.cli.failure import show_error, show_own_failure
        from luthier.machine_errors import machine_error

        refused = machine_error(error)
        if refused is not None:
            return show_error(refused, as_json=getattr(args, "json", False), tell=tell)
        return show_own_failure(error, as_json=getattr(args, "json", False), tell=tell)


def command() -> NoReturn:
    """The command `luthier`: run it, then leave at once.

    Native threads of the libraries can abort the process while the interpreter takes itself down
    ("terminate called without an active exception", exit code 134), after all work is done; so it
    does not take itself down. What libraries asked to be called at the end, is called.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # said by `main`, or nobody listens
            stream.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def build_parser(tell: Catalogue = ENGLISH) -> Parser:
    """The parser with one sub-parser per verb, its help in a language."""
    parser = Parser(
        prog="luthier",
        description="From a labelled file to a fine-tuned model, and why it is not better.",
        epilog="START: luthier demo, then luthier workup DATA. Every setting: luthier settings. "
        "Any setting is also a flag: --train.learning_rate 1e-4",
        allow_abbrev=False,
    )
    from luthier.cli.version import version

    parser.add_argument("--version", action="version", version=f"luthier {version()}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f"luthier.cli.{verb}").add_parser(verbs)
    if tell is not ENGLISH:
        translate_help([parser, *dict.fromkeys(verbs.choices.values())], tell)
    return parser


if __name__ == "__main__":
    sys.exit(main())
