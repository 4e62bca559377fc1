"""The embedded sample is what its README and its sidecar say."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from typing import Any, cast

from luthier.sample import sample_path, sidecar

LABELS = {"物流配送", "退换货", "售后服务", "商品咨询", "会员权益", "发票开具"}
PAIR_KINDS = ("near_duplicates", "exact_duplicates", "conflicts")

# Only the characters that the Traditional/Simplified twins of the sample need.
TWIN = str.maketrans("換過來還樣問題腳書櫃畫機電觸內錢嗎", "换过来还样问题脚书柜画机电触内钱吗")


@cache
def rows() -> dict[str, dict[str, str]]:
    with sample_path().open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        assert reader.fieldnames == ["id", "text", "label", "script"]
        listed = list(reader)
    by_id = {row["id"]: row for row in listed}
    assert len(by_id) == len(listed), "ids must be unique"
    return by_id


def normalise(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LNS" and c != "~")


def pairs(kind: str) -> list[tuple[str, str]]:
    listed = cast("list[list[str]]", sidecar()[kind])
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in listed)
    return [(pair[0], pair[1]) for pair in listed]


def wrong() -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", sidecar()["wrong_labels"])


def ambiguous() -> list[str]:
    return cast("list[str]", sidecar()["ambiguous"])


def similarity(left: str, right: str) -> float:
    ratio = difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()
    grams = [{text[i : i + 2] for i in range(len(text) - 1)} for text in (left, right)]
    union = grams[0] | grams[1]
    jaccard = len(grams[0] & grams[1]) / len(union) if union else 1.0
    return max(ratio, jaccard)


def test_file_form() -> None:
    raw = sample_path().read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert list(rows()) == [f"m{n:04d}" for n in range(1, len(rows()) + 1)]
    for row in rows().values():
        assert row["text"] == row["text"].strip()
        assert 4 <= len(row["text"]) <= 130
        assert row["script"] in {"hans", "hant"}


def test_labels_and_sizes() -> None:
    counts = Counter(row["label"] for row in rows().values())
    assert len(rows()) >= 600
    assert set(counts) == LABELS
    smallest, size = min(counts.items(), key=lambda item: item[1])
    assert smallest == "发票开具"
    assert 25 <= size <= 35
    assert max(counts, key=lambda label: counts[label]) == "物流配送"


def test_both_scripts() -> None:
    counts = Counter(row["script"] for row in rows().values())
    assert min(counts["hans"], counts["hant"]) >= 0.35 * len(rows())
    for label in LABELS:
        inside = Counter(row["script"] for row in rows().values() if row["label"] == label)
        assert min(inside["hans"], inside["hant"]) >= 0.35 * sum(inside.values())


def test_sidecar_ids_exist() -> None:
    record = sidecar()
    assert set(record) == {"wrong_labels", "ambiguous", *PAIR_KINDS}
    named = {entry["id"] for entry in wrong()} | set(ambiguous())
    for kind in PAIR_KINDS:
        named |= {name for pair in pairs(kind) for name in pair}
    assert named <= set(rows())


def test_wrong_labels() -> None:
    entries = wrong()
    assert 0.02 <= len(entries) / len(rows()) <= 0.04
    assert len({entry["id"] for entry in entries}) == len(entries)
    for entry in entries:
        assert set(entry) == {"id", "given", "right", "why"}
        assert rows()[entry["id"]]["label"] == entry["given"]
        assert entry["right"] in LABELS - {entry["given"]}
        assert entry["why"]
    assert not {entry["id"] for entry in entries} & set(ambiguous())


def test_ambiguous_rows() -> None:
    counts = Counter(rows()[name]["label"] for name in ambiguous())
    assert set(counts) == {"退换货", "售后服务"}
    assert min(counts.values()) >= 15
    assert len(set(ambiguous())) == len(ambiguous())


def test_near_duplicates() -> None:
    found = pairs("near_duplicates")
    assert 20 <= len(found) <= 25
    twins = 0
    for left, right in found:
        one, two = rows()[left], rows()[right]
        texts = [normalise(row["text"]) for row in (one, two)]
        assert one["label"] == two["label"]
        assert texts[0] != texts[1], "an exact duplicate belongs in exact_duplicates"
        if one["script"] != two["script"]:
            twins += 1
            texts = [text.translate(TWIN) for text in texts]
        assert similarity(*texts) >= 0.6, (one["text"], two["text"])
    assert twins >= 3


def test_exact_duplicates_and_conflicts() -> None:
    assert len(pairs("exact_duplicates")) == 5
    assert len(pairs("conflicts")) == 2
    for left, right in pairs("exact_duplicates"):
        assert normalise(rows()[left]["text"]) == normalise(rows()[right]["text"])
        assert rows()[left]["label"] == rows()[right]["label"]
    mistaken = {entry["id"]: entry["right"] for entry in wrong()}
    for left, right in pairs("conflicts"):
        assert rows()[left]["text"] == rows()[right]["text"]
        assert rows()[left]["label"] != rows()[right]["label"]
        bad, good = (left, right) if left in mistaken else (right, left)
        assert good not in mistaken
        assert mistaken[bad] == rows()[good]["label"]


def test_no_unrecorded_duplicates() -> None:
    recorded = {frozenset(p) for kind in ("exact_duplicates", "conflicts") for p in pairs(kind)}
    groups: dict[str, set[str]] = defaultdict(set)
    for name, row in rows().items():
        groups[normalise(row["text"])].add(name)
    repeated = {frozenset(names) for names in groups.values() if len(names) > 1}
    assert repeated == recorded


def test_duplicates_are_not_adjacent() -> None:
    for kind in PAIR_KINDS:
        for left, right in pairs(kind):
            assert abs(int(left[1:]) - int(right[1:])) >= 5


def test_no_personal_data() -> None:
    forbidden = [
        r"[\w.+-]+@[\w-]+\.\w+",  # e-mail
        r"(?<!\d)1[3-9]\d{9}(?!\d)",  # Mainland mobile
        r"(?<!\d)09\d{2}[- ]?\d{3}[- ]?\d{3}(?!\d)",  # Taiwan mobile
        r"(?<![A-Za-z\d])[2-9]\d{3}[- ]?\d{4}(?!\d)",  # Hong Kong
        r"\+\d{6,}",  # international
        r"(?<!\d)\d{17}[\dXx](?!\d)",  # Mainland identity number
        r"(?<![A-Za-z])[A-Z][12]\d{8}(?!\d)",  # Taiwan identity number
        r"https?://",
    ]
    for row in rows().values():
        for pattern in forbidden:
            assert not re.search(pattern, row["text"]), row["text"]


def test_not_templated() -> None:
    limit = 0.02 * len(rows())
    pieces: Counter[str] = Counter()
    starts: Counter[str] = Counter()
    for row in rows().values():
        text = row["text"]
        pieces.update({text[i : i + 8] for i in range(len(text) - 7)})
        starts[text[:4]] += 1
    assert pieces.most_common(1)[0][1] <= limit
    assert starts.most_common(1)[0][1] <= limit
    assert len({len(row["text"]) for row in rows().values()}) >= 40


def test_readme_counts() -> None:
    readme = sample_path().with_name("README.md").read_text(encoding="utf-8")
    counts = Counter((row["label"], row["script"]) for row in rows().values())
    for label in LABELS:
        hans, hant = counts[label, "hans"], counts[label, "hant"]
        line = next(x for x in readme.splitlines() if x.startswith(f"| {label} |"))
        assert line.endswith(f"| {hans} | {hant} | {hans + hant} |")
    for kind in ("wrong_labels", "ambiguous", *PAIR_KINDS):
        size = len(cast("list[object]", sidecar()[kind]))
        assert f"| `{kind}` | {size} |" in readme
