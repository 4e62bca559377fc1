"""Which text encoding does a file have? Checked as a whole before a single row is read."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.chinese_encodings import (
    chinese_encoding,
    decodes,
    everyday_shares,
    refuse_other_chinese,
)
from luthier.kit.plural import plural
from luthier.kit.problem_list import ProblemList
from luthier.records import Note

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins as the mark of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-16", "utf-32")
"""Encodings whose units are wider than a byte: every line end holds a NUL byte."""
_WIDE_MARKS = tuple(mark for mark, encoding in _BOMS if encoding in _WIDE)
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
_MOST_ACCIDENTAL = 0.05
"""Lines that are UTF-8 by accident, such as the two characters 联通 in GBK, beside the others."""
_HIGH_BYTES = re.compile(b"[\x80-\xff]+")
_MOST_WESTERN = 0.15
"""Share of letters with accents in a Western text; French has about 0.04."""


def encoding_of(data: bytes, name: str, asked: str | None) -> tuple[str, tuple[Note, ...]]:
    """The encoding in which every byte of the file can be read, and what was noticed.

    Without `asked`: a byte order mark decides; else it is UTF-8 when all of it is, or UTF-16 or
    UTF-32 when that gives lines; else the one of GB18030 and Big5 (with the characters of Windows
    and of Hong Kong) in which the file is mostly everyday Chinese; else Latin-1 or Windows-1252
    where few letters have accents.

    Args:
        data: the whole file.
        name: the file's name for messages.
        asked: the setting `data.encoding`; guessed when None.

    Raises:
        InputError: when the encoding is unknown or unclear, bytes do not fit it, lines are in
            different encodings, or there are NUL bytes.
    """
    bom = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    encoding = _known(asked, name) if asked else bom or "utf-8"
    notes: tuple[Note, ...] = ()
    if data and encoding.startswith(_WIDE) and not data.startswith(_WIDE_MARKS):
        encoding = _without_mark(data, name, encoding)
    if bom == "utf-8-sig" and encoding in ("utf-8", "utf-8-sig"):
        encoding = bom
        notes = (Note("dropped", f"{name}: the byte order mark at its start was dropped"),)
    elif bom and not asked:
        notes = (Note("guessed", f"{name}: read as {bom}, by its byte order mark"),)
    elif not asked and 0 in data:
        encoding, notes = _guessed(_unmarked_wide(data), name)
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        guess = "" if asked or bom else _by_content(data)
        if not guess:
            raise _undecodable(data, name, encoding, error) from None
        refuse_other_chinese(data, name, guess)
        return _guessed(guess, name)
    if "\0" in text:
        raise _nul_bytes(text, name)
    return encoding, notes


def _guessed(encoding: str, name: str) -> tuple[str, tuple[Note, ...]]:
    if not encoding:
        return "utf-8", ()
    what = f"{name}: read as {encoding}, by its bytes; data.encoding decides"
    return encoding, (Note("guessed", what),)


def _without_mark(data: bytes, name: str, encoding: str) -> str:
    """The encoding of wide units that was asked for, with its byte order, in a file without mark.

    Raises:
        InputError: when the file is no such text; Python would read it as other characters.
    """
    orders = (encoding,) if encoding not in _WIDE else (f"{encoding}-le", f"{encoding}-be")
    found = next((order for order in orders if 0 in data and _has_lines(data, order)), "")
    if not found:
        raise _not_wide(data, f"{name}:1", encoding)
    return found


def _not_wide(data: bytes, where: str, encoding: str) -> InputError:
    """A file that is not in UTF-16 or UTF-32, which was asked for: what it looks like instead."""
    what = f"is not {encoding} text, which data.encoding asks for"
    bom = next((codec for mark, codec in _BOMS if data.startswith(mark)), "")
    looks = (
        bom or _unmarked_wide(data) or ("utf-8" if decodes(data, "utf-8") else _by_content(data))
    )
    looks = "utf-8" if looks == "utf-8-sig" else looks
    if not looks or looks == encoding:
        return InputError(
            Problem(what, where=where), next_step="leave data.encoding out to have it guessed"
        )
    return InputError(
        Problem(what, where=where, hint=f"it looks like {looks}"),
        next_step=f"--data.encoding {looks}, or leave it out to have it guessed",
    )


def _by_content(data: bytes) -> str:
    """The encoding of a file that is not UTF-8, or "" where lines differ or it stays unclear."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    bad = [line for line in lines if not decodes(line, "utf-8")]
    if len(lines) - len(bad) > _MOST_ACCIDENTAL * len(lines):
        return ""
    chinese = chinese_encoding(data, bad)
    if chinese:
        return chinese
    runs = [run for line in bad for run in _HIGH_BYTES.findall(line)]
    high = b"".join(runs)
    is_western = len(lines) == len(bad) and len(high) <= _MOST_WESTERN * len(data)
    alone = sum(len(run) == 1 for run in runs)  # two letters with accents seldom meet
    if not is_western or alone < 0.7 * len(runs) or everyday_shares(b"\n".join(bad[:200])):
        return ""
    encoding = "cp1252" if any(byte < 0xA0 for byte in high) else "latin-1"
    return encoding if decodes(data, encoding) else ""


def _unmarked_wide(data: bytes) -> str:
    """The UTF-16 or UTF-32 without mark in which the file has lines and no NUL, or ""."""
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        if _has_lines(data, encoding):
            return encoding
    return ""


def _has_lines(data: bytes, encoding: str) -> bool:
    """Whether it can be read so, into lines without NUL."""
    if not decodes(data, encoding):
        return False
    text = data.decode(encoding)
    return "\0" not in text and "\n" in text


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
    if encoding.startswith(_WIDE):
        line = data[:start].decode(encoding, "replace").count("\n") + 1
        return _not_wide(data, f"{name}:{line}", encoding)
    bad = list(_bad_lines(data, encoding))
    first, column = bad[0][0], bad[0][1]
    byte = bad[0][2][column]
    lines = ", ".join(str(number) for number, _, _ in bad[:10])
    more = f" and {len(bad) - 10:,} more" if len(bad) > 10 else ""
    what = f"byte 0x{byte:02x} at position {column + 1} of this line is not {encoding}"
    others = sum(1 for line in data.split(b"\n") if not line.isascii()) - len(bad)
    if others > 0 and 0 not in data:
        what += f"; the file mixes encodings: {others:,} line{plural(others)} in {encoding}"
        what += f", line{plural(len(bad))} {lines}{more} not"
        hint = "convert the lines named to the encoding of the others"
    else:
        what += f" (line{plural(len(bad))} {lines}{more})"
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
    shares = everyday_shares(b"\n".join(line for _, _, line in bad[:200]))
    shares.pop(wrong, None)
    fallback = "latin-1" if wrong == "utf-8" else "utf-8"
    return max(shares, key=lambda encoding: shares[encoding], default=fallback)


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
