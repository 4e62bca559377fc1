"""The documentation says what the code does: links lead somewhere, no key is left out."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from luthier import records, settings_file
from luthier.settings_tree import SETTINGS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SCRIPTS = sorted((ROOT / "scripts").glob("gen_*.py"))
CONTRACT = ROOT / "docs" / "run-folder.md"

IN_THE_FOLDER = (
    records.Source,
    records.SourceFile,
    records.Note,
    records.Audit,
    records.EncodedFacts,
    records.Started,
    records.Stepped,
    records.Evaluated,
    records.Saved,
    records.Warned,
    records.Stopped,
    records.Figure,
    records.Exported,
    records.LabelFigures,
    records.ConfusionMatrix,
    records.Diagnosis,
    records.Finding,
    records.ClearedFault,
    records.UncheckedFault,
    records.CrashedFault,
    records.Prescription,
    records.FoldsEvaluation,
    records.FoldFigures,
    records.Spread,
    records.Answer,
    records.Cause,
    records.Parity,
    records.Replay,
    settings_file.Origin,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target in re.findall(r"\]\(([^)#\s]*(?:#[^)\s]*)?)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
            assert anchor in slugs, f"{page.name} links to {target}"


@pytest.mark.parametrize("record", IN_THE_FOLDER, ids=lambda record: record.__name__)
def test_the_page_of_the_run_folder_names_every_key(record):
    named = set(re.findall(r"`([\w]+)`", CONTRACT.read_text(encoding="utf-8")))
    missing = {field.name for field in dataclasses.fields(record)} - named
    assert not missing, f"docs/run-folder.md does not name {sorted(missing)} of {record.__name__}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_generated_pages_are_current(script):
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_page_of_the_settings_names_every_setting():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert not [name for name in SETTINGS if f"`{name}`" not in page]


def test_the_architecture_page_names_every_part_of_the_package():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "luthier"
    parts = [path.parent.name + "/" for path in package.glob("*/__init__.py")]
    parts += [path.name for path in package.glob("*.py") if not path.name.startswith("__")]
    assert not [part for part in parts if f"`{part}`" not in page]
