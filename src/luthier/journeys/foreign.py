"""Diagnosing a run that Luthier did not make: files of answers, a Keras file, a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from luthier.errors import InputError, Problem
from luthier.journeys.foreign_evidence import few_rows, foreign_evidence
from luthier.journeys.foreign_keras import keras_notes, training_facts
from luthier.journeys.foreign_order import (
    believed,
    order_of_columns,
    order_was_assumed,
)
from luthier.journeys.foreign_parity import foreign_parity
from luthier.kit.answer_kinds import refuse_other_kinds
from luthier.kit.keras_file import KerasFacts, read_keras_file
from luthier.kit.label_spelling import with_one_spelling
from luthier.kit.output_order import label_names
from luthier.kit.prediction_files import (
    AnswerFile,
    Answers,
    places_of,
    read_answers,
    to_answers,
)
from luthier.kit.reported_figures import reported_figures, require_answers
from luthier.records import (
    Applicability,
    Diagnosis,
    Evaluation,
    Note,
    Predictions,
    SplitEvaluation,
    SplitName,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.words import score_sentence
from luthier.settings import EvaluateSettings
from luthier.stages.diagnose import diagnose

GIVES: Mapping[str, str] = {
    "label_opinions": "luthier audit FILE, on the training file",
    "rows": "texts: a text column in the files",
    "splits": "--train FILE or --validation FILE with texts",
    "audit": "texts: a text column in the files",
    "train_predictions": "--train FILE with the answers to its rows",
    "validation_predictions": "--validation FILE with the answers to its rows",
    "test_predictions": "--predictions FILE",
    "parity": "the model itself: --model FOLDER (what save_pretrained wrote), and texts",
    "training": "the training itself: --keras FILE (the loss), or luthier.watch(model, optimizer)",
    "history": "the training itself: a run of Luthier, or luthier.watch(model, optimizer)",
    "checkpoints": "the checkpoints: a run of Luthier",
    "encoding": "the tokenizer: a run of Luthier",
    "lengths": "the tokenizer: a run of Luthier",
    "floor_predictions": "simple rivals: a run of Luthier on the same data",
    "settings": "the settings of a run of Luthier",
    "looks": "texts and labels in the test file",
}
"""Evidence -> what would give it here."""

LOSS_FAULTS = ("probabilities_into_loss", "head_does_not_fit")
"""Faults that a `.keras` file alone can answer; it shows the loss, and nothing of the steps."""


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """What is known of a run of another framework.

    Args:
        predictions: file with the answers to the test rows.
        validation: the same for validation rows; may hold rows and labels only.
        train: the same for training rows.
        keras: `.keras` file of the model.
        model: folder that `save_pretrained` wrote.
        initial_model: folder of the weights from before training.
        columns: `text`, `label`, `prediction` -> column name, where the guess must not decide.
        label_names: labels in the order of the outputs, where the guess must not decide.
        reported: `accuracy=0.83`, `validation.macro_f1=0.81`, as typed.
    """

    predictions: Path
    validation: Path | None = None
    train: Path | None = None
    keras: Path | None = None
    model: Path | None = None
    initial_model: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    label_names: Sequence[str] = ()
    reported: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ForeignDiagnosis:
    """The diagnosis, the figures, and everything that was guessed on the way."""

    diagnosis: Diagnosis
    evaluation: Evaluation
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        """The figures, and what was found, as the command prints them."""
        from luthier.reporting.diagnosis_lines import diagnosis_lines

        return "\n".join([*figure_lines(self.evaluation), *diagnosis_lines(self.diagnosis)])


def diagnose_foreign(run: ForeignRun) -> ForeignDiagnosis:
    """Ask every fault that these files can answer; needs no torch unless a model is given.

    Raises:
        InputError: with everything that is wrong with the files, each with its line.
        ModelError: when the model folder cannot be loaded.
    """
    reported = reported_figures(run.reported)
    files, spelled = with_one_spelling(_read(run), run.label_names)
    if not run.label_names:
        refuse_other_kinds(files)
    require_answers(reported, {file.split for file in files if file.has_answers})
    named = label_names(files, run.label_names)
    names = named.names
    answers, beside = _answers(files, names)
    evidence, more = foreign_evidence(files, answers, names)
    evidence["reported_figures"] = reported
    evidence["headline_metric"] = reported[0].name if reported else ""
    evaluation = _evaluation(answers)
    evidence["evaluation"] = evaluation
    keras = read_keras_file(run.keras) if run.keras else None
    notes = (
        *(note for file in files for note in file.columns.notes),
        *spelled,
        *named.notes,
        *(note for found in answers.values() if found for note in found.notes),
        *more,
        *few_rows(answers["test"]),
        *(keras_notes(keras, len(names)) if keras else ()),
    )
    if run.model:
        parity, said = foreign_parity(run.model, run.initial_model, _told(files, answers))
        evidence["parity"] = parity
        notes = (*notes, *said)
    found = _ask(evidence, keras, len(names), sum(len(file.table) for file in files))
    if named.assumed and not files[-1].names_its_answers:
        found = order_was_assumed(found, names, evidence)
    if beside is not None:
        found = order_of_columns(found, beside, names, assumed=named.assumed)
    return ForeignDiagnosis(_in_words(found), evaluation, notes)


def figure_lines(evaluation: Evaluation, say: Catalogue = ENGLISH) -> list[str]:
    """How good the answers in each file are, a line each."""
    return [
        score_sentence(name, judged, say) for name, judged in evaluation.splits.items() if judged.n
    ]


def _in_words(found: Diagnosis) -> Diagnosis:
    """The same cures without settings: those are Luthier's, and this training is not."""
    fired = tuple(
        replace(
            finding,
            prescription=tuple(
                replace(cure, settings={}, applicability=Applicability.ADVICE)
                for cure in finding.prescription
            ),
        )
        for finding in found.fired
    )
    return replace(found, fired=fired)


