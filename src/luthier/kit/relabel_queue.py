"""Which rows a person should read first, and what their labels may rather be (`relabel.csv`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from luthier.kit.label_noise import doubted, mean_probabilities
from luthier.kit.spreadsheet_cells import csv_text, disarmed
from luthier.records import LabelOpinions, LabelPairs, RelabelRow, Rows

MOST_ROWS = 5000
STOP_RULE = "Stop when fewer than 2 of the last 20 rows that you read were wrong."
QUEUE_ENDINGS = (".csv",)
COLUMNS = ("row_id", "location", "split", "text", "label", "proposed", "score", "reason")

HOW_TO_REVIEW = (
    "Read the relabel queue from the top (relabel.csv in a run folder, or luthier audit "
    "DATA --relabel OUT.csv) and correct the labels in a copy of the file; stop when fewer "
    "than 2 of the last 20 rows were wrong."
)
"""What a finding on wrong labels has people do."""


def relabel_queue(
    rows: Rows,
    opinions: LabelOpinions,
    splits: Mapping[int, str],
    pairs: LabelPairs | None = None,
) -> tuple[RelabelRow, ...]:
    """The doubted rows, most doubtful first, 5,000 at most.

    Args:
        rows: with `text` and `label`.
        opinions: answers by models that did not learn from the rows.
        splits: row id -> split, where it is known.
        pairs: dossiers of confused labels, named in the reason of their rows. Of two labels all
            errors are theirs, which says nothing.
    """
    answers = opinions.linear
    place = {int(i): p for p, i in enumerate(rows.ids.tolist())}
    at, doubt = doubted(opinions)
    rather = mean_probabilities(opinions)
    second = set() if opinions.model is None else set(opinions.model.row_ids.tolist())
    tested = [pair for pair in pairs.pairs if pair.p_value < 1] if pairs is not None else []
    mixed = {frozenset(pair.labels) for pair in tested}
    queue = []
    for position, score in zip(at[:MOST_ROWS].tolist(), doubt.tolist(), strict=False):
        row_id = int(answers.row_ids[position])
        here = place[row_id]
        probable = rather[position]
        label = answers.label_names[int(answers.labels[position])]
        proposed = answers.label_names[int(probable.argmax())]
        queue.append(
            RelabelRow(
                row_id=row_id,
                location=rows.locations[here],
                split=splits.get(row_id, ""),
                text=str(rows.columns["text"][here]),
                label=label,
                proposed=proposed,
                score=round(float(score), 4),
                reason=_reason(
                    float(np.max(probable)),
                    1 - float(score),
                    row_id in second,
                    frozenset((label, proposed)) in mixed,
                ),
            )
        )
    return tuple(queue)


def _reason(proposed: float, present: float, two_models: bool, mixed_up: bool) -> str:
    who = "two models that" if two_models else "a linear model that"
    pair = "; the two labels are often mixed up" if mixed_up else ""
    return (
        f"{who} did not learn from this row give{'' if two_models else 's'} the proposed label "
        f"{proposed:.2f} and the present one {present:.2f}{pair}"
    )


def queue_as_csv(queue: Sequence[RelabelRow]) -> str:
    """The queue as a table; a cell that a spreadsheet would take for a formula gets a quote."""
    lines = ([disarmed(getattr(row, name)) for name in COLUMNS] for row in queue)
    return csv_text([COLUMNS, *lines])
