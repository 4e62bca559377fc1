"""`luthier export RUN --format onnx`: the model in another format, checked, with its price."""

from __future__ import annotations

import argparse

from luthier.cli.arguments import Verbs, add_run, new_parser


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
    from luthier.cli.results import as_json
    from luthier.cli.terminal import say
    from luthier.journeys.export import export

    worst = 0
    for kind in args.format or ["onnx", "onnx-int8"]:
        found = export(args.run_folder, kind)
        usable = found.within(args.max_loss)
        worst = max(worst, int(not usable))
        if args.json:
            print(as_json(found))
            continue
        loss = found.loss
        times = found.torch_seconds_per_1000_rows / found.seconds_per_1000_rows
        differ = ", ".join(f"{stage} {count:,}" for stage, count in found.stages.items())
        say(
            [
                f"{kind}: {'usable' if usable else 'NOT usable'}",
                f"  in a fresh process, {found.rows:,} validation rows; rows that differ: {differ}"
                + (f"; first at: {found.first_stage}" if found.first_stage else ""),
                f"  {found.metric} {-100 * loss.value:+.2f} points "
                f"[{-100 * loss.high:+.2f}, {-100 * loss.low:+.2f}], at most "
                f"{args.max_loss:g} may be lost",
                f"  {found.seconds_per_1000_rows:.2f} s for 1,000 rows, {times:.1f} times as fast "
                "as torch here",
            ]
        )
    return worst