def _answers(
    files: Sequence[AnswerFile], names: Sequence[str]
) -> tuple[dict[SplitName, Answers | None], Predictions | None]:
    """The answers of every file; and outputs beside predictions where they differ in order.

    Raises:
        InputError: with everything that is wrong in any of the files.
    """
    answers: dict[SplitName, Answers | None] = {}
    beside: Predictions | None = None
    problems: list[Problem] = []
    steps: list[str] = []
    first_row = 0
    for file in files:
        answers[file.split] = None
        try:
            if file.has_answers:
                read = to_answers(file, names, first_row)
                answers[file.split], beside = believed(read, file.table.name)
            else:
                places_of(file, "label", names)
        except InputError as error:
            problems += error.problems
            steps.append(error.next_step)
        first_row += len(file.table)
    if problems:
        raise InputError(problems, next_step="; ".join(dict.fromkeys(steps)))
    return answers, beside


def _read(run: ForeignRun) -> list[AnswerFile]:
    """Every file, in the order train, validation, test; all problems at once."""
    given: tuple[tuple[SplitName, Path | None], ...] = (
        ("train", run.train),
        ("validation", run.validation),
        ("test", run.predictions),
    )
    files: list[AnswerFile] = []
    problems: list[Problem] = []
    next_step = ""
    for split, path in given:
        if path is None:
            continue
        try:
            files.append(read_answers(path, split, run.columns))
        except InputError as error:
            problems += error.problems
            next_step = next_step or error.next_step
    if not problems and not files[-1].has_answers:
        columns = ", ".join(list(files[-1].table.columns)[:12])
        what = f"no prediction and no outputs among the columns {columns}"
        problems = [Problem(what, where=str(run.predictions))]
        next_step = "--prediction-column NAME, or one column of outputs per label (prob_<label>)"
    if problems:
        raise InputError(problems, next_step=next_step)
    return files


def _evaluation(answers: Mapping[SplitName, Answers | None]) -> Evaluation:
    from luthier.kit.classification_figures import judge

    splits: dict[str, SplitEvaluation] = {
        split: judge(found.predictions, EvaluateSettings())
        for split, found in answers.items()
        if found and (found.predictions.labels >= 0).any()
    }
    return Evaluation(splits, "")


def _told(
    files: Sequence[AnswerFile], answers: Mapping[SplitName, Answers | None]
) -> dict[SplitName, tuple[Predictions, tuple[str, ...], float]]:
    """Split -> answers, texts and rounding, for the splits that have both."""
    told = {}
    for file in files:
        texts, found = file.values("text"), answers[file.split]
        if texts is not None and found is not None:
            told[file.split] = (found.predictions, tuple(texts), found.rounded)
    if "test" not in told:
        raise InputError(
            Problem("it has no texts, so the model cannot answer them again",
                    where=str(files[-1].path)),
            next_step="--text-column NAME, or leave --model out",
        )  # fmt: skip
    return told


def _ask(
    evidence: Mapping[str, object], keras: KerasFacts | None, labels: int, rows: int
) -> Diagnosis:
    """All faults; those of the loss with what the Keras file shows."""
    known = training_facts(keras, labels, rows) if keras else None
    shown = {fault: {"training": known} for fault in LOSS_FAULTS} if known else {}
    return diagnose(evidence, gives=GIVES, only_for=shown)
