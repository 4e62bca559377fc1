"""What is known of an exported model: does it give the same answers, at what price, how fast?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from luthier.records.figure import Figure

ExportStage = Literal["text", "tokens", "logits", "label"]
EXPORT_STAGES: tuple[ExportStage, ...] = ("text", "tokens", "logits", "label")


@dataclass(frozen=True, slots=True)
class Exported:
    """`exports/<format>/export.json`. Everything was measured on validation rows.

    Args:
        format: `onnx` or `onnx-int8`.
        model_digest: of the weights it was made from.
        files: name -> sha256 of what was written.
        rows: rows that a fresh process answered.
        stages: stage -> rows that differ there from this process and torch: the text as it
            arrived, its token ids, a logit by more than `tolerance`, the answered label.
        first_stage: the first stage at which a row differs; None where none does.
        tolerance: largest difference of a logit that counts as the same; None where the format
            rounds, so that logits are not compared.
        largest_difference: of a logit.
        metric: the figure whose loss is measured (`macro_f1`).
        loss: its value with torch minus its value with this format, paired on the same rows.
        seconds_per_1000_rows: in the fresh process, tokenising left out.
        torch_seconds_per_1000_rows: of torch in this process, on the same rows.
        versions: package -> version.
    """

    format: str
    model_digest: str
    files: Mapping[str, str]
    rows: int
    stages: Mapping[str, int]
    first_stage: ExportStage | None
    tolerance: float | None
    largest_difference: float
    metric: str
    loss: Figure
    seconds_per_1000_rows: float
    torch_seconds_per_1000_rows: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether texts, token ids and, where the format does not round, all else are the same."""
        exact = self.tolerance is not None
        return not any(
            count for stage, count in self.stages.items() if exact or stage in ("text", "tokens")
        )

    def within(self, max_loss: float) -> bool:
        """Whether it passed and costs at most so many points (hundredths) of the figure."""
        return self.passed and 100 * self.loss.value <= max_loss
