"""Validation looks good, and the answers to the test rows do not: why?

Causes, and what tells them apart: the order of the labels and of the rows (statistics of the
answers alone), texts handled otherwise, dropout left on, other weights (the model answering again),
drift and leaks (the texts alone), softmax applied twice in training (the loss; it hurts both sides
alike), and wrong labels of the test rows (how sure the answers are).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from luthier.kit.asking_again import ways_to_ask
from luthier.kit.drift_doubt import drift_standing
from luthier.kit.logits_doubt import doubt_logits, with_ends
from luthier.kit.rivals import far_behind
from luthier.kit.row_order import RowOrder, row_order, why_beside_others
from luthier.kit.seen_in_answers import Seen, look
from luthier.kit.test_label_doubt import doubt_test_labels
from luthier.records import (
    STANDINGS,
    Answer,
    Cause,
    Diagnosis,
    Figure,
    Finding,
    Parity,
    Predictions,
)

TITLE = "Validation looks good and the test answers do not: why?"
RANK = 1
ANY_TASK = False
ALONE = "The test answers look bad: why?"
"""The question where validation is not known, or not surely better."""

GAP = 0.02
"""Accuracy that test must surely lie below validation (lower end of the interval)."""

SERIOUS_GAP = 0.10
"""The same, from which the validation figure is of no use to anybody."""

LEAKED = 0.05
"""Share of validation rows that stand in training from which their figure is of memory."""

BEHIND = 0.05
"""Accuracy that validation is surely below a linear rival's, from which training went wrong."""

WORSE = "test is worse, and nothing rules it out"
ORDER = "compare the order of texts and answers: Trainer.predict with group_by_length changes it"
READ = "read the surest of the wrong test answers: are their labels right?"


@dataclass(frozen=True, slots=True)
class _Found:
    """The diagnosis by fault, the model's parity where it was asked, and what the answers show."""

    fired: Mapping[str, Finding]
    clear: frozenset[str]
    parity: Parity | None
    seen: Seen
    behind: Figure | None
    order: RowOrder
    again: str
    model: str
    own: bool

    def any_of(self, *faults: str) -> Finding | None:
        """The first of these that fired."""
        return next((self.fired[fault] for fault in faults if fault in self.fired), None)

    @property
    def reproduced(self) -> bool:
        """Whether the model as it is meant to be asked gives the recorded answers."""
        return self.parity is not None and self.parity.shipped.explains

    @property
    def explained(self) -> bool:
        """Whether a cause that the answers and texts alone show explains them already."""
        return self.order.proved or bool({"label_order", "texts_drifted"} & self.fired.keys())

    @property
    def unsupported(self) -> str:
        """Why a cause is no more than possible."""
        return "not needed to explain it" if self.explained else "nothing speaks for it"

    @property
    def asks(self) -> bool:
        """Whether the answers are such that somebody would ask."""
        alone_at_chance = self.seen.bad and self.seen.validation is None
        return bool(self.worse or alone_at_chance)

    @property
    def worse(self) -> bool:
        """Whether the test answers are surely worse than those of validation."""
        return self.seen.gap is not None and self.seen.gap.low > GAP


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """Rank the causes; None where test is as good as validation and no cause was seen."""
    test = evidence.get("test_predictions")
    if not isinstance(test, Predictions) or not (test.labels >= 0).any():
        return None
    parity, floors = evidence.get("parity"), evidence.get("floor_predictions")
    settings, rows = evidence.get("settings"), evidence.get("rows")
    again, model = ways_to_ask(settings, rows, parity is not None)
    facts = _Found(
        fired={finding.fault: finding for finding in found.fired},
        clear=frozenset(item.fault for item in found.clear),
        parity=parity if isinstance(parity, Parity) else None,
        seen=look(test, evidence.get("validation_predictions"), rows),
        order=row_order(test),
        behind=far_behind(evidence.get("validation_predictions"), floors, BEHIND),
        again=again,
        model=model,
        own="settings" in evidence,
    )
    every = (_label_order, _row_order, _texts, _dropout, _weights, _drift, _leak, _softmax, _labels)
    ranked = sorted(
        (cause(facts) for cause in every), key=lambda p: (STANDINGS.index(p[0].standing), -p[1])
    )
    causes = tuple(cause for cause, _ in ranked)
    seen_one = causes[0].standing == "found" and causes[0].name not in ("drift", "leak")
    if not (seen_one or facts.asks or any(cause.standing == "likely" for cause in causes)):
        return None  # where validation is as bad, the question is another one
    open_ones = [cause for cause in causes if cause.standing in ("likely", "possible")]
    return Answer(
        question=__name__.rpartition(".")[2],
        title=TITLE if facts.worse else ALONE,
        message=_message(facts, causes),
        causes=causes,
        next_test="" if causes[0].standing == "found" else _next_test(open_ones, facts),
        serious=facts.seen.gap is not None and facts.seen.gap.low > SERIOUS_GAP,
    )


