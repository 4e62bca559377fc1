"""What the report shows: the records of one run, gathered. A part that is missing is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from luthier.kit.number_parts import NumberPart
from luthier.ledger import Looks
from luthier.records import (
    AnyPredictions,
    Audit,
    Diagnosis,
    EncodedFacts,
    Evaluation,
    Event,
    FoldsEvaluation,
    Note,
    RowLengths,
    Source,
    SplitName,
    Splits,
)
from luthier.records.labels import PairDossier, RelabelRow, Term
from luthier.reporting.explorer import Explorable


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row as evidence.

    Args:
        location: `file:line`.
        split: which rows it belongs to.
        text: what it says; empty for test rows, which the report does not open.
        label: as written in the file.
    """

    location: str
    split: SplitName | None
    text: str
    label: str


class AlikePair(NamedTuple):
    """Two rows of different labels whose texts are alike; `similarity` is a cosine, 0 to 1."""

    row: ShownRow
    other: ShownRow
    similarity: float


@dataclass(frozen=True, slots=True)
class ShownDossier:
    """The dossier of two labels that are mixed up, with the rows it names."""

    dossier: PairDossier
    alike: tuple[AlikePair, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """The records of a run.

    Args:
        name: of the run, for the heading.
        folder: its whole path, for commands.
        encoding: what was cut and what is unknown, by split.
        shipped_digest: digest of the weights in `model/`; empty when there are none.
        settings: the resolved tree, nested.
        origins: dotted setting -> {"kind", "detail"}.
        environment: versions, hardware, command, and notes on the pretrained model.
        evidence: fault id -> rows that show it.
        answers: split -> the model's answers.
        number_parts: split -> how wrong the answers are along the true numbers.
        lengths: tokens of every row; None where they were not written.
        shown: the rows to explore; None where the data file was not read.
        test_rows_open: whether the texts of test rows are shown.
        relabel: the relabel queue, most suspect first; None where it was not made.
        dossiers: why labels are mixed up, most confused pair first; None where it was not asked.
        label_words: label -> its most distinctive words, strongest first.
        domain_stop_words: words that are frequent everywhere and tell no label from another.
        titles: label -> a longer name for people.
        folds: what came of all folds together; None where there are none, or not yet.
        fold_notes: what was decided when the rows were dealt into folds.
        missing: one sentence for each part that the run does not have.
    """

    name: str
    folder: str = ""
    source: Source | None = None
    audit: Audit | None = None
    splits: Splits | None = None
    encoding: Mapping[SplitName, EncodedFacts] = field(default_factory=dict)
    history: tuple[Event, ...] = ()
    evaluation: Evaluation | None = None
    diagnosis: Diagnosis | None = None
    looks: Looks | None = None
    shipped_digest: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, tuple[ShownRow, ...]] = field(default_factory=dict)
    answers: Mapping[SplitName, AnyPredictions] = field(default_factory=dict)
    number_parts: Mapping[SplitName, tuple[NumberPart, ...]] = field(default_factory=dict)
    lengths: RowLengths | None = None
    shown: Explorable | None = None
    test_rows_open: bool = False
    relabel: tuple[RelabelRow, ...] | None = None
    dossiers: tuple[ShownDossier, ...] | None = None
    label_words: Mapping[str, Sequence[Term]] = field(default_factory=dict)
    domain_stop_words: Sequence[str] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    folds: FoldsEvaluation | None = None
    fold_notes: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
