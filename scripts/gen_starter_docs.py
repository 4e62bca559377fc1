"""Write the tables of docs/starter.md from the evaluation; with `--check`, only compare them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "starter.md"
SOURCE = ROOT / "starter" / "results" / "evaluation.json"
BEGIN = "<!-- evaluation: made by scripts/gen_starter_docs.py, do not edit by hand -->"
END = "<!-- evaluation: end -->"

ARMS = {
    "starter_finetuned": "starter, fine-tuned",
    "starter_frozen": "starter, frozen",
    "twin_finetuned": "random twin, fine-tuned",
    "tfidf_svm": "TF-IDF + SVM",
    "tfidf_logistic": "TF-IDF + logistic",
    "minilm_finetuned": "MiniLM, fine-tuned",
    "minilm_frozen": "MiniLM, frozen",
}
SIZES = {None: "all training rows", 64: "64 rows per label", 8: "8 rows per label"}
RIVALS = {"twin": "its random-weights twin", "tfidf": "both TF-IDF lines"}
CONVERSIONS = {"s2t": "Traditional", "s2twp": "Traditional with Taiwan's words"}
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "non_inferior": "not inferior",
    "cannot_tell": "cannot tell",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def ends(figure: Mapping[str, float]) -> str:
    """A share as points: value and interval."""
    return f"{100 * figure['value']:.1f} [{100 * figure['low']:.1f}, {100 * figure['high']:.1f}]"


def sets(found: Mapping[str, Any]) -> str:
    """What was measured on."""
    head = ["set", "labels", "training", "validation", "test", "training rows left out", "cut at"]
    rows = []
    for data in found["sets"]:
        size, out = data["rows"], data["left_out"]
        repeated = out["train_rows_in_test"], out["train_rows_in_validation"]
        said = f"{repeated[0]} stand in test, {repeated[1]} in validation"
        cells = (data["labels"], size["train"], size["validation"], size["test"])
        cut = f"{data['max_length']} tokens"
        rows.append([f"`{data['name']}`", *(f"{cell:,}" for cell in cells), said, cut])
    return table(head, rows)


def figures(found: Mapping[str, Any], size: int | None, statistic: str) -> str:
    """One line per set, one column per arm."""
    rows = [row for row in found["figures"] if row["per_label"] == size]
    arms = [arm for arm in ARMS if any(row["arm"] == arm for row in rows)]
    of = {(row["set"], row["arm"]): ends(row[statistic]) for row in rows}
    names = dict.fromkeys(row["set"] for row in rows)
    body = [[f"`{name}`", *(of.get((name, arm), "") for arm in arms)] for name in names]
    return table(["set", *(ARMS[arm] for arm in arms)], body)


def difference(figure: Mapping[str, Any]) -> str:
    """Value, interval and verdict of one difference."""
    return f"{ends(figure)} {VERDICTS[figure['verdict']]}"


def differences(found: Mapping[str, Any], size: int | None) -> str:
    """Starter minus rival, with the verdict."""
    rows = [row for row in found["differences"] if row["per_label"] == size]
    arms = [arm for arm in ARMS if any(row["rival"] == arm for row in rows)]
    of = {(row["set"], row["rival"]): difference(row["macro_f1"]) for row in rows}
    names = dict.fromkeys(row["set"] for row in rows)
    body = [[f"`{name}`", *(of.get((name, arm), "") for arm in arms)] for name in names]
    return table(["set", *(f"minus {ARMS[arm]}" for arm in arms)], body)


def verdicts(found: Mapping[str, Any]) -> str:
    """On how many sets the fine-tuned starter is better."""
    lines = []
    for row in found["verdicts"]:
        names = ", ".join(f"`{name}`" for name in row["better_on"]) or "none"
        lines.append(
            f"- With {SIZES[row['per_label']]}: better than {RIVALS[row['rival']]} on "
            f"{len(row['better_on'])} of {len(row['measured_on'])} sets measured ({names}).\n"
        )
    return "".join(lines)


def agreement(found: Mapping[str, Any]) -> str:
    """Same answers in both scripts."""
    order = list(ARMS)
    rows = sorted(found["agreement"], key=lambda row: order.index(row["arm"]))
    return table(
        ["arm", "rows converted to", "test rows that change", "same answer, % of all test rows"],
        [
            [
                ARMS[row["arm"]],
                CONVERSIONS[row["conversion"]],
                f"{row['rows_changed']:,} of {row['agreement']['rows']:,}",
                ends(row["agreement"]),
            ]
            for row in rows
        ],
    )


def evaluation(found: Mapping[str, Any]) -> str:
    """All tables."""
    parts = [f"### Sets\n\n{sets(found)}\n"]
    sizes = [size for size in SIZES if any(row["per_label"] == size for row in found["figures"])]
    for size in sizes:
        parts.append(f"### Macro-F1, {SIZES[size]}\n\n{figures(found, size, 'macro_f1')}\n")
        parts.append(f"Accuracy:\n\n{figures(found, size, 'accuracy')}\n")
        if any(row["per_label"] == size for row in found["differences"]):
            parts.append(
                f"Macro-F1 of the fine-tuned starter minus:\n\n{differences(found, size)}\n"
            )
    if found["verdicts"]:
        parts.append(f"### Better on how many of the six sets\n\n{verdicts(found)}\n")
    if found["agreement"]:
        parts.append(f"### Traditional and Simplified\n\n{agreement(found)}\n")
    if found["missing"]:
        cells = sum(row["cells"] for row in found["missing"])
        arms = dict.fromkeys(ARMS[row["arm"]] for row in found["missing"])
        parts.append(f"Not measured yet: {cells:,} runs ({'; '.join(arms)}).\n\n")
    if not found.get("model"):
        parts.append("Not measured yet: the starter itself; no model was given.\n\n")
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"{''.join(parts)}Made with {versions}.\n"


def page(text: str) -> str:
    """The page with its tables made anew.

    Raises:
        ValueError: when the page lacks the two marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{TARGET} lacks the marks {BEGIN} and {END}")
    found = json.loads(SOURCE.read_text(encoding="utf-8"))
    return f"{before}{BEGIN}\n\n{evaluation(found)}\n{END}{after}"


def main() -> int:
    """Write the page, or check it; 1 when it is not current."""
    old = TARGET.read_text(encoding="utf-8")
    new = page(old)
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(new, encoding="utf-8", newline="\n")
        return 0
    if old == new:
        return 0
    sys.stderr.write(f"{TARGET} is not current: python scripts/gen_starter_docs.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
