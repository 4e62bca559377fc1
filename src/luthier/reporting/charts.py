"""Every plot of a run, by file name; one file per plot does the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from luthier.records import Evaluation, Event
from luthier.reporting.chart_confusion import confusion_chart
from luthier.reporting.chart_floors import floors_chart
from luthier.reporting.chart_history import history_chart
from luthier.reporting.chart_labels import labels_chart


def draw_charts(
    history: Sequence[Event], evaluation: Evaluation | None, titles: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """File name without `.png` -> PNG bytes, for all that the records allow.

    `confusion_matrix` and `classification_report` are of the test rows, the same names with
    `_validation` of the validation rows; a run that was never judged on test rows has only those.

    Args:
        history: what training said.
        evaluation: every figure, or None when nothing was judged.
        titles: label -> a longer name for people.
    """
    charts = {"history": history_chart(history)}
    if evaluation is not None:
        charts["floors"] = floors_chart(evaluation)
        for split, suffix in (("test", ""), ("validation", "_validation")):
            judged = evaluation.splits.get(split)
            if judged is not None:
                charts[f"confusion_matrix{suffix}"] = confusion_chart(
                    judged.confusion_matrix, split, titles
                )
                charts[f"classification_report{suffix}"] = labels_chart(judged, split, titles)
    return {name: png for name, png in charts.items() if png is not None}
