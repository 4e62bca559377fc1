"""START HERE: the whole way from a labelled file to a judged, diagnosed, reported model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from luthier.journeys.checks import check_before
from luthier.journeys.folding import deal_folds, judge_folds
from luthier.journeys.given import check_language, check_until
from luthier.journeys.opening import SettingsLike, begun, free_run_dir, open_walk, with_defaults
from luthier.journeys.run import Run
from luthier.journeys.run_settings import is_decided
from luthier.kit.import_meanwhile import import_meanwhile
from luthier.records import Listener

DEMO_TIME_BUDGET = "75s"  # the whole demo stays under three minutes on two cores

NEEDED_LATER = ("luthier.engines.local", "luthier.evidence.out_of_fold")
"""What trains models, imported while the labels are doubted; and what doubts them."""


def workup(  # noqa: PLR0913 - each a choice of the caller, by name
    source: str | Path | None = None,
    *,
    run_dir: str | Path | None = None,
    settings: SettingsLike = None,
    resume: bool = False,
    until: str = "report",
    language: str | None = None,
    listen: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Run:
    """Take a labelled file to a fine-tuned model and a diagnosis.

    Args:
        source: a .csv, .tsv, .txt, .json or .jsonl file, or a folder with train, validation and
            test files; None when resuming or when the settings name it (`data.path`).
        run_dir: folder that receives the run; `runs/<name of the data>` when not given.
        settings: a YAML file, or dotted (or nested) settings such as
            `{"train.learning_rate": 1e-4}`. A run that is resumed takes them as long as training
            is not planned, except those of its rows (`data`, `split`, `task`).
        resume: go on in `run_dir` from what is there.
        until: the last verb to do: `split`, `train` or `report`.
        language: of the page: `en`, `zh-CN` or `zh-TW`; that of this machine when None.
        listen: told what happens (progress bars, tests).
        should_stop: asked between training steps; True ends training with the best so far.

    Returns:
        The run: `run.metrics`, `run.diagnosis`, `run.report`, `run.predict([...])`.

    Raises:
        LuthierError: with every problem found and what to do next.
    """
    check_until(until)
    check_language(language)
    walk = open_walk(source, run_dir, settings, resume, listen, should_stop)
    if until != "split" and not is_decided(walk.run):
        check_before(walk.resolved)
    with begun(walk.run, walk.resolved, new=not resume):
        rows = walk.load()
        with nullcontext() if until == "split" else import_meanwhile(*NEEDED_LATER):
            walk.audit(rows)
        splits = walk.split(rows)
        deal_folds(walk, rows, splits)
        if until == "split":
            return walk.run
        plan = walk.plan(rows, splits)
    with walk.run.lock():
        walk.train(plan)
        if until == "train":
            return walk.run
        walk.evaluate(rows, plan)
        judge_folds(walk, rows, plan)
        walk.diagnose(rows)
        walk.report(rows, language=language)
    return walk.run


def demo(
    *,
    run_dir: str | Path | None = None,
    settings: SettingsLike = None,
    language: str | None = None,
    listen: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Run:
    """`workup` on the embedded sample: messages to a shop's customer service, in Chinese.

    Args:
        run_dir: folder that receives the run; `runs/demo` when not given.
        settings: as in `workup`.
        language: as in `workup`.
        listen: as in `workup`.
        should_stop: as in `workup`.

    Returns:
        The run.
    """
    from luthier.sample import sample_path

    return workup(
        sample_path(),
        run_dir=run_dir or free_run_dir("demo"),
        settings=with_defaults(settings, {"train.time_budget": DEMO_TIME_BUDGET}),
        language=language,
        listen=listen,
        should_stop=should_stop,
    )
