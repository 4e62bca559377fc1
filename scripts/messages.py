"""What the message catalogues lack and what is left over in them; exit code 1 when anything is.

    python scripts/messages.py          missing and left over, for each language and file
    python scripts/messages.py --all    every sentence of the records, with its place in the code

An English sentence is its own key (docs/decisions/0009-messages.md). Reporting and command line say
theirs by a catalogue, `say("{n} rows", n=...)`. Records hold sentences that are filled in already:
their keys are found in the code, the f-string `f"{count:,} of {len(rows):,} rows"` has the key
`{count} of {rows} rows`. What is no sentence for people is told apart by its place and form.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import get_args, get_type_hints

from luthier.faults import Status, all_faults
from luthier.kit.cleaned_copy import Deed
from luthier.kit.delimited import SPOKEN
from luthier.kit.prediction_columns import ROLES
from luthier.records import (
    SEVERITIES,
    SPLIT_NAMES,
    STAGES,
    STANDINGS,
    Applicability,
    Note,
)
from luthier.records.evidence import EVIDENCE
from luthier.records.labels import PairVerdict
from luthier.reporting.catalogue import LANGUAGES, catalogue
from luthier.reporting.compare_page import DIFFERENCES
from luthier.reporting.fault_page import paragraphs
from luthier.reporting.page import APPLICABILITY, SECTIONS
from luthier.reporting.payload import sentences_of_script
from luthier.reporting.titles import CEILING_TITLES, FLOOR_TITLES, METRIC_TITLES
from luthier.reporting.told import FEWEST_LETTERS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "luthier"

NOT_READ = ("faults/example_", "sample/", "reporting/", "records/", "kit/stop_words.py")
"""Beginnings of paths: examples, texts of the sample, stop words, what evidence is made of.
`reporting/` says its sentences by a catalogue (`said`); the model card is English, for the hub.
"""

NOT_SAID_BY = {
    "ValueError", "TypeError", "KeyError", "RuntimeError", "AttributeError", "AssertionError",
    "NotImplementedError", "LookupError", "compile", "sub", "match", "search", "finditer",
    "findall", "split", "startswith", "endswith", "removeprefix", "removesuffix", "strftime",
    "replace", "partition", "rpartition", "Case", "Plant", "filterwarnings", "getLogger", "TypeVar",
    "literal_block", "simplefilter", "count_words",
}  # fmt: skip
"""Functions whose texts no person reads: errors of the programmer, patterns, examples."""

SAID_BY_ALL_THE_SAME = {("settings.py", "ValueError")}
"""File and function of which people do read the texts."""

NOT_SAID_IN = {"CASES", "PLANT", "__all__", "samples", "bad_samples", "_FOREIGN_NAMES"}
"""Constants without sentences."""

SAID_BY_THEIR_KEYS = {"TEXT_CHANGES", "MARKS"}
"""Tables whose keys are names for people."""

NOT_SAID = {
    "cannot start", "The number of unique classes is greater than 50%",
    "the following arguments are required: ",
}  # fmt: skip
"""Texts that are looked for in what a library says."""

ORIGINS = ("default", "recipe", "file", "flag", "measured", "not recorded")
STANDINGS_IN_WORDS = tuple(standing.replace("_", " ") for standing in STANDINGS)

GRAMMAR = {"s", "", "its", "their"}
"""Words that other languages do without; a translation may leave out a choice of these."""

COMMAND = re.compile(
    r"(luthier|pip|install|rm|ls|git|help|or|FAULT|demo|workup|audit|split|train|evaluate|diagnose"
    r"|prescribe|predict|export|report|compare|explain|faults|settings|'\S+'|runs/\S+|-\S*|[A-Z|]+"
    r"|\S*\{\w+\}\S*|\S+[/.=]\S+)"
)
"""A word of a command; commands are typed in every language as they are."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A value in a sentence: `kind` is `number`, `choice` (of literal words) or `text`."""

    name: str
    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence: `parts` are literal texts and holes in their order."""

    parts: tuple[str | Hole, ...]
    place: str

    @property
    def key(self) -> str:
        """The sentence as it stands in a catalogue."""
        return "".join(
            f"{{{part.name}}}" if isinstance(part, Hole) else escaped(part) for part in self.parts
        )

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Its values."""
        return tuple(part for part in self.parts if isinstance(part, Hole))


def escaped(literal: str) -> str:
    """Braces doubled, as `str.format` wants them, in a sentence that has values."""
    return literal.replace("{", "{{").replace("}", "}}")


