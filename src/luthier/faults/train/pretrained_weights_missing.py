"""Training began without the pretrained weights, or without a part of them.

## What it is

The encoder was made from its configuration only, its weights went astray on loading (other names,
another prefix, a layer left out), or they were changed before training began.

## Why it hurts

All that pretraining taught is gone, and a few hundred labelled rows cannot bring it back. The model
still learns something, so it looks like a hard task. Libraries say it in one warning among many.

## How it is detected

Before the first step, every tensor of the encoder is compared bit by bit with the file that it was
to come from. Where the file is not at hand, each layer is judged by itself: newly drawn layers have
biases of exactly 0 and norms of exactly 1, and no trained layer has.

## What stays quiet

A new head, and a new pooler: most pretrained checkpoints have neither. A model that was meant to
begin from nothing. Weights that equal their file, however poor that file is.

## What to do

Load with `from_pretrained` and read what it says of missing and unexpected keys. The names of the
tensors in the file must be those of the model.
"""

from __future__ import annotations

from dataclasses import replace

from luthier.faults import example_training as example
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    PretrainedFacts,
    TrainingFacts,
)

FAULT = FaultInfo("pretrained_weights_missing", "T12", "Pretrained weights were not loaded")

LARGE_PART = 0.1
"""Share of the encoder's tensors from which it is `high`."""


def detect(training: TrainingFacts) -> Outcome:
    """Judge what the weights were before the first step."""
    found = training.pretrained
    if found is None:
        return CannotTell(
            "The weights before the first step were not looked at.",
            "a watch from the first step on, of a model that has a source",
        )
    measured = {
        "source": found.source,
        "tensors": found.tensors,
        "compared": found.compared,
        "different": found.different,
        "absent": found.absent,
        "newly_drawn": found.fresh,
        "examples": list(found.examples),
    }
    if found.meant is False:
        return Clear("The model was meant to begin without pretrained weights.", measured)
    if found.compared or found.absent:
        return _against_file(found, measured)
    if not found.judged:
        return CannotTell(
            "The file with the weights is not at hand, and the layers have neither bias nor norm.",
            "the folder that the model was loaded from",
            measured,
        )
    if not found.fresh:
        return Clear("No layer looks newly drawn.", measured)
    if found.meant is None and not found.source:
        return CannotTell(
            f"{found.fresh} of {found.tensors} tensors of the encoder look newly drawn.",
            "whether that was meant: luthier.watch(model, optimizer, pretrained=True) or False",
            measured,
        )
    return _fired(found.fresh, found, "look newly drawn", measured)


def _against_file(found: PretrainedFacts, measured: dict[str, object]) -> Outcome:
    absent = found.absent or 0
    if not found.different and not absent:
        return Clear(
            f"All {found.compared} tensors of the encoder equal those of {found.source}.", measured
        )
    if not found.compared:
        return _fired(absent, found, "are not in the file they were to come from", measured)
    said = "differ from the file they were to come from" if found.different else "are not in it"
    return _fired(found.different + absent, found, said, measured)


def _fired(count: int, found: PretrainedFacts, said: str, measured: dict[str, object]) -> Fired:
    share = count / max(1, found.tensors)
    return Fired(
        f"{count} of {found.tensors} tensors of the encoder {said} "
        f"({', '.join(found.examples[:2])}).",
        "high" if share >= LARGE_PART else "medium",
        {"share": share, **measured},
        {"large_part": LARGE_PART},
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Load them."""
    return (
        Prescription(
            "Load the encoder with from_pretrained, and look at the missing and unexpected keys "
            "that it names (output_loading_info=True).",
            f"{fired.measured['share']:.0%} of the encoder began without what pretraining taught.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="run",
    operator="forget_pretrained_weights",
    severities=({"what": "one_layer"}, {"what": "all"}, {"what": "all", "file": False}),
    accept=("learning_rate_too_low", "learning_rate_too_high", "one_answer"),
    must_not=("parameters_not_trained", "steps_not_as_planned", "probabilities_into_loss"),
)


def _case(**facts: object) -> dict[str, object]:
    loaded = PretrainedFacts("a-model", True, 37, 37, 0, 0, 0, 37, ("encoder.layer.0.weight",))
    return {"training": example.training(pretrained=replace(loaded, **facts))}  # type: ignore[arg-type]


CASES = (
    Case("every tensor differs from its file", "firing", _case(different=37, fresh=37), "fired"),
    Case("one layer differs", "firing", _case(different=16), "fired"),
    Case(
        "no file at hand, layers newly drawn",
        "firing",
        _case(compared=0, absent=None, fresh=37),
        "fired",
    ),
    Case("all loaded", "quiet", _case(), "clear"),
    Case("a poor checkpoint that was loaded rightly", "near_miss", _case(fresh=37), "clear"),
    Case("from nothing, on purpose", "near_miss", _case(meant=False, fresh=37), "clear"),
    Case(
        "from nothing, and nobody said why",
        "near_miss",
        _case(source="", meant=None, compared=0, absent=None, fresh=37),
        "cannot_tell",
    ),
)
