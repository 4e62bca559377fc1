"""What may be learned from, chosen on, and finally judged on?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from luthier.errors import InputError, Problem
from luthier.kit.stratify import Cluster, Held, stratify
from luthier.kit.text_key import text_key
from luthier.records import SPLIT_NAMES, Note, Rows, SplitName, Splits
from luthier.settings import SplitSettings

FEWEST_ROWS = 10
FEWEST_TEXTS = 3
"""Different texts of a label so that each split can have one."""


def split(rows: Rows, settings: SplitSettings) -> Splits:
    """Share the rows out to train, validation and test.

    Splits that the files give are kept as they are. What is missing is taken from the training
    rows, stratified by label, rows with the same normalised text on one side; the shares in
    `settings` are of the rows that are shared out.

    Raises:
        InputError: when there are no rows to learn from, or too few to share out.
    """
    given = set(rows.given_split) - {None}
    shares: Held = {"validation": settings.validation_size, "test": settings.test_size}
    held: Held = {name: share for name, share in shares.items() if name not in given}
    pool = [p for p, name in enumerate(rows.given_split) if name in (None, "train")]
    if not pool:
        raise InputError(
            Problem(
                "no rows to learn from: the files hold no training rows", where=rows.source.path
            ),
            next_step="add a training file (train.csv)",
        )
    names: list[SplitName] = [name or "train" for name in rows.given_split]
    notes: list[Note] = []
    if held:
        clusters = _clusters(rows, pool)
        _check_enough(rows, pool, clusters, held)
        chosen = stratify([cluster for cluster, _ in clusters], held, settings.seed)
        if not {"train", *held} <= set(chosen.values()):
            raise _too_few(rows, f"{len(clusters)} different texts cannot fill every split")
        for cluster, positions in clusters:
            for position in positions:
                names[position] = chosen[cluster.key]
        notes = _notes(clusters, chosen, held, settings.seed, from_training="train" in given)
    others = given - {"train"}
    if others:
        kept = ", ".join(name for name in SPLIT_NAMES if name in others | {"train"})
        notes.insert(0, Note("chosen", f"splits given by the files were kept: {kept}"))
    return Splits(
        row_ids=rows.ids,
        names=tuple(names),
        method="given" if not held else "given+stratified" if others else "stratified",
        seed=settings.seed,
        notes=(*notes, _sizes(names)),
    )


def _clusters(rows: Rows, pool: Sequence[int]) -> list[tuple[Cluster, list[int]]]:
    """Rows of the pool with the same normalised text, with their positions."""
    texts = rows.columns.get("text")
    labels = rows.columns.get("label")
    members: dict[str, list[int]] = defaultdict(list)
    for position in pool:
        key = text_key(texts[position]) if texts is not None else f"row {rows.ids[position]}"
        members[key].append(position)
    return [
        (Cluster(key, tuple(str(labels[p]) if labels is not None else "" for p in own)), own)
        for key, own in members.items()
    ]


def _check_enough(
    rows: Rows, pool: Sequence[int], clusters: Sequence[tuple[Cluster, list[int]]], held: Held
) -> None:
    texts = _texts_by_label(clusters)
    needed = len(held) + 1
    problems = []
    if len(pool) < FEWEST_ROWS:
        what = f"{len(pool)} rows are too few to share out; at least {FEWEST_ROWS} are needed"
        problems.append(what)
    enough = sum(count >= FEWEST_TEXTS for count in texts.values())
    if "label" in rows.columns and enough < 2:
        shown = ", ".join(f"{label!r} has {count}" for label, count in texts.most_common(5))
        what = f"fewer than 2 labels have {FEWEST_TEXTS} different texts ({shown})"
        problems.append(what)
    elif len(clusters) < needed:
        what = f"only {len(clusters)} different texts, for {needed} splits"
        problems.append(what)
    if problems:
        raise _too_few(rows, *problems)


def _too_few(rows: Rows, *what: str) -> InputError:
    return InputError(
        [Problem(one, where=rows.source.path) for one in what],
        next_step="label more rows, or give files for every split",
    )


def _texts_by_label(clusters: Sequence[tuple[Cluster, list[int]]]) -> Counter[str]:
    return Counter(cluster.label for cluster, _ in clusters)


def _notes(
    clusters: Sequence[tuple[Cluster, list[int]]],
    chosen: Mapping[str, SplitName],
    held: Held,
    seed: int,
    *,
    from_training: bool,
) -> list[Note]:
    shares = ", ".join(f"{share:.4g} to {name}" for name, share in held.items())
    origin = "the training rows" if from_training else "the rows"
    notes = [Note("chosen", f"of {origin} {shares}, stratified by label, seed {seed}")]
    together = [positions for _, positions in clusters if len(positions) > 1]
    if together:
        rows = sum(map(len, together))
        texts = f"{len(together):,} repeated texts"
        what = f"{rows:,} rows with {texts} stay together, each text in one split"
        notes.append(Note("chosen", what))
    notes.extend(_missing_labels(clusters, chosen, held))
    return notes


def _missing_labels(
    clusters: Sequence[tuple[Cluster, list[int]]], chosen: Mapping[str, SplitName], held: Held
) -> list[Note]:
    """Labels that a split had to go without."""
    labels = {label for cluster, _ in clusters for label in cluster.labels}
    notes = []
    for name in held:
        present = {
            la for cluster, _ in clusters if chosen[cluster.key] == name for la in cluster.labels
        }
        missing = sorted(labels - present)
        if missing:
            shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
            what = f"{len(missing):,} labels have too few different texts to be in {name}: {shown}"
            notes.append(Note("warning", what))
    return notes


def _sizes(names: Sequence[SplitName]) -> Note:
    counts = Counter(names)
    shown = ", ".join(f"{counts[name]:,} {name}" for name in SPLIT_NAMES)
    return Note("chosen", f"rows: {shown}")
