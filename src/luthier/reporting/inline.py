"""What stands inside the page: its style, its script, its data, and the policy that allows them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from markupsafe import Markup

SCRIPT_PARTS = (
    "page", "words", "rowlist", "history", "matrix", "canvas", "door", "labels", "numbers",
    "explorer", "start",
)  # fmt: skip
"""Files of `templates/script/`, in the order in which they are run."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """Style and script of the page as they stand in it, and the policy that lets only them in."""

    css: Markup
    script: Markup
    policy: str


def inlined(font_face: str = "") -> Inlined:
    """The style and the script of a page.

    The policy names both by their digest: whatever a text of the data may smuggle in is not run.
    Fonts and pictures may come from the page itself (`data:`), nothing from anywhere else; and
    no string may ever become markup (`require-trusted-types-for`).

    Args:
        font_face: a rule that stands before all others of the style.
    """
    css = font_face + (_templates() / "report.css").read_text(encoding="utf-8")
    script = script_of_page()
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(css)}'; "
        f"script-src 'sha256-{_digest(script)}'; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return Inlined(Markup(css), Markup(script), policy)  # noqa: S704 - our own files


@cache
def script_of_page() -> str:
    """The files of `templates/script/` in one function, so that nothing of them is global."""
    parts = (
        (_templates() / "script" / f"{name}.js").read_text(encoding="utf-8")
        for name in SCRIPT_PARTS
    )
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"


def _templates() -> Traversable:
    return files("luthier.reporting") / "templates"


def as_script_data(value: Any) -> Markup:
    """A value as JSON for a `<script type="application/json">`, harmless whatever its texts say.

    `<`, `>`, `&` and the line ends U+2028 and U+2029 are written as escapes, so that neither
    `</script>` nor `<!--` can occur; a lone surrogate becomes U+FFFD.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Markup(text)  # noqa: S704 - no character of it is markup


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
