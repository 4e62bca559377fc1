"""Write docs/benchmarks.md from the committed results; with `--check`, only compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from other_tasks_page import other_tasks
from result_tables import ROOT, read, share, table
from speed_page import speed

TARGET = ROOT / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Every figure on this page is read from a JSON file in `benchmarks/results/`, which the command
beside it writes. Wall-clock times on a busy machine say little; the load is given.
"""


def scale() -> str:
    """Time and memory of files of three sizes."""
    found = read("scale.json")
    sizes = found["sizes"]

    def took(size: Mapping[str, Any], place: int) -> list[str]:
        seconds = size["steps"][place]["processor_seconds"]
        return [f"{seconds:.1f} s", f"{seconds / size['rows'] * 1e6:.0f} µs"]

    rows = [
        [step["step"], *(cell for size in sizes for cell in took(size, place))]
        for place, step in enumerate(sizes[0]["steps"])
    ]
    memory = [cell for size in sizes for cell in (f"{size['peak_memory_mb'] / 1000:.2f} GB", "")]
    head = ["processor time"]
    for size in sizes:
        head += [f"{size['rows']:,} rows", "per row"]
    loads = "; ".join(", ".join(f"{x:.1f}" for x in size["load_average"]) for size in sizes)
    return (
        "\n## Ten thousand to a million short rows\n\n"
        f"`{found['command']}`, {found['date']}, {found['cores']} cores, load average after each "
        f"size {loads}; made up, {sizes[-1]['file_mb']} MB at most. Labels are doubted on 30,000 "
        "rows at most, so that this step costs the same from there on.\n\n"
        f"{table(head, [*rows, ['peak memory', *memory]])}\n"
        "![Time per row and peak memory over the number of rows](pictures/scale.png)\n"
    )


def diagnosis_time() -> str:
    """How long a diagnosis takes."""
    found = read("diagnosis_time.json")
    names = {"second_opinions": "second opinions on the labels", "diagnose": "`luthier diagnose`"}
    rows = [
        [
            f"`{name}`",
            f"{one['rows']:,}",
            names[part],
            f"{took['processor_seconds']:.0f} s",
            f"{took['wall_seconds']:.0f} s",
        ]
        for name, one in found["sets"].items()
        for part, took in one["parts"].items()
    ]
    load = ", ".join(f"{value:.1f}" for value in found["load_average"])
    return (
        "\n## The diagnosis of a run\n\n"
        f"`{found['command']}`, {found['date']}, load average {load}; beyond the figures that a "
        "run has already.\n\n"
        f"{table(['set', 'rows', 'part', 'processor time', 'wall time'], rows)}"
    )


def faultbench() -> str:
    """How many planted faults are found, and what healthy runs are said to have."""
    found = read("faultbench.json")
    reported, choosing = found["reported"], found["choosing"]

    def row(title: str, pick: Callable[[Mapping[str, Any]], str]) -> list[str]:
        return [title, pick(reported), pick(choosing)]

    def false_findings(part: Mapping[str, Any]) -> str:
        counts = part["overall"]["false_findings_per_healthy_run"]
        return ", ".join(f"{name} {counts[name]:.3f}" for name in ("high", "medium", "low"))

    rows = [
        row("planted faults that took", lambda part: f"{part['overall']['plants_counted']:,}"),
        row("found, middle severity", lambda part: share(part["overall"]["recall_middle"])),
        row("found, all severities", lambda part: share(part["overall"]["recall"])),
        row("found, exact checks, middle severity", lambda part: share(part["exact_checks"])),
        row("named first, or below its own cause", lambda p: share(p["overall"]["diagnosis_at_1"])),
        row("named first", lambda part: share(part["overall"]["diagnosis_at_1_strict"])),
        row("among the first three", lambda part: share(part["overall"]["diagnosis_at_3"])),
        row("two faults at once, both found", lambda part: share(part["two_at_once"]["both"])),
        row("healthy runs", lambda part: str(part["overall"]["healthy_runs"])),
        row("false findings in a healthy run", false_findings),
    ]
    where = {
        role: "; ".join(one["what"] for one in found["substrates"] if one["role"] == role)
        for role in ("reported", "choosing")
    }
    head = ["", "reported", "limits were chosen on these"]
    return (
        f"\n## Planted faults\n\n`{found['command']}`, {found['date']}, {found['seeds']} seeds of "
        f"each fault and severity. Reported: {where['reported']}. Limits were chosen on: "
        f"{where['choosing']}. {found['not_measured']['learners']}. Figures of each check stand on "
        f"its page in [faults/](faults/index.md).\n\n{table(head, rows)}"
    )


