"""What the report shows: the records of one run, gathered. A part that is missing is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.ledger import Looks
from luthier.records import (
    Audit,
    Diagnosis,
    EncodedFacts,
    Evaluation,
    Event,
    Source,
    SplitName,
    Splits,
)
from luthier.reporting.confusions import ConfusedPair


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row as evidence.

    Args:
        location: `file:line`.
        split: which rows it belongs to.
        text: what it says; empty for test rows, which the report does not open.
        label: as written in the file.
        answer: what the model said with which probability, or empty.
    """

    location: str
    split: SplitName | None
    text: str
    label: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two labels that are mixed up on the validation rows, with rows that show it."""

    pair: ConfusedPair
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """The records of a run.

    Args:
        name: of the run, for the heading.
        encoding: what was cut and what is unknown, by split.
        shipped_digest: digest of the weights in `model/`; empty when there are none.
        settings: the resolved tree, nested.
        origins: dotted setting -> {"kind", "detail"}.
        environment: versions, hardware, command, and notes on the pretrained model.
        pairs: the most frequent mix-ups on validation.
        evidence: fault id -> rows that show it.
        titles: label -> a longer name for people.
        missing: one sentence for each part that the run does not have.
    """

    name: str
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
    pairs: tuple[ShownPair, ...] = ()
    evidence: Mapping[str, tuple[ShownRow, ...]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