def _label_order(facts: _Found) -> tuple[Cause, float]:
    title = "the labels stand in another order"
    if (finding := facts.any_of("label_order")) and facts.order.explains_more(finding):
        because = "that the answers stand beside other rows explains more"
        return Cause("label_order", title, "possible", because), 0
    if finding:
        return Cause("label_order", title, "found", finding.message), 10
    if "label_order" in facts.clear:
        because = "no other order of the labels makes the answers better"
        return Cause("label_order", title, "ruled_out", because), 0
    test = "about 6 labelled test rows per label; or compare id2label with the training script"
    return Cause("label_order", title, "possible", "too few rows to test it", test), 1


def _row_order(facts: _Found) -> tuple[Cause, float]:
    suffers = facts.worse and not facts.seen.flat and not facts.explained
    way = facts.parity.explanation if facts.parity else None
    elsewhere = way is not None and way.kind == "rows"
    standing, because, rank = why_beside_others(facts.order, elsewhere, facts.reproduced, suffers)
    title = "the answers stand beside other rows"
    if facts.own and standing in ("likely", "possible"):
        because = "a run of Luthier keeps each answer with the number of its row"
        return Cause("row_order", title, "ruled_out", because), 0
    return Cause("row_order", title, standing, because, ORDER), rank


def _by_model(facts: _Found, name: str, title: str, *faults: str) -> Cause | None:
    """What the model itself decides: found, or ruled out; None where it was not asked."""
    if finding := facts.any_of(*faults):
        return Cause(name, title, "found", finding.message)
    if facts.reproduced:
        return Cause(name, title, "ruled_out", "the model as it ships gives the recorded answers")
    if facts.parity is not None and (way := facts.parity.explanation):
        because = f"the recorded answers come out of {way.way}"
        return Cause(name, title, "ruled_out", because)
    return None


def _texts(facts: _Found) -> tuple[Cause, float]:
    name, title = "texts_differ", "texts are handled otherwise than in training"
    if decided := _by_model(facts, name, title, "preprocessing_differs"):
        return decided, 9
    if not facts.worse or facts.explained:
        return Cause(name, title, "possible", facts.unsupported, facts.model), 0
    if weak := facts.any_of("weak_slice"):
        part = weak.measured["weak"][0]["part"]
        because = f"a kind of text fails more than the others ({part})"
        return Cause(name, title, "likely", because, facts.model), 3
    return Cause(name, title, "likely", WORSE, facts.model), 2


def _dropout(facts: _Found) -> tuple[Cause, float]:
    name, title = "dropout_on", "the model was left in training mode"
    seen = facts.seen
    if seen.unequal_twins:
        because = (
            f"{seen.unequal_twins} of {seen.twins} test rows that share their text have other "
            "probabilities than their twins: one model in evaluation mode cannot do that"
        )
        return Cause(name, title, "found", because), 9
    if decided := _by_model(facts, name, title, "train_mode_at_evaluation"):
        return decided, 9
    if seen.twins:
        because = f"all {seen.twins} test rows that share their text have their twins' answers"
        return Cause(name, title, "ruled_out", because), 0
    if not facts.worse or facts.explained:
        return Cause(name, title, "possible", facts.unsupported, facts.again), 0
    if seen.flat:
        because = "the answers are flatter than dropout makes them"
        return Cause(name, title, "possible", because, facts.again), 1
    return Cause(name, title, "likely", WORSE, facts.again), 2.5


