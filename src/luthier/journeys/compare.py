"""Several runs beside each other: the record, and its page in the folder of the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from luthier.errors import LuthierError
from luthier.journeys.auditing import Source
from luthier.journeys.data_place import place_of_data
from luthier.journeys.given import check_language, several_runs
from luthier.journeys.opening import open_run
from luthier.journeys.run_settings import check_counted_alike
from luthier.journeys.verbs import load
from luthier.records.comparison import Comparison
from luthier.run_folder import RunFolder, write_text
from luthier.settings_file import from_run_yaml

PAGE = "comparison.html"


def compare(
    runs: Sequence[Source | RunFolder], *, language: str | None = None
) -> tuple[Comparison, Path]:
    """Compare runs judged on the same rows, and write `comparison.html` into the first one.

    Args:
        runs: two run folders or more; the first is the measure of the others.
        language: of the page: `en`, `zh-CN` or `zh-TW`; that of this machine when None.

    Returns:
        What was found, and the path of the page.

    Raises:
        InputError: when the runs were not judged on the same rows.
        RunFolderError: when a folder is no run, or was not judged.
    """
    from luthier.reporting.catalogue import catalogue, language_here
    from luthier.reporting.compare_page import compare_page
    from luthier.stages.compare import compare as compare_runs

    check_language(language)
    folders = [open_run(run) for run in several_runs(runs)]
    found = compare_runs(folders)
    page = folders[0].path / PAGE
    spoken = catalogue(language or language_here())
    with folders[0].lock():
        write_text(page, compare_page(found, _texts(folders[0], found), spoken))
    return found, page


def _texts(run: RunFolder, found: Comparison) -> Mapping[int, tuple[str, str]]:
    """Row id -> place and text of the flipped rows; empty where the data are gone or changed."""
    settings = from_run_yaml(run.settings_path).settings
    if settings.data.path is None:
        return {}
    try:
        rows = load(place_of_data(run, settings.data.path)[0], settings=run.settings_path)
        check_counted_alike(run, rows)
    except LuthierError:  # the page says the ids of the rows then
        return {}
    if {file.sha256 for file in rows.source.files} != {file.sha256 for file in run.source.files}:
        return {}
    wanted = {flipped.row_id for flipped in found.flipped}
    places = zip(rows.ids.tolist(), rows.locations, rows.columns["text"], strict=True)
    return {row_id: (place, str(text)) for row_id, place, text in places if row_id in wanted}
