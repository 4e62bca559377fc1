"""The version of the installed package."""

from __future__ import annotations


def version() -> str:
    """Version string, or `unknown` in a tree that is not installed."""
    import importlib.metadata

    try:
        return importlib.metadata.version("luthier")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
