"""Import what a later step needs while this one computes.

Importing transformers takes seconds of one core, and fitting linear models holds no lock that it
needs. What cannot be imported is told by the step that needs it, and not here.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def import_meanwhile(later: str, first: str) -> Iterator[None]:
    """Import a module in a thread of its own, which has ended when the block has.

    Args:
        later: the module that a later step needs.
        first: the module that the block needs; it is imported before, by this thread: two threads
            that import the same packages at once can see them half made.
    """
    if later in sys.modules:
        yield
        return
    importlib.import_module(first)
    thread = threading.Thread(target=_import, args=(later,), name="importing")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(name: str) -> None:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