def label_repair() -> str:
    """What reviewing the first rows of the relabel queue wins back."""
    found = read("label_repair.json")
    rows = [
        [
            f"`{name}`",
            f"{one['accuracy_true']:.3f}",
            f"{one['accuracy_flipped']:.3f}",
            f"{one['accuracy_reviewed']:.3f}",
            f"{one['won_back']:.2f} [{one['low']:.2f}, {one['high']:.2f}]",
            f"{one['flips_found']:.2f}",
        ]
        for name, one in {**found["repair"], **found["repair_hard"]}.items()
    ]
    head = ["set", "true labels", "100 flipped", "150 reviewed", "won back", "flips found"]
    return (
        "\n## Reviewing doubted labels\n\n"
        "`python benchmarks/label_repair.py`: 100 of 500 training labels flipped, the 150 rows\n"
        "named first get their true labels again; accuracy of a linear model\n"
        "on test rows, ten seeds.\n\n"
        f"{table(head, rows)}\n"
        "The first three are sets that 500 rows can teach; `trec_en` is not, and stands for\n"
        "those: where a model knows little it doubts the wrong rows. Short reviews\n"
        "(`waimai_zh`) came out worse still in trials (docs/LOG.md).\n"
    )


def blind_reading() -> str:
    """Whether doubted rows are wrong, read without knowing which are doubted."""
    found = read("blind_reading.json")
    names = {"suspects": "head of the relabel queue", "chance": "drawn from all training rows"}
    rows = [
        [
            name,
            *(str(found[half][verdict]) for verdict in ("wrong", "right", "unclear")),
            f"{found[half]['wrong_share']:.2f} "
            f"[{found[half]['low']:.2f}, {found[half]['high']:.2f}]",
        ]
        for half, name in names.items()
    ]
    head = ["rows of `cic_zh`", "wrong", "right", "unclear", "share wrong"]
    return (
        "\n## Doubted labels, read blind\n\n"
        f"`{found['command']}`: {found['suspects']['rows']} and {found['chance']['rows']} rows in "
        "one shuffled list,\njudged one by one from text, label and the list of labels alone, "
        "before anything else was known. One reader, a language model.\n\n"
        f"{table(head, rows)}\n"
        f"Lift {found['lift']:.2f} (wanted: {found['wanted_lift']:.2f}), Fisher's exact "
        f"p = {found['fisher_p']:.1g}. The verdicts: `benchmarks/results/{found['sheet']}`.\n"
    )


def points(share: float) -> str:
    """A difference of shares as signed points."""
    return f"{100 * share:+.2f}"


