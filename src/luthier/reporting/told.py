"""Sentences of records in another language: found again by their words, with their values kept.

A record holds English that has its values filled in already: `12 of 300 rows are empty.` Its key is
the f-string in the code that made it, `{found} of {rows} rows are empty.`; the words of a key make
a pattern, what stands between them are the values. A translation writes `{name}` for a value that
is kept as it is (a number, a label, a text: data are never translated) and `{name!t}` for one that
is a sentence of Luthier again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

FEWEST_LETTERS = 5
"""Letters of its own that a sentence with values needs to be found again: `{a} of {b}` is none."""

INTERVAL = "{value} ({low} to {high})"

_NUMBER = re.compile(r"[+-]?[\d.,]+%?")
_LIMIT = r"[+-]?\d(?:[\d.,]*\d)?"
_ENDS = re.compile(r"(?P<value>[-+\d.,%e]+) \((?P<low>[-+\d.,%e]+) to (?P<high>[-+\d.,%e]+)\)")
_CHANCE = re.compile(r"(.+) \((p = [-\d.e]+)\)", re.DOTALL)
_SENTENCE_ENDS = re.compile(r"(?<=[.?]) ")
_WORD_OR_NUMBER = re.compile(r"[A-Za-z0-9'\"]")
_HAN = re.compile("[\u4e00-\u9fff]")

JOINTS = (("; ", "；"), (": ", "："), (", ", "，"))
"""How parts are put together in English -> in Chinese, strongest first."""

LIMITS = ("gt", "ge", "lt", "le", "threads")
"""Values that are numbers, always: `a number above {gt}`."""

TAILS = (" ", ",", ";")
"""What a key begins with that is put behind another sentence."""

HEADS = (" ", "(")
"""What a key ends with that another sentence is put behind."""

ENDS = {".": "。", ":": "：", "?": "？"}


@dataclass(frozen=True)
class _Pattern:
    """A key with values, and its translation."""

    key: str
    own: str

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """Its words, between the values."""
        return tuple(literal for literal, _, _, _ in Formatter().parse(self.key) if literal)

    @cached_property
    def weight(self) -> int:
        """Letters that have to agree."""
        return sum(map(len, self.literals))

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        parts: list[str] = []
        seen: set[str] = set()
        pieces = list(Formatter().parse(self.key))
        for (literal, name, _, _), after in zip(pieces, [*pieces[1:], None], strict=True):
            parts.append(re.escape(literal))
            if name is not None:  # a number ends where it ends, even before another value
                number = f"{_NUMBER.pattern}|" if after is not None and not after[0] else ""
                anything = _LIMIT if name in LIMITS else f"{number}.*?"
                value = f"(?P<{name}>{anything})"
                parts.append(f"(?P={name})" if name in seen else value)
                seen.add(name)
        return re.compile("".join(parts), re.DOTALL)

    def kept(self, values: Mapping[str, str]) -> Iterator[str]:
        """The values that are kept as they are."""
        for _, name, _, conversion in Formatter().parse(self.own):
            if name is not None and conversion != "t":
                yield values[name]

    def values_in(self, text: str) -> dict[str, str] | None:
        """The values of a text that was made from this key, else None."""
        if not all(literal in text for literal in self.literals):
            return None
        found = self._regex.fullmatch(text)
        return found.groupdict() if found else None


class Told:
    """Callable: an English sentence of a record -> this language's; unknown ones stay as they are.

    Args:
        sentences: key -> translation, of what the page and the terminal say.
        records: key -> translation, of what records tell; only these are found inside a text.
    """

    def __init__(self, sentences: Mapping[str, str], records: Mapping[str, str]) -> None:
        self._told: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        patterns: list[_Pattern] = []
        self._tails = [
            _Pattern(f"{{head_}}{key.removesuffix('.')}", f"{{head_!t}}{own.removesuffix('。')}")
            for key, own in records.items()
            if key[:1] in TAILS
        ] + [
            _Pattern(f"{key}{{rest_}}", f"{own}{{rest_!t}}")
            for key, own in records.items()
            if key[-1:] in HEADS
        ]
        self._tails.sort(key=lambda pattern: -pattern.weight)
        self._interval = sentences.get(INTERVAL, INTERVAL)
        parts = {k: v for pair in records.items() for k, v in _by_sentence(*pair)}
        records = {**parts, **records}
        self._counts = {
            key.removeprefix("{n} "): own
            for key, own in sentences.items()
            if key.startswith("{n} ") and _names(key) == {"n"}
        }
        for key, own in {**sentences, **records}.items():
            pattern = _Pattern(key.strip(), own.strip())
            if any(name is not None for _, name, _, _ in Formatter().parse(key)):
                enough = sum(map(str.isalpha, "".join(pattern.literals))) >= FEWEST_LETTERS
                if enough and key in records:
                    patterns.append(pattern)
                    if pattern.key.endswith((".", ";")):  # brought by another, or the last
                        open_end = _Pattern(pattern.key[:-1], pattern.own.rstrip("。；"))
                        patterns.append(open_end)
            else:
                whole, told = _unescaped(key).strip(), _unescaped(own).strip()
                self._whole[whole] = told
                if whole.endswith("."):  # where another sentence brings the full stop
                    self._whole.setdefault(whole[:-1], told.removesuffix("。"))
        self._patterns = sorted(patterns, key=lambda one: (one.key[:1] == "{", -one.weight))

    def __call__(self, text: str) -> str:
        """The text in this language as far as it is known."""
        if text not in self._told:
            self._told[text] = self._tell(text)
        return self._told[text]

    def _tell(self, text: str) -> str:
        core = text.strip()
        ways = (self._sentence, self._in_parts, self._any_pattern)
        return next((told for way in ways if (told := way(core)) is not None), text)

    def _sentence(self, core: str) -> str | None:
        """One sentence: no value that is kept as it is holds the end of one."""
        if core in self._whole:
            return self._whole[core]
        for pattern in self._patterns:
            values = pattern.values_in(core)
            if values is None or any(map(_of_several, pattern.kept(values))):
                continue
            if not any(". " in value and not _quoted(value) for value in values.values()):
                return self._with(pattern, values)
        return None

    def _any_pattern(self, core: str) -> str | None:
        found = ((pattern, pattern.values_in(core)) for pattern in self._patterns)
        return next((self._with(one, values) for one, values in found if values is not None), None)

    def _with(self, pattern: _Pattern, values: Mapping[str, str]) -> str:
        return spaced(self._filled(pattern.own, values))

    def _filled(self, own: str, values: Mapping[str, str]) -> Iterator[str]:
        for literal, name, _, conversion in Formatter().parse(own):
            yield literal
            if name is not None:
                yield self(values[name]) if conversion == "t" else values[name]

    def _in_parts(self, core: str) -> str | None:
        """A text of several sentences, each for itself; None where not one of them is known."""
        ways = (
            self._sentences, self._before_its_end, self._with_tail, self._counted,
            self._in_brackets, self._joined_up,
        )  # fmt: skip
        return next((told for way in ways if (told := way(core)) is not None), None)

    def _sentences(self, core: str) -> str | None:
        parts = _SENTENCE_ENDS.split(core)
        if len(parts) == 1:
            return None
        told = [self(part) for part in parts]
        return _joined(told, "") if any(map(_HAN.search, told)) else None

    def _before_its_end(self, core: str) -> str | None:
        end = core[-1:]
        whole = self(core[:-1]) if end in ENDS else core[:-1]
        if whole == core[:-1]:
            return None
        return whole if whole.endswith(tuple(ENDS.values())) else whole + ENDS[end]

    def _with_tail(self, core: str) -> str | None:
        for tail in self._tails:
            values = tail.values_in(core)
            if values is None or any(map(_of_several, tail.kept(values))):
                continue
            ends = [values.get(end, "x") for end in ("head_", "rest_")]
            if all(end and end.count("(") == end.count(")") for end in ends):
                return "".join(self._filled(tail.own, values))
        return None

    def _counted(self, core: str) -> str | None:
        """`0.5 (0.4 to 0.6)`, or a number before a sentence: `3 without text`."""
        if ends := _ENDS.fullmatch(core):
            return self._interval.format(**ends.groupdict())
        if chance := _CHANCE.fullmatch(core):
            return f"{self(chance[1])}（{chance[2]}）"
        number, _, rest = core.partition(" ")
        if not rest:  # a number alone is no number of rows
            return None
        if rest in self._counts and _NUMBER.fullmatch(number):
            return self._counts[rest].format(n=number)
        found = self._sentence(rest) if _NUMBER.fullmatch(number) else None
        if found is None:
            return None
        rows = self._counts.get("rows") if number.replace(",", "").isdigit() else None
        return rows.format(n=number) + found if rows else f"{number} {found}"

    def _in_brackets(self, core: str) -> str | None:
        """`x (y)`, of which one at least is known; `y` may hold brackets itself."""
        found = _bracketed(core)
        if found is None:
            return None
        before, inside = map(self, found)
        return None if (before, inside) == found else f"{before}（{inside}）"

    def _joined_up(self, core: str) -> str | None:
        """Parts with a joint between them; a single word may be a label, and is left alone."""
        for joint, own_joint in JOINTS:
            parts = core.split(joint)
            if len(parts) == 1:
                continue
            members = parts if joint != ", " else list(self._listed(parts))
            told = [self(member) if " " in member else member for member in members]
            if told != members:
                return _joined(told, own_joint)
        return None

    def _listed(self, parts: Sequence[str]) -> Iterator[str]:
        """The members of a list, of which one may hold commas itself: the longest known first."""
        start = 0
        while start < len(parts):
            for end in range(len(parts), start, -1):
                member = ", ".join(parts[start:end])
                if (start, end) != (0, len(parts)) and (self._known(member) or end == start + 1):
                    yield member
                    start = end
                    break

    def _known(self, member: str) -> bool:
        number, _, rest = member.partition(" ")
        return self._sentence(rest if _NUMBER.fullmatch(number) else member) is not None


def _bracketed(core: str) -> tuple[str, str] | None:
    """`x` and `y` of `x (y)`: the bracket that closes at the end, with all in it."""
    depth, opened = 0, len(core)
    for place in reversed(range(len(core))):
        depth += (core[place] == ")") - (core[place] == "(")
        if depth <= 0:
            opened = place
            break
    before, inside = core[:opened], core[opened + 1 : -1]
    whole = core.endswith(")") and before.endswith(" ") and before.strip() and inside
    return (before[:-1], inside) if whole and "(" not in before else None


def _of_several(value: str) -> bool:
    """Whether a value looks like more than one: a sentence ends in it, and it is no quoted text."""
    return not _quoted(value) and any(joint in value for joint in (". ", "; ", ": "))


def _quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\""


def _by_sentence(key: str, own: str) -> Iterator[tuple[str, str]]:
    """The sentences of a key each for itself, where its translation has as many."""
    keys = [f"{part}." for part in key.removesuffix(".").split(". ")]
    owns = [f"{part}。" for part in own.removesuffix("。").split("。")]
    if len(keys) > 1 and list(map(_names, keys)) == list(map(_names, owns)):
        yield from zip(keys, owns, strict=True)


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def spaced(parts: Iterable[str]) -> str:
    """The parts as one text, with a space where a Chinese character meets a word or a number."""
    whole = ""
    for part in parts:
        ends = (whole[-1:], part[:1])
        meet = any(map(_HAN.match, ends)) and any(map(_WORD_OR_NUMBER.match, ends))
        whole += f" {part}" if meet else part
    return whole


def _joined(parts: list[str], joint: str) -> str:
    whole = parts[0]
    for part in parts[1:]:
        glue = joint if whole[-1:] not in "。：？；" else ""
        if whole.endswith("."):  # a sentence that is not known
            glue = " "
        whole += glue + part
    return whole


def _unescaped(key: str) -> str:
    return key.replace("{{", "{").replace("}}", "}")
