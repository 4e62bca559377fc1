"""Is what was judged what ships? The shipped folder in a fresh process beside the record."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import pairwise

import numpy as np
from pydantic import TypeAdapter

from luthier.errors import Problem, RunFolderError
from luthier.journeys.judged_evidence import PARITY
from luthier.journeys.shipping import manifest
from luthier.kit.model_packages import require_model_packages
from luthier.kit.parity_class import why_no_parity
from luthier.kit.telling_rows import telling_rows
from luthier.kit.ways import exact_ways
from luthier.records import STAGES, Note, Parity, Rows, Started
from luthier.run_folder import RunFolder, write_json
from luthier.settings_file import from_run_yaml
from luthier.tasks import get_task


def check_parity(run: RunFolder, rows: Rows) -> tuple[Note, ...]:
    """Let plain transformers answer validation rows from `model/`, and write `parity.json`.

    Text, token ids, probabilities and label are compared with what training saw and evaluation
    recorded. Validation rows, so that no look at the test rows is spent.

    Args:
        run: a run that has been evaluated.
        rows: its rows.

    Returns:
        A note where the model is of the kind that only Luthier can answer with: plain transformers
        would rightly answer otherwise, and nothing is written.

    Raises:
        RunFolderError: when nothing was judged yet.
        ModelError: when the folder cannot be loaded.
        MissingExtraError: when torch or transformers is not installed.
    """
    require_model_packages()
    from luthier.evidence.fresh_process import fresh_model
    from luthier.evidence.parity import Recorded, find_way

    run.require("model", "predictions/validation.parquet")
    bound = manifest(run)
    if refused := why_no_parity(bound["parity_class"], rows.columns):
        return (Note("skipped", refused),)
    answers = run.predictions("validation")
    place = {row: i for i, row in enumerate(rows.ids.tolist())}
    texts = tuple(str(rows.columns["text"][place[row]]) for row in answers.row_ids.tolist())
    recorded = Recorded(answers, texts).take(telling_rows(texts))
    with fresh_model(run.model) as model:
        facts = model.facts()
        if facts.labels != answers.label_names:
            raise RunFolderError(
                Problem("id2label does not name the labels in their order",
                        where=str(run.model / "config.json")),
                next_step=f"luthier workup --resume --run-dir {shlex.quote(str(run.path))}",
            )  # fmt: skip
        found = find_way(recorded, model.probabilities, exact_ways(facts.max_length))
        told = model.answers(recorded.texts)
    found = replace(
        found,
        split="validation",
        missing_keys=facts.missing_keys,
        unexpected_keys=facts.unexpected_keys,
        training_modules=facts.training_modules,
        shipped_digest=facts.digest,
        initial_digest=next((e.initial_digest for e in run.history if isinstance(e, Started)), ""),
    )
    if told is not None:
        found = _with_tokens(found, run, rows, recorded.answers.row_ids.tolist(), told[1])
    write_json(run.path / PARITY, TypeAdapter(Parity).dump_python(found, mode="json"))
    return ()


def _with_tokens(
    found: Parity, run: RunFolder, rows: Rows, row_ids: list[int], now: list[list[int]]
) -> Parity:
    """Token ids as training made them, beside those of the fresh process."""
    from luthier.models.find import find_model
    from luthier.models.pretrained import load_tokenizer

    settings = from_run_yaml(run.settings_path).settings
    bound = manifest(run)
    model = settings.model
    source = find_model(model.name_or_path, trust_remote_code=model.trust_remote_code)
    place = {row: i for i, row in enumerate(rows.ids.tolist())}
    some = rows.take([place[row] for row in row_ids])
    task = get_task(bound["task"])
    encoded = task.encode(some, tuple(bound["labels"]), load_tokenizer(source), settings.text)
    ids, offsets = encoded.flat["input_ids"], encoded.offsets
    before = [ids[a:b].tolist() for a, b in pairwise(offsets)]
    differ = [i for i, (a, b) in enumerate(zip(before, now, strict=True)) if a != b]
    stages = {"tokens": len(differ), **found.stages}
    if not differ:
        return replace(found, stages=stages)
    first = differ[0]
    at = next(
        (i for i, (a, b) in enumerate(zip(before[first], now[first], strict=False)) if a != b),
        min(len(before[first]), len(now[first])),
    )
    shown = slice(max(0, at - 2), at + 6)
    return replace(
        found,
        stages=stages,
        first_stage=next(stage for stage in STAGES if stages.get(stage)),
        row_ids=tuple(np.array(row_ids)[differ].tolist()),
        example={
            "row": str(row_ids[first]),
            "recorded": " ".join(map(str, before[first][shown])),
            "now": " ".join(map(str, now[first][shown])),
        },
    )
