"""Every plot of a run, by file name; one file per plot does the drawing."""

from __future__ import annotations

from luthier.records import SPLIT_NAMES, NumberPredictions, Predictions
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.chart_calibration import calibration_chart
from luthier.reporting.chart_confusion import confusion_chart
from luthier.reporting.chart_curves import curves_chart
from luthier.reporting.chart_floors import floors_chart
from luthier.reporting.chart_history import history_chart
from luthier.reporting.chart_labels import labels_chart
from luthier.reporting.chart_lengths import lengths_chart
from luthier.reporting.chart_numbers import numbers_chart
from luthier.reporting.facts import ReportFacts


def draw_charts(facts: ReportFacts, say: Catalogue = ENGLISH) -> dict[str, bytes]:
    """File name without `.png` -> PNG bytes, for all that the records allow.

    `confusion_matrix` and `classification_report` are of the test rows, the same names with
    `_validation` of the validation rows; a run that was never judged on test rows has only those.
    `roc_and_pr_curves` and `calibration` are of the test rows, else of the validation rows;
    `lengths` is of all rows; `answers` is of a model that estimates a number.

    Args:
        facts: the records of the run.
        say: the language of titles and captions.
    """
    charts = {"history": history_chart(facts.history, say), "lengths": lengths_chart(facts, say)}
    if facts.evaluation is not None:
        charts["floors"] = floors_chart(facts.evaluation, say)
        for split, suffix in (("test", ""), ("validation", "_validation")):
            judged = facts.evaluation.splits.get(split)
            if judged is not None:
                matrix = judged.confusion_matrix
                titles = facts.titles
                charts[f"confusion_matrix{suffix}"] = confusion_chart(matrix, split, titles, say)
                charts[f"classification_report{suffix}"] = labels_chart(judged, split, titles, say)
    name = next((name for name in SPLIT_NAMES[:0:-1] if name in facts.answers), None)
    answers = facts.answers[name] if name else None
    if name and isinstance(answers, Predictions):
        charts["roc_and_pr_curves"] = curves_chart(answers, name, say)
        charts["calibration"] = calibration_chart(answers, name, say)
    elif name and isinstance(answers, NumberPredictions):
        charts["answers"] = numbers_chart(answers, name, say)
    return {name: png for name, png in charts.items() if png is not None}
