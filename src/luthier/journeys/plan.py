"""All that is decided before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.records import Encoded, ModelSource, SplitName, TeacherOpinions
from luthier.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """The resolved settings, the pretrained model, the labels in order, and the encoded rows.

    `learned` are the training rows with the changed copies that are only learned from, `teacher`
    is what is said about them besides their labels.
    """

    settings: Settings
    model_source: ModelSource
    label_names: tuple[str, ...]
    encoded: dict[SplitName, Encoded]
    learned: Encoded
    teacher: TeacherOpinions | None = None
