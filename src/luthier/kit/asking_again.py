"""Which test has the model answer its rows again, as far as it can be done here."""

from __future__ import annotations

from luthier.kit.parity_class import no_parity_of
from luthier.records import Rows
from luthier.settings import Settings

AGAIN = (
    "answer the same 20 test rows twice with the script that made the file: other probabilities "
    "the second time mean dropout, the same ones mean texts or weights"
)
MODEL = "give the model: --model FOLDER (it answers the rows again in every usual way)"
OWN = (
    "luthier diagnose RUN --parity (the model that ships answers the rows again in every usual way)"
)
"""Instead of both, in a run of Luthier's own."""


def ways_to_ask(settings: object, rows: object, asked: bool) -> tuple[str, str]:
    """The test that shows dropout, and the one that shows texts and weights; empty: none is left.

    Args:
        settings: `Settings` of a run of Luthier's own, else None.
        rows: its `Rows`, else None.
        asked: whether the model was asked already.
    """
    if not isinstance(settings, Settings):
        return AGAIN, "" if asked else MODEL
    if asked or (isinstance(rows, Rows) and no_parity_of(settings, rows)):
        return "", ""
    return OWN, OWN