def every_message() -> list[Message]:
    """Every sentence in the package, by path and line; a key may occur more than once."""
    found: list[Message] = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(NOT_READ):
            finder = _Finder(name)
            finder.visit(_without_cases(ast.parse(path.read_text(encoding="utf-8")), name))
            found += finder.found
    return found


def _without_cases(tree: ast.Module, name: str) -> ast.Module:
    """A fault file without its examples, which stand behind PLANT."""
    for place, node in enumerate(tree.body):
        named = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        if name.startswith("faults/") and "PLANT" in named:
            return ast.Module(tree.body[:place], [])
    return tree


class _Finder(ast.NodeVisitor):
    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Message] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if not names & NOT_SAID_IN:
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        named = node.target.id if isinstance(node.target, ast.Name) else ""
        if node.value is not None and named not in NOT_SAID_IN:
            self.visit(node.value)
            tables = ast.walk(node.value) if named in SAID_BY_THEIR_KEYS else ()
            for key in (key for t in tables if isinstance(t, ast.Dict) for key in t.keys):
                self.visit(key or node.value)

    def visit_Compare(self, node: ast.Compare) -> None:  # what is looked for is said elsewhere
        for part in (node.left, *node.comparators):
            if not isinstance(part, ast.Constant):
                self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for part in node.body:
            self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in SAYERS or _says(called):  # its sentence is in `said.json`; its values are not
            for keyword in node.keywords:
                self.visit(keyword.value)
            return
        if name not in NOT_SAID_BY or (self.name, name) in SAID_BY_ALL_THE_SAME:
            self.generic_visit(node)
        elif isinstance(called, ast.Attribute) and not isinstance(called.value, ast.Constant):
            self.visit(called.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for value in node.values:
            self.visit(value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(_template(node.value), node.lineno)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts: list[str | Hole] = []
        names: dict[str, str] = {}
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(str(value.value))
            elif isinstance(value, ast.FormattedValue):
                hole = _hole(value, names)
                parts.append(hole)
                self.visit(value.value)
                for word in set(hole.words) - GRAMMAR:
                    if any(map(str.isalpha, word)):
                        self.found.append(Message((word,), f"{self.name}:{node.lineno}"))
        self._add(tuple(parts), node.lineno)

    def _add(self, parts: tuple[str | Hole, ...], line: int) -> None:
        if parts and is_sentence(parts) and parts[0] not in NOT_SAID:
            self.found.append(Message(parts, f"{self.name}:{line}"))


def _template(text: str) -> tuple[str | Hole, ...]:
    """The parts of a text that `str.format` fills later; a text without names is one part."""
    try:
        found = list(Formatter().parse(text))
    except ValueError:
        return (text,)
    if any(n is not None and (not n.isidentifier() or " " in (s or "")) for _, n, s, _ in found):
        return (text,)
    parts: list[str | Hole] = []
    for literal, name, spec, _ in found:
        parts += [literal] if literal else []
        parts += [Hole(name, "number" if spec else "text")] if name is not None else []
    return tuple(parts)


def is_sentence(parts: tuple[str | Hole, ...]) -> bool:
    """Whether words stand there: letters, and a space beside them."""
    if str(parts[0]).startswith('{"'):  # JSON
        return False
    whole = "".join(part if isinstance(part, str) else "{x}" for part in parts)
    if all(COMMAND.fullmatch(word) for word in whole.split()):
        return False
    literal = "".join(part for part in parts if isinstance(part, str))
    if len(parts) > 1 and sum(map(str.isalpha, literal)) < FEWEST_LETTERS:
        return False
    words = [word for word in literal.split() if sum(map(str.isalpha, word)) > 1]
    return " " in literal.strip() + (" " if len(parts) > 1 and " " in literal else "") and (
        len(words) > (0 if len(parts) > 1 else 1)
    )


def _hole(value: ast.FormattedValue, names: dict[str, str]) -> Hole:
    """The hole of one value; `names` are those given so far in this sentence, by expression."""
    source = ast.unparse(value.value)
    base = _name(value.value)
    if source not in names:
        taken = set(names.values())
        number = 2
        name = base
        while name in taken:
            name, number = f"{base}{number}", number + 1
        names[source] = name
    words = _words(value.value)
    if words:
        return Hole(names[source], "choice", words)
    spec = ast.unparse(value.format_spec) if value.format_spec else ""
    return Hole(names[source], "number" if any(c in spec for c in ",.%+g") else "text")


def _words(node: ast.expr) -> tuple[str, ...]:
    """The literal words that `node` chooses from; none where it is no such choice."""
    if not isinstance(node, ast.IfExp):
        return ()
    parts = (node.body, node.orelse)
    if all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
        return tuple(part.value for part in parts)  # type: ignore[attr-defined]
    return ()


def _name(node: ast.expr) -> str:  # noqa: C901, PLR0911 - one line per kind of expression
    """A name for an expression: its last identifier."""
    match node:
        case ast.Name(id=name):
            return name.strip("_")
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name.isidentifier():
            return name
        case ast.Subscript(value=inner):
            return _name(inner)
        case ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            return _name(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if not isinstance(
            inner, ast.Constant
        ) and name in {"replace", "capitalize", "upper", "lower", "strip", "sum", "rstrip", "item"}:
            return _name(inner)
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in {
            "len", "round", "sum", "max", "min", "abs", "repr", "str", "int", "sorted", "float"
        }:  # fmt: skip
            return _name(inner)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name.strip("_")
        case ast.BinOp(left=inner) if not isinstance(inner, ast.Constant):
            return _name(inner)
        case ast.IfExp() if _words(node):
            return "choice"
        case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
            return _name(inner)
        case _:
            return "value"


def told() -> set[str]:
    """Keys of `told.json`: what records tell."""
    called = {f"the {name.replace('_', ' ')}" for name in EVIDENCE}  # stages/diagnose.py
    records = (fault.track_record for fault in all_faults())
    called |= {record["measured_on"] for record in records if record}
    return {message.key for message in every_message()} - said() | called


def pages() -> set[str]:
    """Keys of `pages.json`: the paragraphs of every fault's page."""
    return {part for fault in all_faults() for part in paragraphs(fault.page)} - told()


TEXT = r'"((?:[^"\\]|\\.)*)"'
SAYERS = ("say", "tell")
"""Names that a catalogue has where it is called: `say` in the page, `tell` in the command line."""


def said() -> set[str]:
    """Keys of `said.json`: templates, script, code and tables of `reporting/` and `cli/`."""
    return _in_templates() | _in_code() | _in_tables() | set(sentences_of_script())


def _in_templates() -> set[str]:
    found: set[str] = set()
    for path in (SOURCE / "reporting" / "templates").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(rf"\b_\({TEXT}", text))
        for one, many in re.findall(rf"\b_n\([^\"]*?{TEXT}, {TEXT}", text):
            found |= {one, many}
    return found


def _in_code() -> set[str]:
    """What is said by a catalogue, `say("...")` or `say.count(n, "...", "...")`."""
    found = set()
    for path in (*(SOURCE / "reporting").glob("*.py"), *(SOURCE / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _says(node.func):
                found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    return {text for text in found if isinstance(text, str)}


def _says(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute) and called.attr == "count":
        called = called.value
    return isinstance(called, ast.Name) and called.id in SAYERS


def _in_tables() -> set[str]:
    kinds = get_args(get_type_hints(Note)["kind"])
    return {
        *FLOOR_TITLES.values(), *METRIC_TITLES.values(), *CEILING_TITLES.values(),
        *APPLICABILITY.values(), *SEVERITIES, *STANDINGS_IN_WORDS,
        *SPLIT_NAMES, *(title for _, title in SECTIONS), *kinds, *ORIGINS, *get_args(PairVerdict),
        *DIFFERENCES.values(), *Applicability, *get_args(Status),
        *_verbs_told(), *STAGES, *get_args(Deed), *ROLES, "labels", "number", *SPOKEN.values(),
    }  # fmt: skip


def _verbs_told() -> set[str]:
    """What the journeys announce: `with walk.stage("load")`."""
    return {
        node.args[0].value
        for path in (SOURCE / "journeys").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stage"
        and isinstance(node.args[0], ast.Constant)
    }


def main() -> int:
    """Say what is missing and what is left over."""
    if "--all" in sys.argv:
        for message in every_message():
            sys.stdout.write(f"{message.place}\t{message.key}\n")
        return 0
    wrong = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        has = catalogue(language)
        for part, wanted, own in (
            ("said", said(), has.sentences),
            ("told", told(), has.records),
            ("pages", pages(), has.pages),
        ):
            for kind, keys in (
                ("missing", wanted - own.keys()),
                ("left over", own.keys() - wanted),
            ):
                for key in sorted(keys):
                    wrong += 1
                    sys.stdout.write(f"{language}/{part}.json {kind}: {key}\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
