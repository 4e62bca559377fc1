"""The part of docs/benchmarks.md about speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from result_tables import read, table

CONTENDERS = {
    "luthier_full": "all layers",
    "luthier_auto": "recipe `auto`",
    "luthier_partial": "upper half of the layers, kept outputs below",
    "luthier_frozen": "frozen, head alone",
    "luthier_torch": "predict",
    "luthier_onnx": "predict, ONNX",
    "luthier_onnx_int8": "predict, ONNX in 8 bits",
}
RIVALS = {
    "trainer_group_by_length": "`Trainer`, `group_by_length`",
    "trainer_batch_rebalance": "`Trainer`, `batch_rebalance`",
    "trainer_max_length": "`Trainer`, padding to 128",
    "trainer_partial": "`Trainer`, same layers frozen",
    "trainer_frozen": "`Trainer`, encoder frozen",
    "luthier_partial_without_cache": "the same, nothing kept",
    "sentence_transformers_lr": "sentence-transformers, logistic regression",
    "pipeline": '`pipeline("text-classification", batch_size=32)`',
}
AT_ITS_BEST = ("trainer_group_by_length", "trainer_batch_rebalance")
AIMED_AT = (*AT_ITS_BEST, "trainer_max_length")
"""What the wanted ratios are against; the other rivals are asides."""
MEASURES = {
    "epoch_seconds": "an epoch",
    "seconds_to_same": "to the same macro-F1",
    "seconds": "in all",
}
WANTED = {
    ("luthier_full", "epoch_seconds"): 5.0,
    ("luthier_full", "seconds_to_same"): 1.3,
    ("luthier_auto", "seconds_to_same"): 2.0,
    ("luthier_partial", "seconds"): 2.0,
    ("luthier_frozen", "seconds"): 10.0,
}
"""What this project set out for, against `Trainer` as it is fastest."""
WANTED_OF_PREDICTION = 4.0


def speed() -> str:
    """Luthier beside what a person would take instead."""
    found = read("speed.json")
    ratios, cells = found["ratios"], found["cells"]
    if not ratios:
        return ""
    dates = sorted({one["date"] for one in cells})
    days = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    hardware, versions = found["hardware"], found["versions"]
    head = ["set", "Luthier", "against", "what", "times as fast", "wanted", "macro-F1"]
    loads = [one["load"] for one in cells]
    about = (
        f"`python -m benchmarks.speed`, {days}, {hardware['cpu_count']} cores "
        f"({hardware['processor']}), torch {versions['torch']}, transformers "
        f"{versions['transformers']}; the same rows, weights, threads and rows per step on both "
        f"sides, float32, early stopping on; load average after each cell {min(loads):.1f} to "
        f"{max(loads):.1f}. Seconds are the median over the seeds. Macro-F1 is of "
        "test rows, Luthier's and the other's, with the 95 % interval of the difference in points "
        "over rows and seeds: *worse* where all of it is below 0, *not shown* where a loss of half "
        f"a point is not ruled out.{_against_itself(ratios)}"
    )
    return (
        f"\n## Luthier beside what a person would take instead\n\n{about}\n\n"
        f"{table([*head, 'seeds'], map(_row, ratios))}\n"
        "![Times as fast as Trainer at its best](pictures/speed.png)\n"
        f"{_first_results(cells)}"
    )


def _against_itself(ratios: Sequence[Mapping[str, Any]]) -> str:
    """What can be shown at all: `Trainer` beside its own next seeds, judged the same way."""
    said = {
        one["data"]: f" `Trainer` beside its own other seeds on `{one['data']}`: "
        "[{:+.1f}, {:+.1f}].".format(*(100 * end for end in one["their_own_other_seeds"]))
        for one in ratios
        if one["ours"] == "luthier_full" and one["their_own_other_seeds"]
    }
    return "".join(said.values())


def _row(one: Mapping[str, Any]) -> list[str]:
    wanted = WANTED.get((one["ours"], one["what"])) if one["measure"] in AIMED_AT else None
    if one["measure"] == "pipeline":
        wanted = WANTED_OF_PREDICTION
    low, high = 100 * one["difference_low"], 100 * one["difference_high"]
    doubt = "" if one["non_inferior"] else " *worse*" if high < 0 else " *not shown*"
    return [
        f"`{one['data']}`",
        CONTENDERS[one["ours"]],
        RIVALS[one["measure"]],
        MEASURES[one["what"]],
        f"**{one['times_as_fast']:.1f}**",
        f"{wanted:g}" if wanted else "",
        f"{one['our_macro_f1']:.3f} / {one['their_macro_f1']:.3f} [{low:+.1f}, {high:+.1f}]{doubt}",
        str(one["seeds"]),
    ]


def _first_results(cells: Sequence[Mapping[str, Any]]) -> str:
    """How long until a person sees a report."""
    rows = [
        [
            f"`{one['cell']['data']}`",
            one["cell"]["model"],
            f"{one['train_rows']:,}",
            f"{one['seconds']:.0f} s",
            f"{one['macro_f1']:.3f}",
        ]
        for one in cells
        if one["cell"]["kind"] == "first"
    ]
    if not rows:
        return ""
    head = ["set", "model", "rows to learn from", "until the report", "macro-F1"]
    return (
        "\nThe first useful result, `luthier workup` with a frozen encoder, floors, figures and "
        "report, nothing kept from before (wanted: under 60 s with the starter encoder):\n\n"
        f"{table(head, rows)}"
    )
