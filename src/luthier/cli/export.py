"""`luthier export RUN --format onnx`: the model in another format, checked, with its price."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from luthier.cli.arguments import Verbs, add_run, new_parser

if TYPE_CHECKING:
    from luthier.records.exported import Exported
    from luthier.reporting.catalogue import Catalogue

INTERVALS = {"bootstrap": "paired bootstrap", "wilson": "Wilson's interval for no row apart"}
"""How an interval was made -> its name."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    summary = "write the model of a run in a faster format, check it, and say what it costs"
    parser = new_parser(verbs, "export", summary, run)
    add_run(parser)
    parser.add_argument(
        "--format",
        action="append",
        metavar="FORMAT",
        help="onnx (full precision) or onnx-int8 (8-bit weights); may be given several times "
        "(default: both)",
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        default=0.3,
        metavar="POINTS",
        help="points of the figure that a format may cost to be called usable (default: 0.3)",
    )


def run(args: argparse.Namespace) -> int:
    """Do it: exit code 1 when a format failed its check or costs too much."""
    from luthier.cli.language import spoken
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.export import export

    tell = spoken(args)
    worst = 0
    for kind in args.format or ["onnx", "onnx-int8"]:
        found = export(args.run_folder, kind)
        usable = found.within(args.max_loss)
        worst = max(worst, int(not usable))
        if args.json:
            print(as_json(found))
            continue
        say(_lines(kind, found, args.max_loss, tell))
    return worst


def _lines(kind: str, found: Exported, max_loss: float, tell: Catalogue) -> list[str]:
    from luthier.reporting.words import metric_title

    loss = found.loss
    differ = ", ".join(f"{tell(stage)} {count:,}" for stage, count in found.stages.items())
    checked = tell(
        "  in a fresh process, {n} validation rows; rows that differ: {differ}",
        n=f"{found.rows:,}",
        differ=differ,
    )
    if found.first_stage:
        checked += tell("; first at: {stage}", stage=tell(found.first_stage))
    usable = tell("usable") if found.within(max_loss) else tell("NOT usable")
    return [
        tell("{kind}: {message}", kind=kind, message=usable),
        checked,
        tell(
            "  {metric} {points} points [{low}, {high}] ({method}, {n} rows), at most {most} may "
            "be lost",
            metric=metric_title(found.metric, tell),
            points=_points(loss.value),
            low=_points(loss.high),
            high=_points(loss.low),
            method=tell.told(INTERVALS.get(loss.method, loss.method)),
            n=f"{loss.n:,}",
            most=f"{max_loss:g}",
        ),
        tell(
            "  {seconds} s for 1,000 rows, {times} times as fast as torch here",
            seconds=f"{found.seconds_per_1000_rows:.2f}",
            times=f"{found.torch_seconds_per_1000_rows / found.seconds_per_1000_rows:.1f}",
        ),
    ]


def _points(lost: float) -> str:
    """A loss as a change in points; what rounds to nothing has no sign of its own."""
    return f"{round(-100 * lost, 2) + 0.0:+.2f}"
