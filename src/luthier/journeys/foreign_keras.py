"""What a `.keras` file tells the faults of the loss."""

from __future__ import annotations

from luthier.kit.keras_file import KerasFacts
from luthier.kit.plural import plural
from luthier.records import LossFacts, LossKind, Note, StepFacts, TrainingFacts

CROSS_ENTROPIES = ("categorical_crossentropy", "sparse_categorical_crossentropy")


def training_facts(keras: KerasFacts, labels: int, rows: int) -> TrainingFacts | None:
    """The loss as the file shows it, nothing of the steps; None where it names no loss.

    An output that ends in softmax hands probabilities to the loss in every row: that is exact.

    Args:
        keras: the file.
        labels: labels that there are.
        rows: rows of the files, all of which go that way.
    """
    if not keras.loss or keras.units is None:
        return None
    # activations that have been applied when the loss takes its own softmax or logarithm
    probabilities = "softmax" in keras.activations
    doubled = len(keras.activations) > 1 or (keras.from_logits is True and probabilities)
    log = "log_softmax" in keras.activations
    called = f"{keras.loss}(from_logits={keras.from_logits}) after {_head(keras)}"
    loss = LossFacts(
        kind=_kind(keras, doubled=doubled),
        called=f"{called} in {keras.file}",
        width=keras.units,
        rows=rows,
        like_probabilities=rows * probabilities,
        between_0_and_1=rows * bool(keras.activations),
        like_log_probabilities=rows * (log or (probabilities and not doubled)),
        spread=1.0,
        smoothing=0.0,
        targets="class ids" if keras.loss.startswith("sparse") else "one label a row",
        lowest_target=0,
        highest_target=labels - 1,
        labels_seen=labels,
        labels=labels,
    )  # fmt: skip
    steps = StepFacts(0, None, False, 0.0, keras.learning_rate, 0, 0, 0, 0, None)
    return TrainingFacts(1, (), 0, steps, loss)


def _kind(keras: KerasFacts, *, doubled: bool) -> LossKind:
    if keras.loss in CROSS_ENTROPIES:
        # Keras takes the logarithm of what it is given; with logits it takes the softmax first
        return "cross_entropy" if keras.from_logits or doubled else "nll"
    if keras.loss == "binary_crossentropy":
        return "binary_with_logits" if keras.from_logits else "binary"
    return "mse" if keras.loss == "mean_squared_error" else "other"


def keras_notes(keras: KerasFacts, labels: int) -> tuple[Note, ...]:
    """What the file shows and no fault asks for, in plain words."""
    notes = [
        Note("guessed", f"{keras.file}: {keras.layers} layer{plural(keras.layers)}, "
             f"output {_head(keras)}, "
             f"loss {keras.loss or 'not saved (the model was not compiled)'}")
    ]  # fmt: skip
    if keras.units not in (None, labels) and not (keras.units == 1 and labels == 2):
        what = f"{keras.file}: the outputs of the last layer are {keras.units}, the labels {labels}"
        notes.append(Note("warning", what))
    if keras.from_logits and "softmax" in keras.activations:
        what = "with the TensorFlow backend Keras may take the logits after all, and only warn"
        notes.append(Note("warning", f"{keras.file}: softmax output and from_logits=True; {what}"))
    if keras.frozen_batch_norm:
        named = ", ".join(keras.frozen_batch_norm[:4])
        what = f"{keras.file}: {len(keras.frozen_batch_norm)} BatchNormalization layers are frozen"
        notes.append(Note("warning", f"{what} ({named}): they keep statistics of other data"))
    others = [name for name in keras.frozen if name not in keras.frozen_batch_norm]
    if others:
        what = f"{keras.file}: {len(others)} of {keras.layers} layers are frozen"
        notes.append(Note("warning", f"{what} ({', '.join(others[:4])})"))
    return tuple(notes)


def _head(keras: KerasFacts) -> str:
    units = f"Dense({keras.units})" if keras.units is not None else "a layer that is not Dense"
    return " + ".join([units, *keras.activations])
