"""What a `.keras` file says of a model, without Keras: it is a zip with a config.json.

Format: https://keras.io/guides/serialization_and_saving (Keras 3; tf.keras since 2.12 writes the
same). Only names and numbers are read; no code of the file is run and no weights are loaded.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luthier.errors import InputError, Problem

MOST_BYTES = 64_000_000
"""Largest config.json that is read; real ones are thousands of bytes."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ACTIVATIONS = {"softmax": "softmax", "sigmoid": "sigmoid", "log_softmax": "log_softmax"}
_HEADS = ("Dense", "EinsumDense")
_SHAPELESS = ("Dropout", "Softmax", "Activation", "Flatten", "Reshape", "Identity")


@dataclass(frozen=True, slots=True)
class KerasFacts:
    """What the file says.

    Args:
        file: its name.
        units: outputs of the last layer with weights; None where it is no Dense layer.
        activations: activations on the way out, in order (`softmax`, `sigmoid`, `log_softmax`);
            more than one is one too many.
        loss: its name in snake case; empty where the model was saved without compiling it.
        from_logits: whether the loss takes logits; None where the loss does not ask.
        optimizer: its class.
        learning_rate: where it is a plain number.
        metrics: names.
        layers: all layers, the nested ones too.
        frozen: names of layers with weights and `trainable` false.
        frozen_batch_norm: those of them that are BatchNormalization.
        dropout: layer -> rate.
    """

    file: str
    units: int | None
    activations: tuple[str, ...]
    loss: str
    from_logits: bool | None
    optimizer: str
    learning_rate: float | None
    metrics: tuple[str, ...]
    layers: int
    frozen: tuple[str, ...] = ()
    frozen_batch_norm: tuple[str, ...] = ()
    dropout: Mapping[str, float] = field(default_factory=dict)


def read_keras_file(path: Path) -> KerasFacts:
    """Read config.json of a `.keras` file.

    Raises:
        InputError: when it is no such file.
    """
    config = _config(path)
    layers = list(_layers(config))
    compiled = config.get("compile_config") or {}
    loss, from_logits = _loss(compiled.get("loss"))
    optimizer = compiled.get("optimizer") or {}
    rate = optimizer.get("config", {}).get("learning_rate") if isinstance(optimizer, dict) else None
    units, activations = _outputs(layers)
    frozen = [
        layer
        for layer in layers
        if _settings(layer).get("trainable") is False and not _without_weights(layer["class_name"])
    ]
    return KerasFacts(
        file=str(path),
        units=units,
        activations=activations,
        loss=loss,
        from_logits=from_logits,
        optimizer=str(
            optimizer.get("class_name", "") if isinstance(optimizer, dict) else optimizer
        ),
        learning_rate=float(rate) if isinstance(rate, int | float) else None,
        metrics=tuple(_names(compiled.get("metrics") or ())),
        layers=len(layers),
        frozen=tuple(_name(layer) for layer in frozen),
        frozen_batch_norm=tuple(
            _name(layer) for layer in frozen if layer["class_name"] == "BatchNormalization"
        ),
        dropout={
            _name(layer): float(_settings(layer)["rate"])
            for layer in layers
            if "Dropout" in layer["class_name"] and "rate" in _settings(layer)
        },
    )


def _config(path: Path) -> dict[str, Any]:
    where = str(path)
    next_step = "give the file that model.save('model.keras') wrote"
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > MOST_BYTES:
                raise InputError(Problem("its config.json is too large", where=where))
            config = json.loads(archive.read("config.json"))
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", where=where)) from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        what = "is no .keras file (a zip that holds config.json)"
        if path.suffix in (".h5", ".hdf5"):
            what = "is an HDF5 file, which is not read"
        raise InputError(Problem(what, where=where), next_step=next_step) from error
    if not isinstance(config, dict) or "class_name" not in config:
        what = "its config.json describes no model"
        raise InputError(Problem(what, where=where), next_step=next_step)
    return config


def _layers(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every layer from input to output; models inside the model are opened."""
    inner = part.get("config", {})
    for layer in inner.get("layers", ()) if isinstance(inner, dict) else ():
        if not isinstance(layer, dict) or "class_name" not in layer:
            continue
        if isinstance(layer.get("config"), dict) and layer["config"].get("layers"):
            yield from _layers(layer)
        else:
            yield layer


def _without_weights(kind: str) -> bool:
    return kind in (*_SHAPELESS, "InputLayer") or "Pooling" in kind or "Dropout" in kind


def _settings(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = layer.get("config")
    return found if isinstance(found, dict) else {}


def _name(layer: Mapping[str, Any]) -> str:
    return str(_settings(layer).get("name", layer["class_name"]))


def _outputs(layers: list[dict[str, Any]]) -> tuple[int | None, tuple[str, ...]]:
    """Units of the last Dense layer, and the activations from it on."""
    activations: list[str] = []
    for layer in reversed(layers):
        kind, settings = layer["class_name"], _settings(layer)
        if kind == "Softmax":
            activations.insert(0, "softmax")
        elif kind in (*_HEADS, "Activation"):
            activation = _ACTIVATIONS.get(_word(settings.get("activation")))
            if activation:
                activations.insert(0, activation)
        if kind in _HEADS:
            units = settings.get("units")
            return (units if isinstance(units, int) else None), tuple(activations)
        if kind not in _SHAPELESS:
            break
    return None, tuple(activations)


def _loss(loss: Any) -> tuple[str, bool | None]:
    """Its name, and whether it takes logits (Keras: it does not, unless told)."""
    if isinstance(loss, dict) and "class_name" not in loss and len(loss) == 1:
        loss = next(iter(loss.values()))  # one loss per named output
    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    name = _word(loss)
    if not name:
        return "", None
    settings = loss.get("config") if isinstance(loss, dict) else None
    told = settings.get("from_logits") if isinstance(settings, dict) else None
    asks = "crossentropy" in name
    return name, (bool(told) if told is not None else False) if asks else None


def _word(value: Any) -> str:
    """`softmax`, `sparse_categorical_crossentropy` from a string or a serialised object."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if value.get("class_name") == "function" else value.get("class_name")
        if isinstance(value, dict):
            value = value.get("name", "")
    if not isinstance(value, str):
        return ""
    bare = value.rpartition(">")[2].rpartition(".")[2]
    return _CAMEL.sub("_", bare).lower()


def _names(metrics: Any) -> Iterator[str]:
    for metric in metrics if isinstance(metrics, list | tuple) else (metrics,):
        if isinstance(metric, list | tuple):
            yield from _names(metric)
        elif word := _word(metric):
            yield word
