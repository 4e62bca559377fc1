"""How a failure is shown: one clear message on stderr, or JSON on stdout; exit code 2."""

from __future__ import annotations

import json
import os
import sys
import traceback

from luthier.cli.terminal import say_aside
from luthier.errors import LuthierError


def show_error(error: LuthierError, *, as_json: bool) -> int:
    """Print the problems of a LuthierError."""
    if as_json:
        value = {
            "error": type(error).__name__,
            "problems": [
                {"where": p.where, "what": p.what, "hint": p.hint} for p in error.problems
            ],
            "next_step": error.next_step,
        }
        print(json.dumps(value, ensure_ascii=False))
    else:
        say_aside(f"luthier: {error}")
    return 2


def show_own_failure(error: Exception, *, as_json: bool) -> int:
    """Print one line for a failure that is ours; LUTHIER_DEBUG=1 shows the traceback."""
    what = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    if as_json:
        print(json.dumps({"error": "OwnFailure", "problems": [{"what": what}]}))
    print(f"luthier: this is a fault of Luthier, not of your input: {what}", file=sys.stderr)
    if os.environ.get("LUTHIER_DEBUG"):
        traceback.print_exception(error)
    else:
        print("next: run it again with LUTHIER_DEBUG=1 and report what it prints", file=sys.stderr)
    return 2
