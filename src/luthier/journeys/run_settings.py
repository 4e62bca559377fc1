"""What of a run's settings can still be changed: after `split` those of training, later nothing.

`run.yaml` holds the settings; `environment.json` beside it says that all of them are decided.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator

import numpy as np

from luthier.errors import LuthierError, Problem, RunFolderError, SettingsError
from luthier.machine_errors import machine_errors_named
from luthier.records import Rows
from luthier.run_folder import RunFolder, sha256_of_file, write_text
from luthier.settings_file import Resolved, as_chosen, chosen_by_hand, to_yaml, value_of

OF_THE_ROWS = ("task", "data", "split")
"""Settings, or blocks of them, that say what the rows are and how they are shared out."""


def is_decided(run: RunFolder) -> bool:
    """Whether training has been planned, so that every setting stands."""
    return (run.path / "environment.json").exists()


def check_settings_unchanged(run: RunFolder) -> None:
    """Refuse a run whose `run.yaml` was edited after its settings were decided.

    Raises:
        RunFolderError: when it was.
    """
    if not is_decided(run):
        return
    decided = run.environment.get("settings_sha256")
    if decided and decided != sha256_of_file(run.settings_path):
        raise RunFolderError(
            Problem(
                "was edited after the run began; a run keeps its settings",
                where=str(run.settings_path),
            ),
            next_step=f"undo the edit, or start a new run with it: "
            f"luthier workup --settings {run.settings_path}",
        )


def with_given(run: RunFolder, kept: Resolved, given: Resolved) -> Resolved:
    """The settings of a run that is shared out but not trained, with those given to it now.

    Args:
        run: its folder.
        kept: what `run.yaml` holds.
        given: what was typed or read from a file now, over defaults.

    Raises:
        SettingsError: when everything is decided already, or where a given value would change the
            rows or how they are shared out.
    """
    new = chosen_by_hand(given)
    if not new:
        return kept
    again = f"luthier workup --settings {shlex.quote(str(run.settings_path))}"
    if is_decided(run):
        raise SettingsError(
            "the settings of this run are decided, so none can be given to it any more",
            next_step=f"without them: luthier workup --resume --run-dir "
            f"{shlex.quote(str(run.path))}; a new run with them: {again}, and the flags",
        )
    too_late = [
        Problem(_shared_out(value_of(kept.settings, name)), where=origin.detail)
        for name, origin in new.items()
        if name.partition(".")[0] in OF_THE_ROWS
        and value_of(given.settings, name) != value_of(kept.settings, name)
    ]
    if too_late:
        raise SettingsError(too_late, next_step=f"a new run: {again}, and the flags")
    return as_chosen(kept, given)


def _shared_out(value: object) -> str:
    if value is None:
        return "the rows of this run were shared out without it"
    return f"the rows of this run were shared out with {value}"


@contextlib.contextmanager
def written_while_it_works(run: RunFolder, resolved: Resolved) -> Iterator[None]:
    """Write changed settings; put the old ones back when something is wrong with the new."""
    before, now = run.settings_path.read_text(encoding="utf-8"), to_yaml(resolved)
    if before == now or is_decided(run):
        yield
        return
    with machine_errors_named(run.path):
        write_text(run.settings_path, now)
    try:
        yield
    except LuthierError:
        if not is_decided(run):
            write_text(run.settings_path, before)
        raise


def check_counted_alike(run: RunFolder, rows: Rows) -> None:
    """Whether the rows have the ids that the run knows them by.

    Args:
        run: a run that may be shared out already.
        rows: the rows of its data, read now.

    Raises:
        RunFolderError: when an earlier version made it, which gave rows left out no id.
    """
    if not len(rows) or rows.ids[-1] == len(rows) - 1 or not (run.path / "splits.parquet").exists():
        return
    if not np.isin(run.splits.row_ids, rows.ids).all():
        what = (
            "this run counts its rows as an earlier version did, which closed the gaps of rows "
            "left out"
        )
        raise RunFolderError(
            Problem(what, where=str(run.path)),
            next_step="start a new run: luthier workup DATA (without --resume)",
        )
