"""The look at the test rows that a file of another framework's answers is."""

from __future__ import annotations

from luthier.kit.prediction_files import Answers
from luthier.ledger import Looks, digest_of_test_rows, record_look
from luthier.records import Rows, Splits


def foreign_look(rows: Rows, splits: Splits, answers: Answers) -> Looks:
    """The same answers to the same texts are one model, whatever file and order they come in.

    Nor does it matter what the labels are called: answers that are read again with the labels in
    another order are the same look. So choices are numbered as they first occur.
    """
    at = splits.ids_of("test").tolist()
    texts, labels = rows.columns["text"], rows.columns["label"]
    pairs = [(str(texts[i]), str(labels[i])) for i in at]
    numbers: dict[int, str] = {}
    answered = [
        (f"{text}\n{label}", numbers.setdefault(chosen, str(len(numbers))))
        for (text, label), chosen in sorted(zip(pairs, answers.chosen.tolist(), strict=True))
    ]
    model = digest_of_test_rows(answered)
    return record_look(digest_of_test_rows(pairs), f"answers {model}", "evaluate")
