"""What is said of the settings before training: what was chosen, and what changes nothing."""

from __future__ import annotations

from luthier.records import Note
from luthier.settings_file import Resolved, value_of
from luthier.settings_tree import SETTINGS

_WINDOWS = ("text.long_texts", ("windows",))
_LORA = ("model.strategy", ("lora",))
_COPIES = ("augment.change", ("delete", "swap", "synonyms", "masked"))
ONLY_WITH = {
    "text.stride": _WINDOWS,
    "text.max_windows": _WINDOWS,
    "text.windows_in_training": _WINDOWS,
    "text.window_pooling": _WINDOWS,
    "augment.copies": _COPIES,
    "augment.share": _COPIES,
    "augment.synonyms": ("augment.change", ("synonyms",)),
    "model.trainable_layers": ("model.strategy", ("partial",)),
    "model.lora_r": _LORA,
    "model.lora_alpha": _LORA,
    "model.lora_dropout": _LORA,
    "model.lora_target_modules": _LORA,
    "train.freeze_epochs": ("model.strategy", ("full",)),
    "train.num_cycles": ("train.lr_scheduler_type", ("cosine_with_restarts",)),
    "train.teacher_alpha": ("train.teacher", ("linear",)),
    "train.focal_gamma": ("train.loss", ("focal",)),
}
"""Setting -> the setting it belongs to, and the values of that with which it is read at all."""


def settings_said(resolved: Resolved) -> tuple[Note, ...]:
    """Each value that a recipe or a measurement chose, and each that was given and is not read."""
    chosen = (
        Note("chosen", f"{name} = {value_of(resolved.settings, name)} ({origin.detail})")
        for name, origin in resolved.origins.items()
        if origin.kind in ("recipe", "measured") and origin.detail
    )
    return (*chosen, *_without_effect(resolved))


def _without_effect(resolved: Resolved) -> tuple[Note, ...]:
    notes = []
    for name, (other, values) in ONLY_WITH.items():
        value, is_ = value_of(resolved.settings, name), value_of(resolved.settings, other)
        given = resolved.origins[name].kind in ("file", "flag")
        if given and value != SETTINGS[name].default and is_ not in values:
            wanted = " | ".join(values)
            what = f"{name} = {value} changes nothing: it is read with {other} {wanted}, not {is_}"
            notes.append(Note("warning", what))
    return tuple(notes)
