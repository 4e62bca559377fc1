"""Words that say little of a text's label: those of the language, and those of a trade."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from luthier.errors import InputError, Problem

_SEPARATORS = re.compile(r"[,，、;；\n]+")
_CHINESE = """
的 了 和 是 在 也 都 就 而 及 與 与 或 把 被 向 從 从 到 於 于 為 为 以 之 其 此 该 該 这 這 那
这个 這個 那个 那個 这些 這些 那些 这样 這樣 那样 那樣 一个 一個 一些 我 你 您 他 她 它
我们 我們 你们 你們 他们 他們 她们 她們 它们 它們 自己 啊 呀 吧 吗 嗎 呢 哦 喔 哈 嘛 啦 哎 唉 嗯
么 麼 着 著 所 又 还 還 再 很 因为 因為 所以 如果 但 但是 而且 然后 然後 并 並 并且 並且 则 則
"""
"""Function words only, both scripts. Words that turn a meaning (不, 没, 沒有, 別, 对, 對) are not
among them. Compiled for Luthier."""
_ENGLISH = """
a an the this that these those and or but if then so because as of at by for with about into to
from in on off over under again here there when where which who whom whose what i me my we our ours
you your yours he him his she her hers it its they them their theirs am is are was were be been
being have has had having do does did doing will would shall should can could may might must
"""
"""Function words only; negations (not, no, never) are not among them. Compiled for Luthier."""

Language = Literal["none", "zh", "en", "zh_en"]


def language_words(language: Language) -> frozenset[str]:
    """The function words of a language.

    Args:
        language: `zh` (both scripts), `en`, `zh_en` for both languages, or `none`.
    """
    chinese = _CHINESE if "zh" in language else ""
    english = _ENGLISH if "en" in language.split("_") else ""
    return frozenset(f"{chinese} {english}".split())


def own_words(given: str | None) -> frozenset[str]:
    """The words of the setting `text.domain_stop_words`: a list with commas between them."""
    return frozenset(filter(None, map(str.strip, _SEPARATORS.split(given or ""))))


def words_in_place_of_file(given: str) -> str:
    """The words themselves where the setting names a file, with commas between them.

    The settings of a run hold the words, so that the model does not depend on a file elsewhere.

    Raises:
        InputError: when the file cannot be read, or holds no words.
    """
    path = Path(given)
    if not path.is_file():
        return given
    try:
        words = own_words(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            Problem("cannot be read as UTF-8 text", where=given),
            next_step="save the words as UTF-8, one on each line",
        ) from error
    if not words:
        raise InputError(Problem("holds no words", where=given), next_step="one word on each line")
    return ",".join(sorted(words))
