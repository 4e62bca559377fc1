"""What mixes two labels up: the words they share, wrong labels, or an unclear border."""

from __future__ import annotations

from luthier.records import Figure, PairVerdict

LEAST_ROWS = 40
"""Fewer rows of both labels together, and nothing is decided."""
NOT_TOLD_APART = 0.65
"""Area under the ROC curve, upper end, below which the texts do not say which label it is."""
WRONG = 0.05
"""Error on the surest quarter, lower end, from which labels are wrong in earnest."""
NOT_SHARED = 0.75
"""Upper end of the share of a pair's confusions that a fine-tuned model makes, too, below which
they come from the linear model's weakness."""
SAME = 0.5
"""Errors on the surest quarter, as a part of all errors, from which sureness does not matter."""


def verdict_of(
    auc: Figure,
    sure: Figure,
    overall: Figure,
    shared_doubt: Figure | None = None,
    *,
    words_weighed: bool = True,
) -> tuple[PairVerdict, str]:
    """The verdict, and its evidence in words.

    A model of the two labels alone is asked out of fold. If it cannot tell them apart at all, the
    border is unclear. If it errs as often where it is surest as elsewhere, those texts are clear
    and their labels wrong. If its errors lie where it is unsure, the two share their vocabulary.

    Args:
        auc: area under the ROC curve, 0.5 says nothing.
        sure: share of contradicted labels among the surest quarter of the answers.
        overall: the same among all answers.
        shared_doubt: how often a fine-tuned model, too, mixes the two up where the linear one does;
            None where there is none.
        words_weighed: whether any word speaks clearly for one of the two: where none does, there
            are too few rows to say anything of words.
    """
    figures = (
        f"A model of the two alone tells them apart with an area under the ROC curve of "
        f"{auc.value:.2f} [{auc.low:.2f}, {auc.high:.2f}]; it contradicts {sure.value:.0%} of the "
        f"labels where it is surest and {overall.value:.0%} in all."
    )
    if overall.n < LEAST_ROWS:
        return "cannot_tell", f"The two have {overall.n} rows together, too few to decide."
    if shared_doubt is not None and shared_doubt.high < NOT_SHARED:
        return "cannot_tell", (
            f"{figures} The fine-tuned model mixes them up in {shared_doubt.value:.0%} of these "
            "rows only: what tells them apart is not in single words."
        )
    if auc.high < NOT_TOLD_APART:
        return "unclear_definition", f"{figures} The texts do not say which of the two it is."
    if sure.low > WRONG and sure.value >= SAME * overall.value:
        return "wrong_labels", f"{figures} Clear texts carry the other label."
    if sure.high < overall.value and sure.value < SAME * overall.value:
        if not words_weighed:
            return "cannot_tell", f"{figures} There are too few rows to weigh single words."
        return "shared_vocabulary", f"{figures} The errors are on texts that could be either."
    return "cannot_tell", f"{figures} That fits more than one cause."


def question_for(verdict: PairVerdict, labels: tuple[str, str]) -> str:
    """What to ask those who label."""
    a, b = labels
    match verdict:
        case "wrong_labels":
            return f"Do these rows, labelled {a!r} or {b!r}, carry the label that you would give?"
        case "unclear_definition":
            return (
                f"By which words would a newcomer know that a text is {a!r} and not {b!r}? If "
                "there are none: should the two be one label?"
            )
        case "shared_vocabulary":
            return (
                f"What tells {a!r} from {b!r} in their most alike rows, and does it stand in the "
                "text? If not: what else did you see when you labelled?"
            )
    return f"Which of their most alike rows are labelled {a!r} or {b!r} by mistake?"
