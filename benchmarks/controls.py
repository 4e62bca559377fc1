"""Healthy runs, some of which look sick. No detector may fire on what is known to be absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from grammar import Kind, make_rows
from judged_controls import judged_absent, with_judged
from luthier.kit.label_tally import LabelTally
from luthier.kit.text_key import text_key
from luthier.records import Predictions, Rows, Splits
from luthier.settings import Settings
from plants.answer_otherwise import healthy as served
from plants.forget_characters import encoded_facts
from plants.label_evidence import evidence_about_labels
from plants.sharpen_probabilities import plant as sharpen
from standin import Course, Result, train
from trials import Trial, fresh_rows, script_of, shares

RARE = 0.004
"""Share of characters that a vocabulary may lack in a healthy run."""

REACHABLE = Settings.model_validate({"evaluate": {"target_accuracy": 0.9}})
"""A target that labels of which at most one in fifty is wrong allow."""

DATA = (
    "conflicting_labels",
    "train_test_duplicates",
    "labels_missing",
    "label_shares_differ",
    "texts_drifted",
)


def controls(
    seeds: int, first_seed: int = 2000, *, real: bool = False
) -> Iterator[tuple[str, Callable[[], Trial]]]:
    """Name and maker of each control on the current substrate, all with readable texts.

    And answers to be had again from the model, in files that keep two to six digits.

    Args:
        seeds: of each kind.
        first_seed: the first of them.
        real: whether rows are real: the kinds that need a made-up language are left out.
    """
    for name, make in _real_runs(seeds, first_seed) if real else _runs(seeds, first_seed):
        yield name, partial(_readable, make)
    for seed in range(first_seed, first_seed + seeds):
        yield f"served {seed}", partial(served, seed, 2 + seed % 5)
        if not real:
            yield f"calibrated {seed}", partial(sharpen, seed, factor=1.0)


def _runs(seeds: int, first_seed: int) -> Iterator[tuple[str, Callable[[], Trial]]]:
    for seed in range(first_seed, first_seed + seeds):
        for kind in ("pairs", "mixed", "keywords"):
            yield f"{kind} {seed}", partial(_grammar, kind, seed)
        yield f"imbalanced, well learned {seed}", partial(_imbalanced, seed)
        yield f"duplicates that agree {seed}", partial(_agreeing_duplicates, seed)
        yield f"one row in ten mislabelled {seed}", partial(_grammar, "pairs", seed, noise=0.1)
        yield f"file sorted by label {seed}", partial(_sorted_file, seed)
        yield f"short texts, much alike {seed}", partial(_much_alike, seed)


def _real_runs(seeds: int, first_seed: int) -> Iterator[tuple[str, Callable[[], Trial]]]:
    for seed in range(first_seed, first_seed + seeds):
        yield f"real rows {seed}", partial(_grammar, "keywords", seed, noise=0.0)
        yield f"duplicates that agree {seed}", partial(_agreeing_duplicates, seed)
        yield f"file sorted by label {seed}", partial(_sorted_file, seed)


def _sorted_file(seed: int) -> Trial:
    """The file is sorted by label, the split and the order of training are random."""
    rows = make_rows("pairs", script_of(seed), 2400, seed, noise=0.0)
    order = sorted(range(len(rows)), key=lambda i: rows.columns["label"][i])
    rows = replace(rows.take(order), ids=np.arange(len(rows)))
    result = train(
        rows, shares(rows, seed), fresh_rows("pairs", script_of(seed), 0.0), Course(seed=seed)
    )
    known = known_absent(result) | {"wrong_labels"}
    return Trial("file sorted by label", result.evidence, absent=known)


def _much_alike(seed: int) -> Trial:
    """Texts of few words from few templates, as customers' short questions are, none twice."""
    rows = make_rows("keywords", script_of(seed), 2400, seed, noise=0.0)
    joint = "" if script_of(seed) == "han" else " "
    short = [words[:3] for words in rows.columns["words"]]
    texts = [joint.join(("我的" if joint == "" else "please my", *own)) for own in short]
    keep = list({text_key(text): i for i, text in enumerate(texts)}.values())
    columns = {"text": texts, "label": rows.columns["label"], "words": short}
    rows = replace(rows, columns=columns).take(keep)
    fresh = fresh_rows("keywords", script_of(seed), 0.0)
    result = train(rows, shares(rows, seed), fresh, Course(seed=seed))
    absent = known_absent(result) - {"overfitting_or_too_few_labels", "not_better_than_linear"}
    known = absent | {"wrong_labels"}
    return Trial("short texts, much alike", result.evidence, absent=known)


