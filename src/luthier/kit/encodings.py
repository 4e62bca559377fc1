"""Which text encoding does a file have? Checked as a whole before a single row is read."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.problem_list import ProblemList
from luthier.records import Note

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON = (
    "utf-8",
    "gb18030",
    "gbk",
    "big5",
    "big5-hkscs",
    "utf-16",
    "utf-16-le",
    "latin-1",
    "cp1252",
)
# Lead bytes of the everyday characters (level 1) in the two Chinese encodings.
_EVERYDAY = (("gb18030", "gb2312", 0xB0, 0xD7), ("big5", "big5", 0xA4, 0xC6))


def encoding_of(data: bytes, name: str, asked: str | None) -> tuple[str, tuple[Note, ...]]:
    """The encoding in which every byte of the file can be read, and what was noticed.

    Args:
        data: the whole file.
        name: the file's name for messages.
        asked: the setting `data.encoding`; guessed among UTF-8 and UTF-16 when None.

    Raises:
        InputError: when the encoding is unknown, bytes do not fit it, or there are NUL bytes.
    """
    bom = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    encoding = _known(asked, name) if asked else bom or "utf-8"
    notes: tuple[Note, ...] = ()
    if bom == "utf-8-sig" and encoding in ("utf-8", "utf-8-sig"):
        encoding = bom
        notes = (Note("dropped", f"{name}: the byte order mark at its start was dropped"),)
    elif bom and not asked:
        notes = (Note("guessed", f"{name}: read as {bom}, by its byte order mark"),)
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        raise _undecodable(data, name, encoding, error) from None
    if "\0" in text:
        raise _nul_bytes(text, name)
    return encoding, notes


def _known(asked: str, name: str) -> str:
    try:
        with contextlib.suppress(UnicodeError):
            b"a".decode(asked)  # a codec that is no text encoding raises LookupError too
        return codecs.lookup(asked).name
    except LookupError:
        hint = did_you_mean(asked.lower(), _COMMON) or f"known are {', '.join(_COMMON)}"
        raise InputError(
            Problem(f"there is no text encoding {asked!r} (data.encoding)", where=name, hint=hint)
        ) from None


def _undecodable(data: bytes, name: str, encoding: str, error: UnicodeError) -> InputError:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    if encoding.startswith("utf-16"):
        line = data[:start].decode(encoding, "replace").count("\n") + 1
        return InputError(Problem(f"is not {encoding} text", where=f"{name}:{line}"))
    bad = list(_bad_lines(data, encoding))
    first, column = bad[0][0], bad[0][1]
    byte = bad[0][2][column]
    lines = ", ".join(str(number) for number, _, _ in bad[:10])
    more = f" and {len(bad) - 10:,} more" if len(bad) > 10 else ""
    what = f"byte 0x{byte:02x} at position {column + 1} of this line is not {encoding}"
    others = sum(1 for line in data.split(b"\n") if not line.isascii()) - len(bad)
    plural = "s" if len(bad) > 1 else ""
    if others > 0 and 0 not in data:
        what += f"; the file mixes encodings: {others:,} lines are {encoding}"
        what += f", line{plural} {lines}{more} not"
        hint = "convert the lines named to the encoding of the others"
    else:
        what += f" (line{plural} {lines}{more})"
        likely = _likely(data, bad, encoding)
        hint = f"if the file is in another encoding, say which: --data.encoding {likely}"
    return InputError(Problem(what, where=f"{name}:{first}", hint=hint))


def _bad_lines(data: bytes, encoding: str) -> Iterator[tuple[int, int, bytes]]:
    """Line number from 1, position of the first bad byte from 0, and the line."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            yield number, error.start, line


def _likely(data: bytes, bad: list[tuple[int, int, bytes]], wrong: str) -> str:
    """The encoding under which the bad lines hold mostly everyday Chinese, else a Western one."""
    if 0 in data:
        return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    sample = b"\n".join(line for _, _, line in bad[:200])
    best, best_share = "latin-1" if wrong == "utf-8" else "utf-8", 0.6
    for encoding, table, first, last in _EVERYDAY:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        codes = [char.encode(table, "ignore") for char in text if not char.isascii()]
        share = sum(len(c) == 2 and first <= c[0] <= last for c in codes) / max(1, len(codes))
        if share > best_share and encoding != wrong:
            best, best_share = encoding, share
    return best


def _nul_bytes(text: str, name: str) -> InputError:
    share = text.count("\0") / len(text)
    if share > 0.2:
        hint = "if the file is UTF-16, say so: --data.encoding utf-16-le"
    else:
        hint = "remove them; the file may be damaged"
    problems = ProblemList()
    for number, line in enumerate(text.split("\n"), start=1):
        if "\0" in line:
            problems.add(f"{name}:{number}", "holds NUL bytes, which no text has", hint)
            hint = ""
    return problems.error()