def cleaned_copy() -> str:
    """Whether the automatically cleaned copy of the training file trains a better model."""
    found = read("cleaned_copy.json")
    rows, agreed = [], []
    for name, one in found["sets"].items():
        score = one["macro_f1"]
        value, low, high = map(points, score["difference"])
        agreed.append(
            f"of `{name}` {one['accuracy_on_dev']['untouched']:.3f} on dev, "
            f"{one['accuracy']['untouched']:.3f} on test"
        )
        rows.append(
            [
                f"`{name}`",
                f"{one['rows']['untouched']:,} / {one['rows']['cleaned']:,}",
                f"{score['untouched']:.4f}",
                f"{score['cleaned']:.4f}",
                f"{value} [{low}, {high}]",
                score["verdict"].replace("_", " "),
                f"{one['published_gain']:+.2f}",
            ]
        )
    head = ["set", "rows", "untouched", "cleaned", "difference in points", "verdict", "published"]
    return (
        "\n## Training on the automatically cleaned copy\n\n"
        "`python -m benchmarks.cleaned_copy`: macro-F1 on the test file that people cleaned, after "
        "training on\nthe untouched file and on what `luthier audit --fix` made of it; the starter "
        "encoder, same settings chosen on dev with\nthe untouched file, five paired seeds; the "
        "interval is over rows and seeds. The published gains are by data work\n"
        f"of people with another model.\n\n{table(head, rows)}\n"
        f"Accuracy after training on the untouched file: {'; '.join(agreed)}. Labels that were "
        "wrong in dev and are\nright in test show as a higher accuracy on test.\n"
    )


def long_texts() -> str:
    """Windows over a long text against its head."""
    found = read("long_texts.json")
    rows = [
        [
            f"`{name}`",
            f"`{way}`",
            f"{sum(one['macro_f1']) / len(one['macro_f1']):.4f}",
            f"{points(one['minus_head']['value'])} "
            f"[{points(one['minus_head']['low'])}, {points(one['minus_head']['high'])}]",
            one["minus_head"]["verdict"],
        ]
        for name, ways in found["sets"].items()
        for way, one in ways.items()
        if way != "head"
    ]
    heads = ", ".join(
        f"`{name}` {sum(ways['head']['macro_f1']) / len(ways['head']['macro_f1']):.4f}"
        for name, ways in found["sets"].items()
    )
    seeds = " and ".join(map(str, found["seeds"].values()))
    head = ["set", "`text.long_texts`", "macro-F1", "minus `head`, points", "verdict"]
    return (
        "\n## Long texts\n\n"
        f"`{found['environment']['command']}`: {found['max_length']} tokens, the starter encoder, "
        f"{found['settings']['train.num_train_epochs']} epochs, {seeds} seeds (each its "
        f"own split). Macro-F1 of `head`: {heads}. `head_again` is the\nhead trained once more on "
        "each split with another seed: where two trainings that are alike are *not shown* to\nbe "
        "as good as each other, these rows cannot show so small a difference of anything.\n\n"
        f"{table(head, rows)}"
    )


def six_ways() -> str:
    """Good validation figures and bad test answers, told apart."""
    found = read("six_ways.json")
    rows = [
        [
            way["way"],
            f"{way['validation_accuracy']:.2f}",
            f"{way['test_accuracy']:.2f}",
            f"`{way['everything']['first']}`",
            ", ".join(f"`{name}`" for name in way["answers_alone"]["short_list"]),
        ]
        for way in found["ways"]
    ]
    head = [
        "what was broken",
        "validation",
        "test",
        "first answer",
        "short list from answers alone",
    ]
    first, short = found["first_answers_right"], found["short_lists_right"]
    right = f"{first} of {len(rows)} first answers and {short}"
    return (
        "\n## Good validation figures, bad test answers\n\n"
        "`python benchmarks/six_ways.py`: one healthy model, its test answers spoilt in "
        f"{len(rows)} ways. {right} of {len(rows)} short lists are right.\n\n{table(head, rows)}"
    )


def main() -> int:
    """Write the page, or say that it is not what the results say."""
    parts = (
        speed,
        scale,
        faultbench,
        other_tasks,
        diagnosis_time,
        label_repair,
        blind_reading,
        cleaned_copy,
        long_texts,
        six_ways,
    )
    page = HEAD + "".join(part() for part in parts)
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page:
            return 0
        sys.stderr.write("docs/benchmarks.md: run python scripts/gen_benchmark_docs.py\n")
        return 1
    TARGET.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
