"""docs/python.md: every example runs, in its order, as it stands there."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from shop_csv import shop

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> dict[str, object]:
    """What is known after the examples, which run on a shop's rows with a tiny model."""
    folder = tmp_path_factory.mktemp("page")
    _, model = shop(folder)
    with (folder / "data.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for name, part in (("test", rows[:40]), ("val", rows[40:80]), ("train", rows[80:])):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "label", "prediction"])
            writer.writerows([*row.values(), row["label"]] for row in part)
    small = f'settings={{"model.name_or_path": {str(model)!r}, '
    found: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            exec(block.replace("settings={", small), found)
    return found


def test_every_example_runs(names):
    assert {"run", "answers", "diagnosis", "comparison", "found"} <= names.keys()


def test_answers_are_labels_and_two_runs_differ_as_the_page_says(names):
    assert set(names["answers"].answers) <= set(names["answers"].label_names)
    assert set(names["comparison"].settings) == {"train.num_train_epochs"}
    assert "On 40 test rows: macro-F1 1.000" in str(names["found"])


def test_the_page_names_only_what_there_is(names):
    import luthier

    named = set(re.findall(r"luthier\.([a-zA-Z_]+)\(", PAGE.read_text(encoding="utf-8")))
    assert named <= {*luthier.__all__, "errors"}
