"""The page of a fault in another language, paragraph by paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from luthier.reporting.catalogue import ENGLISH, Catalogue

HEADING = "## "


def paragraphs(page: str) -> Iterator[str]:
    """The paragraphs and headings of a page, each as one line: the keys of its translation."""
    for block in page.split("\n\n"):
        yield " ".join(block.split()).removeprefix(HEADING)


def fault_page(page: str, say: Catalogue = ENGLISH) -> str:
    """The page of a fault in a language; a paragraph without a translation stays English.

    Args:
        page: Markdown, paragraphs apart by empty lines.
        say: the language.
    """
    if say is ENGLISH:
        return page
    blocks = page.split("\n\n")
    known = {**say.records, **say.pages}
    own = [known.get(paragraph) for paragraph in paragraphs(page)]
    return "\n\n".join(
        block if now is None else f"{HEADING if block.startswith(HEADING) else ''}{now}"
        for block, now in zip(blocks, own, strict=True)
    )
