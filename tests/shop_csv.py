"""A small labelled CSV in Chinese and English whose labels can be learned, for whole-run tests."""

from __future__ import annotations

import csv
from pathlib import Path

from tiny_models import make_tiny_model, tiny_rows


def write_shop_csv(path: Path, rows: int = 120) -> list[str]:
    """Write `rows` rows and give the texts back."""
    data = tiny_rows(rows)
    texts = [str(text) for text in data.columns["text"]]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(zip(texts, data.columns["label"], strict=True))
    return texts


def shop(folder: Path, rows: int = 120) -> tuple[Path, Path]:
    """`data.csv` and a tiny model that knows its characters, both in `folder`."""
    texts = write_shop_csv(folder / "data.csv", rows)
    return folder / "data.csv", make_tiny_model(folder / "tiny", texts)
