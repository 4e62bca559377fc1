"""The door to pretrained models: find one, load its parts, save and load what ships."""

from luthier.models.find import find_model
from luthier.models.loading import load_classifier, load_encoder, load_tokenizer
from luthier.models.shipped import load_shipped, save_shipped

__all__ = [
    "find_model",
    "load_classifier",
    "load_encoder",
    "load_shipped",
    "load_tokenizer",
    "save_shipped",
]
