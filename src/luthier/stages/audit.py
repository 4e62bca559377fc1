"""Is the data fit to learn from? Measured facts about the rows; what they mean, the faults say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from luthier.kit.agreement import agreement_of
from luthier.kit.near_duplicates import AlikeTexts, alike_texts
from luthier.kit.row_answers import row_answers
from luthier.kit.text_key import clusters_of_equal_keys, is_blank
from luthier.records import Audit, Note, Rows

_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_LATIN = re.compile("[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿＡ-Ｚａ-ｚ]+")
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
QUANTILES = {"min": 0.0, "p50": 0.5, "p95": 0.95, "max": 1.0}


def audit(rows: Rows, near_duplicates: float = 0.8) -> Audit:
    """Count and measure.

    Lengths are characters (Unicode code points), their quantiles interpolated linearly. Script
    shares are of all characters but spaces: digits, punctuation and emoji count as `other`.

    Args:
        rows: of a task with a `text` column; without one only rows and labels are counted.
        near_duplicates: share of character n-grams in common from which two texts are alike.
    """
    texts: Sequence[str] = rows.columns.get("text", ())
    answers = row_answers(rows)
    clusters = clusters_of_equal_keys(texts)
    alike = alike_texts(texts, near_duplicates)
    agreement, agreement_notes = agreement_of(rows)
    conflicting = [c for c in clusters if len({answers[p] for p in c} - {None}) > 1]
    return Audit(
        rows=len(rows),
        label_counts=_counts(answers),
        duplicate_clusters=_ids(rows, clusters),
        conflicting_clusters=_ids(rows, conflicting),
        empty_rows=tuple(int(rows.ids[p]) for p, text in enumerate(texts) if is_blank(text)),
        length_characters=_quantiles([len(text) for text in texts]),
        scripts=_scripts(texts),
        notes=(*_notes(texts), *_notes_on_likeness(alike), *agreement_notes),
        alike_clusters=_ids(rows, alike.clusters),
        agreement=agreement,
        numbers=_quantiles([number for number in answers if isinstance(number, float)]),
    )


def _counts(answers: Sequence[Hashable]) -> dict[str, int]:
    """Label -> rows, most frequent first, then by name; of several labels each counts its row."""
    counts: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, str):
            counts[answer] += 1
        elif isinstance(answer, frozenset):
            counts.update(map(str, answer))
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _ids(rows: Rows, clusters: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(rows.ids[position]) for position in cluster) for cluster in clusters)


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not len(values):
        return {}
    at = np.quantile(np.asarray(values, dtype=np.float64), list(QUANTILES.values()))
    return dict(zip(QUANTILES, at.tolist(), strict=True))


def _scripts(texts: Sequence[str]) -> dict[str, float]:
    total = han = latin = 0
    for text in texts:
        total += len(text) - _in(_SPACE, text)
        han += _in(_HAN, text)
        latin += _in(_LATIN, text)
    if not total:
        return {"han": 0.0, "latin": 0.0, "other": 0.0}
    return {"han": han / total, "latin": latin / total, "other": (total - han - latin) / total}


def _in(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))


def _notes(texts: Sequence[str]) -> tuple[Note, ...]:
    lost = sum("\ufffd" in text for text in texts)
    invisible = sum(bool(_INVISIBLE.search(text)) for text in texts)
    notes = []
    if lost:
        what = f"rows with the character U+FFFD, read in a wrong encoding before: {lost:,}"
        notes.append(Note("warning", what))
    if invisible:
        notes.append(Note("warning", f"rows with invisible characters: {invisible:,}"))
    return tuple(notes)


def _notes_on_likeness(alike: AlikeTexts) -> tuple[Note, ...]:
    notes = []
    if alike.too_short and alike.jaccard < 1:
        what = (
            f"{alike.too_short:,} of {alike.too_short + alike.compared:,} different texts are very "
            "short: among them only equal texts are found, not nearly equal ones"
        )
        notes.append(Note("skipped", what))
    if alike.broken_up:
        what = f"{alike.broken_up:,} chains of texts, each like the next, were not taken for copies"
        notes.append(Note("chosen", what))
    return tuple(notes)
