"""The packages that load and train models: are they there? The rest needs none of them."""

from __future__ import annotations

import importlib
import shlex
from importlib import metadata, util

from luthier.errors import MissingExtraError, Problem

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors")


def require_model_packages() -> None:
    """Check that models can be loaded here.

    Raises:
        MissingExtraError: naming every package that is not installed or cannot be imported.
    """
    problems = {name: what for name in PACKAGES if (what := _wrong(name))}
    if problems:
        wanted = " ".join(shlex.quote(_wanted(name)) for name in problems)
        raise MissingExtraError(
            [Problem(what, where=name) for name, what in problems.items()],
            next_step=f"pip install {wanted} (loading, training and asking models need it; "
            "audit, diagnose and report do not)",
        )


def _wrong(name: str) -> str:
    try:
        found = util.find_spec(name) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        return "this package is not installed"
    if name != "torch":
        return ""
    importlib.import_module("luthier.kit.openmp")  # it must come before torch
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: a library of the system is missing
        return f"this package cannot be imported: {str(error).splitlines()[0]}"
    return ""


def _wanted(name: str) -> str:
    """The requirement as Luthier declares it, or the bare name where it is not installed itself."""
    try:
        declared = metadata.requires("luthier") or []
    except metadata.PackageNotFoundError:
        return name
    return next((line for line in declared if line.startswith(name)), name)
