"""The test-set ledger: how many different models have been judged on these test rows?

Every choice made after a look at the test rows makes their figure a little too good. Looks are
counted per set of rows, whatever the run folder, in one file of the user's: `$LUTHIER_HOME`, or
`~/.local/share/luthier`, `test_set_ledger.jsonl`. Judging the same weights again is the same look.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OPEN_ROWS = "open_rows"
"""Purpose of a look at which the rows themselves are read."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How often these test rows were looked at.

    Args:
        test_digest: sha256 over the sorted texts and labels of the test rows.
        count: different models judged on them, this one included; None if the ledger is unwritable.
        problem: why it could not be written, or empty.
        opened: whether these rows were opened to be read, with whatever model.
    """

    test_digest: str
    count: int | None
    problem: str = ""
    opened: bool = False


def digest_of_test_rows(rows: Iterable[tuple[str, str]]) -> str:
    """sha256 over the sorted (text, label) pairs: the order of the rows does not matter."""
    digest = hashlib.sha256()
    for text, label in sorted(rows):
        digest.update(json.dumps([text, label], ensure_ascii=False).encode())
    return digest.hexdigest()


def ledger_path() -> Path:
    """Where the ledger lies on this machine."""
    home = os.environ.get("LUTHIER_HOME")
    return (Path(home) if home else Path.home() / ".local/share/luthier") / "test_set_ledger.jsonl"


def record_look(test_digest: str, model_digest: str, purpose: str) -> Looks:
    """Write down one look and count all looks at these rows.

    Args:
        test_digest: of the test rows.
        model_digest: of the weights that are judged.
        purpose: `evaluate` or `open_rows`.
    """
    path = ledger_path()
    entry = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "test_digest": test_digest,
        "model_digest": model_digest,
        "purpose": purpose,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:  # one short line: an atomic append
            stream.write(json.dumps(entry) + "\n")
        looks = _looks_at(path, test_digest)
    except OSError as error:
        problem = f"the ledger {path} cannot be written: {error.strerror}"
        return Looks(test_digest, None, problem, purpose == OPEN_ROWS)
    return looks


def _looks_at(path: Path, test_digest: str) -> Looks:
    seen, opened = set(), False
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # a line cut off by a crash is no look
            continue
        if entry.get("test_digest") == test_digest:
            seen.add(str(entry.get("model_digest")))
            opened = opened or entry.get("purpose") == OPEN_ROWS
    return Looks(test_digest, len(seen), opened=opened)
