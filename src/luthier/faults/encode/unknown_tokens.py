"""The vocabulary of the model does not know some characters or words of the texts.

## What it is

A tokenizer turns what its vocabulary lacks into one and the same unknown token. A model of another
language or script (an English model on Chinese text) sees a row of unknown tokens with a few known
ones between them.

## Why it hurts

Different words become the same token, so texts that differ look alike to the model. No learning
rate, no number of epochs and no further label brings back what was never read.

## How it is detected

Unknown tokens are counted while the training rows are encoded, and divided by all tokens of those
rows. It is a count over every training row, not an estimate, so it carries no interval.

## What stays quiet

A few unknown tokens: rare names, emoji, damaged characters. Byte-level tokenizers know every text
and never fire here, although they may cut an unfamiliar language into very many tokens.

## What to do

Take a pretrained model whose vocabulary knows these texts: a Chinese model for Chinese, a
multilingual one for mixed languages. Where the share is large, look at this before any other
finding of the same run.
"""

from __future__ import annotations

from collections.abc import Mapping

from luthier.records import (
    Applicability,
    Case,
    Clear,
    EncodedFacts,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Severity,
    SplitName,
)

FAULT = FaultInfo("unknown_tokens", "D15", "Tokens unknown to the model")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.1, "high"), (0.02, "medium"), (0.005, "low"))
"""Share of unknown tokens from which it counts so much; below all of them nothing is said."""


def detect(encoding: Mapping[SplitName, EncodedFacts]) -> Outcome:
    """Hold the share of unknown training tokens against the limits."""
    train = encoding["train"]
    share = train.unknown_tokens / max(1, train.tokens)
    measured = {
        "unknown_share": share,
        "unknown_tokens": train.unknown_tokens,
        "tokens": train.tokens,
        "rows_touched": train.rows_with_unknown,
        "rows": train.rows,
    }
    for limit, severity in LIMITS:
        if share > limit:
            return Fired(
                f"{share:.1%} of the tokens in the training rows are unknown to this model's "
                f"vocabulary, in {train.rows_with_unknown:,} of {train.rows:,} rows.",
                severity,
                measured,
                {severity: limit for limit, severity in LIMITS},
            )
    return Clear(f"{share:.2%} of the training tokens are unknown to the model.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Another model; no setting of this one helps."""
    return (
        Prescription(
            "Take a pretrained model whose vocabulary knows these texts (model.name_or_path).",
            f"This one reads {1 - fired.measured['unknown_share']:.0%} of what is written; nothing "
            "else that may be changed gives it the rest.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="config",
    operator="forget_characters",
    severities=({"share": 0.02}, {"share": 0.1}, {"share": 0.5}),
    must_not=("conflicting_labels", "train_test_duplicates"),
)


def _encoding(unknown: int) -> dict[str, object]:
    return {"encoding": {"train": EncodedFacts(200, 10_000, unknown, min(200, unknown), 0, 0, 64)}}


CASES = (
    Case("six tokens in ten unknown", "firing", _encoding(6_000), "fired"),
    Case("every token known", "quiet", _encoding(0), "clear"),
    Case("a few emoji", "near_miss", _encoding(40), "clear"),
)
