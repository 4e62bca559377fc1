"""Into which folds are rows dealt, so that each is judged by a model that did not learn from it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from luthier.errors import InputError, Problem
from luthier.kit.folds import deal, from_to
from luthier.kit.rare_labels import RareLabels, rare_labels
from luthier.kit.split_units import Units, units_of
from luthier.kit.split_way import METHODS, clusters_by_position, stratified_by, way_to_split
from luthier.kit.stratify import Cluster, stratify
from luthier.kit.stratify_groups import stratify_groups
from luthier.records import Folds, Note, Rows, SplitName, Splits
from luthier.settings import SplitSettings

FEWEST_TEXTS = 3
"""Different texts of a label so that one is judged, one chosen on and one learned from."""
LABELS_SHOWN = 10


def fold(
    rows: Rows,
    splits: Splits,
    settings: SplitSettings,
    alike: Sequence[Sequence[int]] | None = None,
) -> Folds:
    """Deal the rows outside the test set into `settings.folds` parts.

    Alike texts are in one fold, rows of one group too; labels are shared out fairly. Within the
    rows that a fold does not judge, as large a part as in `splits` is kept to choose on: the rows
    that judge must not choose.

    Args:
        rows: all rows.
        splits: which rows are the test set, and how many are chosen on.
        settings: how many folds, seed, and what decides.
        alike: clusters of row ids whose texts are alike; looked for here when not given.

    Raises:
        InputError: when there are fewer different texts (or groups) than folds.
    """
    way = way_to_split(rows, settings)
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    ids = rows.ids.tolist()
    pool = [p for p, row_id in enumerate(ids) if side.get(row_id, "test") != "test"]
    clusters = clusters_by_position(rows, settings.near_duplicates, alike)
    units = units_of(rows, pool, clusters, by_group=way == "group")
    rare = rare_labels(units, FEWEST_TEXTS)
    learned = rare.only(units)
    free = [cluster for cluster in units.clusters if cluster.key not in learned]
    dealt = deal(free, settings.folds, settings.seed)
    if set(dealt.values()) != set(range(1, settings.folds + 1)):
        raise _too_few(rows, len(free), way, settings.folds)
    counts = splits.counts()
    share = counts["validation"] / (counts["train"] + counts["validation"])
    place = {position: i for i, position in enumerate(pool)}
    parts = []
    for number in range(1, settings.folds + 1):
        sides = _sides(free, dealt, number, share, settings.seed, by_group=way == "group")
        names: list[SplitName] = ["train"] * len(pool)
        for cluster, positions in zip(units.clusters, units.positions, strict=True):
            for position in positions:
                names[place[position]] = sides.get(cluster.key, "train")
        parts.append(tuple(names))
    notes = _notes(rows, parts, settings, rare, units)
    return Folds(rows.ids[pool], tuple(parts), METHODS[way], settings.seed, notes)


def _sides(
    free: Sequence[Cluster],
    dealt: Mapping[str, int],
    number: int,
    share: float,
    seed: int,
    *,
    by_group: bool,
) -> dict[str, SplitName]:
    """Unit key -> what it is in this fold."""
    sides: dict[str, SplitName] = {key: "test" for key, own in dealt.items() if own == number}
    others = [cluster for cluster in free if cluster.key not in sides]
    held: dict[SplitName, float] = {"validation": share}
    share_out = stratify_groups if by_group else stratify
    return sides | share_out(others, held, "train", seed)


def _too_few(rows: Rows, units: int, way: str, folds: int) -> InputError:
    unit = "groups" if way == "group" else "texts"
    what = f"too few for {folds} folds; different {unit} outside the test set: {units}"
    fewer = f"fewer folds (--folds {min(units, folds - 1)})" if units > 2 else "no folds"
    return InputError(
        Problem(what, where=rows.source.path), next_step=f"label more rows, or {fewer}"
    )


def _notes(
    rows: Rows,
    parts: Sequence[Sequence[SplitName]],
    settings: SplitSettings,
    rare: RareLabels,
    units: Units,
) -> tuple[Note, ...]:
    sizes = [Counter(names) for names in parts]
    judged = [size["test"] for size in sizes]
    how = f"whole groups ({units.groups:,}), " if units.groups else ""
    first = (
        f"{sum(judged):,} rows outside the test set in {settings.folds} folds, {how}"
        f"{stratified_by(rows)}, seed {settings.seed}: {from_to(judged)} rows are judged in each, "
        f"by a model that learned from {from_to([size['train'] for size in sizes])} others"
    )
    notes = [Note("chosen", first)]
    if rare:
        names = sorted(rare.texts)
        shown = ", ".join(names[:LABELS_SHOWN]) + (", ..." if len(names) > LABELS_SHOWN else "")
        what = (
            f"labels with fewer than {FEWEST_TEXTS} different texts outside the test set: "
            f"{len(names):,}, learned from in every fold, judged in none ({shown})"
        )
        notes.append(Note("warning", what))
    return tuple(notes)
