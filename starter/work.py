"""Where the steps of the recipe put what they make, and how they speak."""

from __future__ import annotations

import sys
import time
from pathlib import Path

WORK = Path("build/starter")
"""Ignored by git; every step reads and writes here unless `--work` says otherwise."""


def announce(message: str) -> None:
    """One line of progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)
