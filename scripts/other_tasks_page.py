"""The part of docs/benchmarks.md about several labels per row and about numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from result_tables import read, share, table


def other_tasks() -> str:
    """The checks that read every task, on rows with several labels and with numbers."""
    found = read("other_tasks.json")

    def said(part: Mapping[str, Any], fault: str) -> list[str]:
        one = part["faults"].get(fault)
        if one is None:
            return ["", ""]
        return [f"{one['hits']} of {one['planted']}", f"{one['false_alarms']} of {one['healthy']}"]

    labels, number = found["labels"], found["number"]
    rows = [[f"`{name}`", *said(labels, name), *said(number, name)] for name in labels["faults"]]
    overall = [
        (share(part["overall"]["recall_middle"]), part["overall"]["healthy_runs"])
        for part in (labels, number)
    ]
    head = ["check", "labels: found", "false alarms", "numbers: found", "false alarms"]
    return (
        "\n## Several labels per row, and numbers\n\n"
        f"`{found['environment']['command']}`: the checks that read every task, planted in the\n"
        "second made-up language, three severities each; their limits were chosen on one label\n"
        f"per row. Found at the middle severity: {overall[0][0]} of several labels, "
        f"{overall[1][0]} of numbers;\n{overall[0][1]} and {overall[1][1]} healthy runs.\n\n"
        f"{table(head, rows)}"
    )
