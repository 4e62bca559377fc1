"""`luthier faults`: every fault that Luthier looks for."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, new_parser
from luthier.cli.terminal import padded

if TYPE_CHECKING:
    from luthier.faults import Fault


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    new_parser(verbs, "faults", "every fault that Luthier looks for", run)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from luthier.cli.language import spoken
    from luthier.journeys.verbs import list_faults

    faults = list_faults()
    if args.json:
        print(json.dumps([_as_json(fault) for fault in faults], ensure_ascii=False, indent=1))
        return 0
    tell = spoken(args)
    width = max(len(fault.id) for fault in faults)
    for fault in faults:
        title = tell.told(fault.error or fault.info.title)
        print(f"{fault.id:<{width}}  {padded(tell(fault.status), 8)}{title}")
    print("\n" + tell("next: {step}", step="luthier explain FAULT"))
    return 2 if any(fault.error for fault in faults) else 0


def _as_json(fault: Fault) -> dict[str, object]:
    return {
        "fault": fault.id,
        "stage": fault.stage,
        "code": fault.info.code,
        "title": fault.info.title,
        "status": fault.status,
        "needs": fault.needs,
        "wants": fault.wants,
        "track_record": fault.track_record,
        "error": fault.error or None,
    }
