"""Counted nouns: one helper where records speak, the catalogue where the page speaks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import luthier
from luthier.faults import all_faults
from luthier.kit.plural import plural
from luthier.reporting.catalogue import ENGLISH, catalogue

PACKAGE = Path(luthier.__file__).parent


@pytest.mark.parametrize(("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_one_row_is_no_rows(count, said):
    assert f"{count} row{plural(count)}" == said
    assert ENGLISH.count(count, "{n} row", "{n} rows") == said


def test_chinese_counts_without_a_plural():
    say = catalogue("zh-TW")
    assert say.count(1, "{n} row", "{n} rows").replace("1", "2") == say.count(
        2, "{n} row", "{n} rows"
    )


@pytest.mark.parametrize("count", [1, 7])
def test_a_counted_noun_of_a_record_is_told_in_chinese_for_one_and_many(count):
    text = f"Every loss of {count} step{plural(count)} was finite."
    assert catalogue("zh-CN").told(text) == f"{count} 步的损失都是有限的。"


def test_no_file_chooses_the_ending_of_a_noun_by_itself():
    """`'s' if n > 1 else ''` stands in `kit/plural.py` alone."""
    own = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.IfExp):
                ends = {getattr(part, "value", None) for part in (node.body, node.orelse)}
                if ends == {"s", ""}:
                    own.append(path.relative_to(PACKAGE).as_posix())
    verbs = {"kit/relabel_queue.py"}
    assert set(own) - verbs <= {"kit/plural.py", "engines/kept_trunk.py"}


def test_no_case_of_a_fault_says_one_of_many():

    many = re.compile(r"(?<![\d.,-])1 (rows|labels|texts|steps|outputs|tensors|batches|groups)\b")
    found = []
    for fault in all_faults():
        for case in fault.module.CASES:
            said = fault.module.detect(**case.evidence).message
            found += [said] if many.search(re.sub(r"\d+ of \d+", "", said)) else []
    assert found == []
