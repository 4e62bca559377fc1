"""How a failure is shown: one clear message on stderr, or JSON on stdout; exit code 2."""

from __future__ import annotations

import json
import os
import sys
import traceback

from luthier.cli.terminal import say_aside
from luthier.errors import LuthierError, Problem
from luthier.reporting.catalogue import ENGLISH, Catalogue


def show_error(error: LuthierError, *, as_json: bool, tell: Catalogue = ENGLISH) -> int:
    """Print the problems of a LuthierError; as JSON they are English."""
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
        lines = [_problem(problem, tell) for problem in error.problems]
        if error.next_step:
            lines.append(tell("next: {step}", step=tell.told(error.next_step)))
        say_aside("luthier: " + "\n".join(lines))
    return 2


def _problem(problem: Problem, tell: Catalogue) -> str:
    if tell is ENGLISH:
        return str(problem)
    what, hint = tell.told(problem.what), tell.told(problem.hint)
    said = tell("{what}; {hint}", what=what, hint=hint) if hint else what
    return tell("{where}: {what}", where=problem.where, what=said) if problem.where else said


def show_own_failure(error: Exception, *, as_json: bool, tell: Catalogue = ENGLISH) -> int:
    """Print one line for a failure that is ours; LUTHIER_DEBUG=1 shows the traceback."""
    what = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    if as_json:
        print(json.dumps({"error": "OwnFailure", "problems": [{"what": what}]}))
    said = tell("this is a fault of Luthier, not of your input: {what}", what=what)
    print("luthier:", said, file=sys.stderr)
    if os.environ.get("LUTHIER_DEBUG"):
        traceback.print_exception(error)
    else:
        step = tell("run it again with LUTHIER_DEBUG=1 and report what it prints")
        print(tell("next: {step}", step=step), file=sys.stderr)
    return 2
