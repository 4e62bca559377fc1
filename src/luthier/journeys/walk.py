"""One walk through a run folder: each verb is done, or its result is read if it is there already.

`workup.py` puts the verbs in order; this file says what each hands to the next.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from luthier.errors import Problem, RunFolderError
from luthier.journeys import summaries
from luthier.journeys.data_place import place_of_data
from luthier.journeys.plan import Plan
from luthier.journeys.run import Run
from luthier.journeys.run_settings import check_counted_alike, is_decided
from luthier.records import (
    Audit,
    Diagnosis,
    Listener,
    Note,
    RowLengths,
    Rows,
    Splits,
    StageBegan,
    StageEnded,
    StageSaid,
    Task,
    TrainingSaid,
    TrainJob,
)
from luthier.settings_file import Resolved, not_chosen, with_recipe
from luthier.settings_said import settings_said
from luthier.tasks import get_task, task_of_rows, tasks_called

if TYPE_CHECKING:
    from luthier.engines.local import LocalEngine


@dataclass
class Walk:
    """The state of one walk.

    Args:
        run: the folder that receives everything.
        resolved: settings with their origins; the plan completes them.
        listen: told what happens.
        should_stop: asked between training steps.
        resume: whether results in the folder are used instead of made again.
    """

    run: Run
    resolved: Resolved
    listen: Listener
    should_stop: Callable[[], bool]
    resume: bool = False
    summary: str = field(default="", init=False)

    @property
    def task(self) -> Task:
        """The task that the settings name."""
        return get_task(self.resolved.settings.task)

    @property
    def engine(self) -> LocalEngine:
        """Where work runs."""
        from luthier.engines.local import LocalEngine

        return LocalEngine()

    @contextlib.contextmanager
    def stage(self, verb: str, *, reused: bool = False) -> Iterator[None]:
        """Tell the listener that a verb begins and ends; `self.summary` is its result in words."""
        self.listen(StageBegan(verb))
        began = time.perf_counter()
        self.summary = ""
        yield
        self.listen(StageEnded(verb, self.summary, time.perf_counter() - began, reused))

    def say(self, verb: str, notes: tuple[Note, ...]) -> None:
        """Pass notes on."""
        for note in notes:
            self.listen(StageSaid(verb, note))

    # verbs ----------------------------------------------------------------------------------------

    def load(self) -> Rows:
        """Read the rows; on resume, check that the files are still the same."""
        from luthier.journeys.labels import name_labels
        from luthier.stages.load import load

        with self.stage("load"):
            data, tasks = self.resolved.settings.data, tasks_called(self.resolved.settings.task)
            path, moved = place_of_data(self.run, data.path or "")
            rows = name_labels(load(path, tasks, data))
            self._settle_task(task_of_rows(rows, tasks))
            self._check_files_unchanged(rows)
            check_counted_alike(self.run, rows)
            self.run.save_source(rows.source)
            self.say("load", (*moved, *rows.source.notes))
            self.summary = f"{len(rows):,} rows"
        return rows

    def _settle_task(self, task: Task) -> None:
        if self.resolved.settings.task != task.name:
            reason = {"task": "by what the column of answers holds"}
            self.resolved = with_recipe(
                not_chosen(self.resolved, "task"), {"task": task.name}, reasons=reason
            )

    def _check_files_unchanged(self, rows: Rows) -> None:
        if not (self.run.path / "source.json").exists():
            return
        before = {Path(file.path).name: file.sha256 for file in self.run.source.files}
        now = {Path(file.path).name: file.sha256 for file in rows.source.files}
        if before != now:
            changed = sorted(path for path in before | now if before.get(path) != now.get(path))
            raise RunFolderError(
                [
                    Problem("the data have changed since this run began", where=path)
                    for path in changed
                ],
                next_step="start a new run: luthier workup DATA (without --resume)",
            )

    def audit(self, rows: Rows) -> Audit:
        """Measure the rows, and get a second opinion on their labels."""
        from luthier.journeys.label_check import save_opinions
        from luthier.stages.audit import audit

        with self.stage("audit"):
            result = audit(rows, self.resolved.settings.split.near_duplicates)
            self.run.save_audit(result)
            doubts = save_opinions(self.run, rows, self.task, resume=self.resume)
            self.say("audit", (*result.notes, *doubts))
            self.summary = summaries.audit_in_words(result)
        return result

    def split(self, rows: Rows) -> Splits:
        """Share out the rows, or read how they were shared out."""
        from luthier.stages.split import split

        reused = self.resume and (self.run.path / "splits.parquet").exists()
        with self.stage("split", reused=reused):
            if reused:
                splits = self.run.splits
            else:
                splits = split(rows, self.resolved.settings.split, self.run.audit.alike_clusters)
                self.run.save_splits(splits)
            self.say("split", tuple(splits.notes))
            self.summary = ", ".join(f"{n:,} {name}" for name, n in splits.counts().items())
        return splits

    def plan(self, rows: Rows, splits: Splits) -> Plan:
        """Find the model, complete the settings by the recipe, encode, and write all of it down."""
        from luthier.journeys.augmenting import with_changed_copies
        from luthier.journeys.planning import choose_by_recipe
        from luthier.journeys.teaching import with_teacher
        from luthier.kit.model_packages import require_model_packages

        require_model_packages()
        from luthier.models.find import find_model
        from luthier.models.pretrained import load_tokenizer
        from luthier.stages.encode import encode

        with self.stage("encode"):
            decided = self.resume and is_decided(self.run)
            model = self.resolved.settings.model
            source = find_model(model.name_or_path, trust_remote_code=model.trust_remote_code)
            self.say("encode", tuple(Note("chosen", text) for text in source.notes))
            tokenizer = load_tokenizer(source)
            rows = rows.only(splits.row_ids)
            names = self.task.label_names(rows)
            if not decided:
                self.resolved = choose_by_recipe(
                    self.resolved, self.task, rows, splits, source, tokenizer
                )
            settings = self.resolved.settings
            length = settings.text.max_length
            encoded, notes = encode(rows, splits, self.task, names, tokenizer, settings.text)
            self.say("encode", tuple(notes))
            self.run.save_encoding({split: part.facts(length) for split, part in encoded.items()})
            self.run.save_lengths(RowLengths.of(list(encoded.values())))
            learned, copied = with_changed_copies(
                encoded["train"], rows, splits, self.task, names, tokenizer, settings, source
            )
            self.say("encode", copied)
            plan = Plan(settings, source, names, encoded, learned)
            if not decided:
                plan = self._decide(plan)
            plan, taught = with_teacher(plan, self.run, self.task, rows, splits)
            self.say("encode", (*settings_said(self.resolved), *taught))
            self.summary = summaries.tokens_in_words(encoded.values(), length)
        return plan

    def _decide(self, plan: Plan) -> Plan:
        """Measure what is left open, and write down what all later steps and resumes go by."""
        from luthier.journeys.planning import fit_to_machine, write_decided

        self.resolved = fit_to_machine(self.resolved, self.engine, self._job(plan))
        write_decided(self.run, self.resolved, plan.model_source, self._command())
        return replace(plan, settings=self.resolved.settings)

    def _command(self) -> str:
        return f"luthier workup --settings {shlex.quote(str(self.run.settings_path.resolve()))}"

    def _job(self, plan: Plan, *, resume: bool = False) -> TrainJob:
        return TrainJob(
            task=self.task,
            model_source=plan.model_source,
            label_names=plan.label_names,
            encoded={"train": plan.learned, "validation": plan.encoded["validation"]},
            settings=plan.settings,
            checkpoints=self.run.checkpoints,
            resume=resume,
            should_stop=self.should_stop,
            teacher=plan.teacher,
        )

    def train(self, plan: Plan) -> None:
        """Fit, then put the best checkpoint into the shape that ships."""
        from luthier.journeys.shipping import ship
        from luthier.journeys.tracking import trackers_of
        from luthier.journeys.watching import watch_of
        from luthier.stages.train import train

        with self.stage("train"):
            job = self._job(plan, resume=self.resume)
            job = replace(job, watch=watch_of(self.run, job))
            trackers = trackers_of(self.run, plan.settings, self.say)
            for event in train(job, self.engine, self.run):
                self.listen(TrainingSaid(event))
                trackers.tell(event)
            stopped = self.run.history[-1]
            ship(self.run, self.engine, job)
            self.summary = summaries.how_it_ended(stopped)

    def evaluate(self, rows: Rows, plan: Plan) -> None:
        """Judge what ships beside its simple rivals."""
        from luthier.journeys.judging import is_judged, judge_run

        reused = self.resume and is_judged(self.run)
        with self.stage("evaluate", reused=reused):
            if not reused:
                self.say("evaluate", judge_run(self.run, self.task, self.engine, rows, plan))
            self.summary = summaries.score_in_words(
                self.run.evaluation.splits.get("test"), "the test rows"
            )

    def _check_parity(self, rows: Rows) -> None:
        from luthier.journeys.parity import check_parity

        with self.stage("parity"):
            notes = check_parity(self.run, rows)
            self.say("parity", notes)
            self.summary = "not checked" if notes else "the model that ships has answered again"

    def diagnose(self, rows: Rows, *, parity: bool = False) -> Diagnosis:
        """Ask every fault; with `parity` the shipped model first answers in a fresh process."""
        from luthier.journeys.evidence import evidence_of
        from luthier.journeys.label_check import save_label_work
        from luthier.kit.parity_class import no_parity_of
        from luthier.stages.diagnose import diagnose

        if parity:
            self._check_parity(rows)
        with self.stage("diagnose"):
            save_label_work(self.run, rows)
            evidence = evidence_of(self.run, rows)
            refused = no_parity_of(self.resolved.settings, rows)
            diagnosis = diagnose(evidence, gives={"parity": refused} if refused else {})
            self.run.save_diagnosis(diagnosis)
            self.summary = (
                f"{len(diagnosis.fired)} found, {len(diagnosis.clear)} clear, "
                f"{len(diagnosis.not_checked)} not checked, {len(diagnosis.crashed)} crashed"
            )
        return diagnosis

    def report(self, rows: Rows, *, language: str | None = None, test_rows: bool = False) -> Path:
        """Write the plots, the page in a language (this machine's when None) and the model card."""
        from luthier.reporting.catalogue import language_here
        from luthier.stages.report import report

        with self.stage("report"):
            spoken = language or language_here()
            path = report(self.run, rows, language=spoken, test_rows=test_rows)
            self.summary = str(path)
        return path