def _readable(make: Callable[[], Trial]) -> Trial:
    """The run, encoded by a vocabulary that lacks only its rarest characters.

    Those left out make up less than `RARE` of the training texts: a few rare names and emoji.
    """
    trial = make()
    rows, splits = trial.evidence["rows"], trial.evidence["splits"]
    learned = rows.take(np.flatnonzero(np.isin(rows.ids, splits.ids_of("train"))))
    texts = [text.replace(" ", "") for text in learned.columns["text"]]
    counts = Counter("".join(texts)).most_common()
    total = sum(count for _, count in counts)
    kept, seen = set(), 0
    for character, count in counts:
        if seen < (1 - RARE) * total:
            kept.add(character)
        seen += count
    known = trial.absent | {"unknown_tokens"}
    if "wrong_labels" in known:
        known |= {"target_above_ceiling"}
    evidence = {
        **with_judged(trial.evidence),
        "settings": REACHABLE,
        **evidence_about_labels(rows, trial.evidence),
        "encoding": {"train": encoded_facts(texts, kept)},
    }
    return replace(trial, evidence=evidence, absent=known)


def known_absent(result: Result) -> frozenset[str]:
    """What the fresh rows rule out; borderline cases are claimed neither way."""
    facts = result.evidence["checkpoints"]
    absent = {*DATA, *judged_absent(result.evidence["test_predictions"], result.fresh_predictions)}
    absent |= {"junk_rows", "confused_labels", "shared_vocabulary", "shortcut_mark"}
    if facts.evaluated == facts.best == facts.shipped:
        absent.add("last_instead_of_best")
    losses = [metrics["loss"] for metrics in result.fresh]
    gap = result.evidence["history"][result.best].train["accuracy"]
    gap -= result.fresh[result.best]["accuracy"]
    advantage = result.advantage or 0.0
    if losses[-1] / min(losses) < 1.05 and (gap < 0.03 or advantage >= 0.03):
        absent.add("overfitting_or_too_few_labels")
    if advantage >= 0.02:
        absent.add("not_better_than_linear")
    if _all_labels_can_be_told(result):
        absent.add("minority_label_too_small")
    return frozenset(absent)


def _all_labels_can_be_told(result: Result) -> bool:
    """With its true F1 and its test rows each label would be known to +-0.08, and none is rare."""
    test: Predictions = result.evidence["test_predictions"]
    fresh = result.fresh_predictions
    for index, name in enumerate(fresh.label_names):
        truth, answer = fresh.labels == index, fresh.predicted == index
        rows = int((test.labels == index).sum())
        scale = rows / max(1, int(truth.sum()))
        counts = (int((truth & answer).sum()), int(truth.sum()), int(answer.sum()))
        tally = LabelTally(name, *(round(count * scale) for count in counts), 0)
        right_enough = tally.f1 >= float((fresh.labels == fresh.predicted).mean()) - 0.03
        if tally.half_width() > 0.08 or (
            rows < 0.6 * len(test) / len(fresh.label_names) and not right_enough
        ):
            return False
    return True


def _grammar(kind: Kind, seed: int, noise: float = 0.02) -> Trial:
    rows = make_rows(kind, script_of(seed), 3600 if kind == "mixed" else 2400, seed, noise=noise)
    fresh = fresh_rows(kind, script_of(seed), noise)
    result = train(rows, shares(rows, seed), fresh, Course(seed=seed))
    told = judged_absent(result.evidence["test_predictions"], result.fresh_predictions, fresh)
    few_wrong = frozenset({"wrong_labels"} if noise <= 0.02 else ())
    return Trial(kind, result.evidence, absent=known_absent(result) | told | few_wrong)


def _imbalanced(seed: int) -> Trial:
    """One label has a fifth of the rows of the others, and is answered as well as they are."""
    rows = make_rows("keywords", script_of(seed), 3000, seed, noise=0.0)
    name = sorted(set(rows.columns["label"]))[seed % 4]
    draw = np.random.default_rng(seed).random(len(rows))
    keep = [i for i, label in enumerate(rows.columns["label"]) if label != name or draw[i] < 0.2]
    rows = rows.take(keep)
    fresh = fresh_rows("keywords", script_of(seed), 0.0)
    result = train(rows, shares(rows, seed), fresh, Course(seed=seed))
    return Trial("imbalanced", result.evidence, absent=known_absent(result))


def _agreeing_duplicates(seed: int) -> Trial:
    """One training row in five stands there twice, with the same label."""
    rows = make_rows("pairs", script_of(seed), 2400, seed)
    splits = shares(rows, seed)
    twice = splits.ids_of("train")[::5].tolist()
    ids = [*range(len(rows)), *twice]
    doubled = rows.take(ids)
    doubled = Rows(
        np.arange(len(ids)), doubled.columns, doubled.locations, doubled.given_split, rows.source
    )
    sides = Splits(doubled.ids, (*splits.names, *(["train"] * len(twice))), "given", seed)
    result = train(doubled, sides, fresh_rows("pairs", script_of(seed)), Course(seed=seed))
    return Trial("duplicates that agree", result.evidence, absent=known_absent(result))