def _weights(facts: _Found) -> tuple[Cause, float]:
    name, title = "other_weights", "other weights were judged than those that were trained"
    faults = ("initial_weights_evaluated", "last_instead_of_best", "reload_differs")
    if decided := _by_model(facts, name, title, *faults):
        return decided, 8
    if facts.seen.flat and facts.seen.at_chance and not facts.explained:
        because = (
            "the answers are at chance and nearly without preference, as of a head that was never "
            "trained"
        )
        return Cause(name, title, "likely", because, facts.model), 6
    if facts.worse and not facts.explained:
        return Cause(name, title, "likely", WORSE, facts.model), 1.5
    return Cause(name, title, "possible", facts.unsupported, facts.model), 0


def _drift(facts: _Found) -> tuple[Cause, float]:
    name, title = "drift", "the test texts are of another kind"
    if finding := facts.any_of("texts_drifted"):
        alone = facts.parity is None or facts.reproduced
        sure = facts.worse and alone and "label_order" not in facts.fired
        return Cause(name, title, drift_standing(finding, explains=sure), finding.message), 5
    if "texts_drifted" in facts.clear:
        because = "a classifier cannot tell the test texts from the training texts"
        return Cause(name, title, "ruled_out", because), 0
    test = "give the training texts: --train FILE"
    return Cause(name, title, "possible", "the texts were not compared", test), 1


def _leak(facts: _Found) -> tuple[Cause, float]:
    name, title = "leak", "validation rows were learned from"
    finding = facts.any_of("train_test_duplicates", "near_duplicate_leak")
    share = finding.measured.get("validation_leaked_share", 0.0) if finding else 0.0
    if share >= LEAKED and finding is not None:
        sure = facts.worse and "label_order" not in facts.fired
        return Cause(name, title, "found" if sure else "possible", finding.message), 6
    if finding or "train_test_duplicates" in facts.clear:
        why = f"{share:.1%} of the validation texts stand in training"
        return Cause(name, title, "ruled_out", why), 0
    test = "give the training and validation texts: --train FILE --validation FILE"
    return Cause(name, title, "possible", "the texts were not compared", test), 0.5


def _softmax(facts: _Found) -> tuple[Cause, float]:
    name, title = "softmax_twice", "softmax is applied twice in training, or the like"
    test = "look at what reaches the loss: --keras FILE, or luthier.watch(model, optimizer)"
    if finding := facts.any_of("probabilities_into_loss"):
        return Cause(name, title, "found", finding.message), 7
    if "probabilities_into_loss" in facts.clear:
        return Cause(name, title, "ruled_out", "what reaches the loss are logits"), 0
    standing, why, rank = doubt_logits(facts.seen, facts.behind, facts.worse)
    return Cause(name, title, standing, why, test), rank


def _labels(facts: _Found) -> tuple[Cause, float]:
    name, title = "test_labels", "labels of the test rows are wrong"
    if not facts.worse or facts.explained:
        return Cause(name, title, "possible", facts.unsupported, READ), -1
    standing, because, rank = doubt_test_labels(facts.seen, WORSE)
    return Cause(name, title, standing, because, READ), rank


def _next_test(open_ones: list[Cause], facts: _Found) -> str:
    """The cheapest test that decides most of what is open."""
    names = [cause.name for cause in open_ones[:4]]
    first = open_ones[0].next_test if open_ones else ""
    if first and (names[0] == "row_order" or (names[0] == "other_weights" and not facts.parity)):
        return first
    if facts.again and "dropout_on" in names and not facts.seen.twins:
        return facts.again
    return next((one.next_test for one in open_ones if one.next_test), "")


def _message(facts: _Found, causes: tuple[Cause, ...]) -> str:
    seen = facts.seen
    said = f"Test accuracy is {with_ends(seen.test)} on {seen.test.n:,} rows."
    if seen.validation and seen.gap:
        verdict = "surely lower" if facts.worse else "not surely lower"
        said = (
            f"Validation accuracy is {with_ends(seen.validation)}, test {with_ends(seen.test)}: "
            f"{verdict}, by {with_ends(seen.gap)}."
        )
    first = causes[0]
    if first.standing == "found":
        because = first.because.removesuffix(".")
        return " ".join([said, f"Because {first.title}: {because}."])
    likely = [cause.title for cause in causes if cause.standing == first.standing]
    out = [cause.title for cause in causes if cause.standing == "ruled_out"]
    told = f"What is known does not decide it; {first.standing}: {'; '.join(likely)}."
    return " ".join([said, told, *([f"Ruled out: {'; '.join(out)}."] if out else [])])
