"""The trackers of a run, opened for what its settings name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from luthier.records import Note
from luthier.run_folder import RunFolder
from luthier.settings import Settings
from luthier.settings_tree import SETTINGS

if TYPE_CHECKING:
    from luthier.engines.trackers import Trackers


def trackers_of(
    run: RunFolder, settings: Settings, say: Callable[[str, tuple[Note, ...]], None]
) -> Trackers:
    """Trackers that know the run by the name of its folder; files they write lie in `trackers/`.

    Raises:
        SettingsError: when there is no such tracker.
        MissingExtraError: when its package is not installed.
    """
    from luthier.engines.trackers import Trackers, tracker_names
    from luthier.settings_file import value_of

    return Trackers(
        tracker_names(settings.train.report_to),
        run.path.name,
        run.path / "trackers",
        {name: value_of(settings, name) for name in SETTINGS},
        lambda message: say("train", (Note("warning", message),)),
    )
