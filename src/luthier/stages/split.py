"""What may be learned from, chosen on, and finally judged on?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from luthier.errors import InputError, Problem
from luthier.kit.rare_labels import RareLabels, rare_labels
from luthier.kit.split_by_time import split_by_time
from luthier.kit.split_units import Units, strata_of, units_of
from luthier.kit.split_way import (
    METHODS,
    clusters_by_position,
    stratified_by,
    too_few,
    way_to_split,
    without_group,
)
from luthier.kit.stratify import stratify
from luthier.kit.stratify_groups import stratify_groups
from luthier.records import SPLIT_NAMES, Note, Rows, SplitName, Splits
from luthier.settings import SplitSettings

FEWEST_ROWS = 10
FEWEST_TEXTS = 3
"""Different texts of a label so that each split can have one."""

Held = dict[SplitName, float]
"""Split to hold out -> its share of the rows; what is left is for training."""

Alike = Sequence[Sequence[int]]
"""Clusters of row ids whose texts are alike."""


def split(rows: Rows, settings: SplitSettings, alike: Alike | None = None) -> Splits:
    """Share the rows out to train, validation and test.

    Splits that the files give are kept as they are. What is missing is taken from the training
    rows: alike texts on one side, rows of one group too, stratified by label; or by time. The
    shares in `settings` are of the rows that are shared out.

    Args:
        rows: all rows.
        settings: shares, seed, and what decides.
        alike: clusters of row ids whose texts are alike, as the audit found them; looked for here
            when not given.

    Raises:
        InputError: when there are no rows to learn from, too few to share out, or a column that
            the settings ask for is not there.
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
    names: list[SplitName | None] = [name or "train" for name in rows.given_split]
    notes: list[Note] = []
    by = "given"
    others = given - {"train"}
    clusters = clusters_by_position(rows, settings.near_duplicates, alike)
    if others:
        kept = ", ".join(name for name in SPLIT_NAMES if name in others | {"train"})
        notes.append(Note("chosen", f"splits given by the files were kept: {kept}"))
        notes.extend(_leaks(rows.given_split, clusters))
    if held:
        by = way_to_split(rows, settings)
        shared = _share_out(rows, pool, held, settings, clusters, by)
        for position, name in shared.names.items():
            names[position] = name
        notes.extend(shared.notes)
    in_use = [(int(i), name) for i, name in zip(rows.ids, names, strict=True) if name is not None]
    return Splits(
        row_ids=rows.ids[[name is not None for name in names]],
        names=tuple(name for _, name in in_use),
        method=f"given+{METHODS[by]}" if held and others else METHODS[by],
        seed=settings.seed,
        notes=(*notes, _sizes([name for _, name in in_use])),
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """Row position -> split, None for rows that are left out; and what was decided."""

    names: Mapping[int, SplitName | None]
    notes: Sequence[Note]


def _share_out(
    rows: Rows,
    pool: Sequence[int],
    held: Held,
    settings: SplitSettings,
    alike: Alike,
    by: str,
) -> _Shared:
    units = units_of(rows, pool, alike, by_group=by == "group")
    rare = rare_labels(units, len(held) + 1) if by != "time" else RareLabels({}, len(held) + 1)
    left_out: set[int] = set()
    if rare and settings.rare_labels == "error":
        raise rare.refused(rows)
    if rare and settings.rare_labels == "drop":
        strata = strata_of(rows)
        left_out = {p for p in pool if strata[p] in rare.texts}
        pool = [p for p in pool if p not in left_out]
        units = units_of(rows, pool, alike, by_group=by == "group")
    _check_enough(rows, pool, units, held, by)
    forced = rare.only(units) if settings.rare_labels == "train-only" else frozenset()
    chosen, said = _choose(rows, units, held, settings, by, forced)
    if not {"train", *held} <= set(chosen.values()):
        what = f"too few to fill every split; {_how_few(rows, units, by)}"
        raise too_few(rows, by, what)
    _check_labels_left(rows, units, chosen, by)
    names: dict[int, SplitName | None] = dict.fromkeys(left_out)
    for cluster, positions in zip(units.clusters, units.positions, strict=True):
        names |= dict.fromkeys(positions, chosen[cluster.key])
    notes = [
        *said,
        *(without_group(rows, pool) if by == "group" else ()),
        *_together(units),
        *rare.notes(settings.rare_labels, len(left_out)),
        *_missing_labels(units, chosen, held, () if settings.rare_labels == "drop" else rare.texts),
    ]
    return _Shared(names, notes)


def _choose(
    rows: Rows,
    units: Units,
    held: Held,
    settings: SplitSettings,
    by: str,
    forced: frozenset[str],
) -> tuple[dict[str, SplitName], list[Note]]:
    """Unit key -> split, and how it was decided."""
    shares = _shares(held)
    of_training = "train" in rows.given_split
    if by == "time":
        times = rows.columns["time"]
        cut = split_by_time(
            units.clusters, [[times[p] for p in own] for own in units.positions], held, "train"
        )
        ends = "; ".join(f"{name} begins {cut.begins[name]}" for name in held)
        what = f"of the rows {shares}, by time: {ends}"
        if of_training:
            what = f"of the training rows {shares}, by time: {ends}"
        notes = [Note("chosen", what)]
        if cut.moved:
            what = f"rows moved to an earlier split, where their text stands already: {cut.moved:,}"
            notes.append(Note("chosen", what))
        return cut.chosen, notes
    free = [cluster for cluster in units.clusters if cluster.key not in forced]
    if by == "group":
        chosen = stratify_groups(free, held, "train", settings.seed)
        how = f"whole groups ({units.groups:,}), {stratified_by(rows)}"
    else:
        chosen = stratify(free, held, "train", settings.seed)
        how = stratified_by(rows)
    learned: dict[str, SplitName] = dict.fromkeys(forced, "train")
    what = f"of the rows {shares}, {how}, seed {settings.seed}"
    if of_training:
        what = f"of the training rows {shares}, {how}, seed {settings.seed}"
    return chosen | learned, [Note("chosen", what)]


def _shares(held: Held) -> str:
    """Which share goes where, in the words of a note."""
    validation, test = held.get("validation", 0), held.get("test", 0)
    if validation and test:
        return f"{validation:.4g} to validation, {test:.4g} to test"
    return f"{validation:.4g} to validation" if validation else f"{test:.4g} to test"


def _leaks(given: Sequence[SplitName | None], alike: Alike) -> list[Note]:
    """Rows of given splits whose texts are like training rows; they stay where they are."""
    counts: Counter[SplitName] = Counter()
    for cluster in alike:
        names = [given[position] for position in cluster]
        if "train" in names or None in names:
            counts.update(name for name in names if name not in ("train", None))
    return [
        Note("warning", f"{name} rows with texts equal or nearly equal to training rows: {count:,}")
        for name, count in sorted(counts.items())
    ]


def _how_few(rows: Rows, units: Units, by: str) -> str:
    """`different groups: 2`."""
    if by == "time":
        return f"different times: {len(set(rows.columns['time']))}"
    return f"different {'groups' if by == 'group' else 'texts'}: {len(units.clusters)}"


def _check_enough(rows: Rows, pool: Sequence[int], units: Units, held: Held, by: str) -> None:
    texts = Counter(cluster.label for cluster in units.clusters)
    needed = len(held) + 1
    problems = []
    if len(pool) < FEWEST_ROWS:
        what = f"too few rows to share out: {len(pool)}; at least {FEWEST_ROWS} are needed"
        problems.append(what)
    enough = sum(count >= FEWEST_TEXTS for count in texts.values())
    if "label" in rows.columns and enough < 2 and not units.groups:
        shown = ", ".join(f"{label!r} has {count}" for label, count in texts.most_common(5))
        what = f"fewer than 2 labels have {FEWEST_TEXTS} different texts ({shown})"
        problems.append(what)
    elif len(units.clusters) < needed:
        few = _how_few(rows, units, "group" if units.groups else "random")
        problems.append(f"too few for {needed} splits; {few}")
    if problems:
        raise too_few(rows, by, *problems)


def _check_labels_left(rows: Rows, units: Units, chosen: Mapping[str, SplitName], by: str) -> None:
    """By time or by group, training may be left with the rows of one label.

    Raises:
        InputError: when it is: there is nothing to tell apart.
    """
    if "label" not in rows.columns:
        return
    own = [cluster for cluster in units.clusters if chosen[cluster.key] == "train"]
    learned = sorted({label for cluster in own for label in cluster.labels})
    if len(learned) < 2:
        only = ", ".join(map(repr, learned))
        raise too_few(rows, by, f"one label is left to learn from, {only}")


def _together(units: Units) -> list[Note]:
    """What was kept on one side."""
    if not units.alike:
        return []
    what = (
        f"texts that come several times or nearly so: {units.alike:,}, in {units.alike_rows:,} "
        "rows; each text stays in one split"
    )
    return [Note("chosen", what)]


def _missing_labels(
    units: Units, chosen: Mapping[str, SplitName], held: Held, known: Collection[str]
) -> list[Note]:
    """Labels that a split had to go without, and that no other note names."""
    present: defaultdict[str, set[str]] = defaultdict(set)
    for cluster in units.clusters:
        present[chosen[cluster.key]].update(cluster.labels)
    labels = set().union(*present.values()) - set(known)
    notes = []
    for name in ("train", *held):
        missing = sorted(labels - present[name])
        if missing:
            shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
            what = f"labels that could not be in {name}: {len(missing):,} ({shown})"
            notes.append(Note("warning", what))
    return notes


def _sizes(names: Sequence[SplitName]) -> Note:
    counts = Counter(names)
    shown = ", ".join(f"{counts[name]:,} {name}" for name in SPLIT_NAMES)
    return Note("chosen", f"rows of each split: {shown}")
