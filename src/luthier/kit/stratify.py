"""Share clusters of rows out to splits, label by label: fair, seeded, and blind to row order."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

S = TypeVar("S", bound=str)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rows that must stay together.

    Args:
        key: what they have in common; unique among clusters.
        labels: the label of each row.
    """

    key: str
    labels: tuple[str, ...]

    @property
    def label(self) -> str:
        """The label of most of its rows; of equals, the first by name."""
        if len(self.labels) == 1:
            return self.labels[0]
        return min(Counter(self.labels).items(), key=lambda pair: (-pair[1], pair[0]))[0]


def stratify(
    clusters: Sequence[Cluster], held: Mapping[S, float], rest: S, seed: int
) -> dict[str, S]:
    """Cluster key -> split; `held` is the share of the rows of each split but `rest`.

    A label with a cluster for every split is in every split; one with fewer goes to training first,
    then to the other splits in the order of `held`. Per label the number of rows held out is its
    share rounded by largest remainder, so that the whole is right too. The order within a label is
    that of a seeded hash of the key, so the same rows in another order are shared out the same way.
    """
    strata: dict[str, list[Cluster]] = defaultdict(list)
    for cluster in sorted(clusters, key=lambda c: seeded(seed, c.key)):
        strata[cluster.label].append(cluster)
    full = {label: own for label, own in strata.items() if len(own) > len(held)}
    sizes = {label: sum(len(c.labels) for c in own) for label, own in full.items()}
    quotas = {split: _quotas(sizes, share, f"{seed} {split}") for split, share in held.items()}
    chosen: dict[str, S] = {}
    for label, own in strata.items():
        left = list(own)
        for waiting, split in reversed(list(enumerate(held))):
            must_stay = 1 + waiting  # one for training, one for each split still to come
            quota = quotas[split].get(label, 1)
            chosen |= {cluster.key: split for cluster in _take(left, quota, must_stay)}
            left = [cluster for cluster in left if cluster.key not in chosen]
        chosen |= {cluster.key: rest for cluster in left}
    return chosen | _teach_every_label(clusters, chosen, rest)


def seeded(seed: int | str, key: str) -> bytes:
    """A value to sort by that looks random, and is the same for the same seed and key."""
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()


def _quotas(sizes: Mapping[str, int], share: float, seed: str) -> dict[str, int]:
    """Label -> rows to hold out, at least 1: largest remainder, ties by seeded hash."""
    quotas = {label: max(1, int(size * share)) for label, size in sizes.items()}
    missing = round(share * sum(sizes.values())) - sum(quotas.values())
    rounded_down = [label for label, size in sizes.items() if int(size * share) >= 1]
    rounded_down.sort(key=lambda la: (-(sizes[la] * share % 1), seeded(seed, la)))
    for label in rounded_down[: max(0, missing)]:
        quotas[label] += 1
    return quotas


def _take(left: Sequence[Cluster], quota: int, must_stay: int) -> list[Cluster]:
    """Clusters that fill the quota of rows, in order; the smallest one when none fits into it."""
    taken: list[Cluster] = []
    for cluster in left:
        if quota <= 0 or len(left) - len(taken) <= must_stay:
            break
        if len(cluster.labels) <= quota:
            taken.append(cluster)
            quota -= len(cluster.labels)
    if not taken and len(left) > must_stay:
        taken = [min(left, key=lambda cluster: len(cluster.labels))]
    elif quota > 0:
        taken = _exchanged(taken, left, quota)
    return taken


def _exchanged(taken: Sequence[Cluster], left: Sequence[Cluster], missing: int) -> list[Cluster]:
    """One cluster exchanged for one that is larger by the missing rows, if there is one."""
    keys = {cluster.key for cluster in taken}
    by_size = {len(c.labels): c for c in reversed(left) if c.key not in keys}
    for place, cluster in enumerate(taken):
        larger = by_size.get(len(cluster.labels) + missing)
        if larger is not None:
            return [*taken[:place], *taken[place + 1 :], larger]
    return list(taken)


def _teach_every_label(
    clusters: Sequence[Cluster], chosen: Mapping[str, S], rest: S
) -> dict[str, S]:
    """Clusters to move to `rest`, because a label stands only beside other labels elsewhere."""
    learned = {label for c in clusters if chosen[c.key] == rest for label in c.labels}
    moved: dict[str, S] = {}
    for cluster in sorted(clusters, key=lambda c: (len(c.labels), c.key)):
        if not learned.issuperset(cluster.labels):
            moved[cluster.key] = rest
            learned.update(cluster.labels)
    return moved
