"""`luthier settings [RUN]`: every setting, its default, unit, meaning and present value."""

from __future__ import annotations

import argparse

from luthier.cli.arguments import Verbs, new_parser


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "every setting: default, unit, meaning, and where its value in a run comes from"
    parser = new_parser(verbs, "settings", summary, run)
    parser.add_argument("run_folder", nargs="?", metavar="RUN", help="show the values of this run")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.verbs import list_settings
    from luthier.settings_file import SettingRow

    settings = list_settings(args.run_folder)
    if args.json:
        print(as_json(settings, tuple[SettingRow, ...]))
        return 0
    tell = spoken(args)
    for item in settings:
        unit = f" {tell.told(item.unit)}" if item.unit else ""
        origin = ": ".join(filter(None, (tell(item.origin.kind), tell.told(item.origin.detail))))
        meaning = tell.told(item.meaning)
        line = f"{item.name} = {item.value}{unit}  ({origin})"
        said = tell("    {meaning}; default {default}", meaning=meaning, default=item.default)
        say([line, said])
    return 0
