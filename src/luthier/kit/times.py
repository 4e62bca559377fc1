"""When a text was written: the ways people write it -> one form that sorts as text."""

from __future__ import annotations

import datetime
import re

_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?\s*")
_SHORT = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?=\D|$)")
_HOURS = re.compile(r"(\d{1,2})[时時:](\d{1,2})(?:[分:](\d{1,2})秒?)?分?$")
_NUMBER = re.compile(r"\d{9,13}(\.\d+)?")
_YEAR = re.compile(r"(19|20)\d\d")
_COMPACT = re.compile(r"(?:19|20)\d{6}")


def sortable_time(text: str) -> str | None:
    """ISO 8601 in UTC with seconds (`2024-05-01T08:30:00`), or None when it is no time.

    Read are years, ISO 8601 dates and times with or without an offset, `2024/5/1 8:30`,
    `2024年5月1日8时30分`, `20240501`, and seconds or milliseconds since 1970. A time without an
    offset is taken as it stands. Days before months are refused: 01/02/2024 has two meanings.

    >>> sortable_time("2024/5/1 8:30"), sortable_time("01/02/2024")
    ('2024-05-01T08:30:00', None)
    """
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        seconds = float(bare) / (1000 if len(bare.partition(".")[0]) > 10 else 1)
        return _iso(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
    if _YEAR.fullmatch(bare):
        bare = f"{bare}-01-01"
    elif _COMPACT.fullmatch(bare):
        bare = f"{bare[:4]}-{bare[4:6]}-{bare[6:]}"
    bare = _CHINESE.sub(lambda m: f"{m[1]}-{m[2]}-{m[3]} ", bare).strip()
    bare = _SHORT.sub(lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}", bare, count=1)
    bare = _HOURS.sub(lambda m: f"{int(m[1]):02}:{int(m[2]):02}:{int(m[3] or 0):02}", bare, count=1)
    try:
        return _iso(datetime.datetime.fromisoformat(bare))
    except (ValueError, OverflowError):
        return None


def _iso(moment: datetime.datetime) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
