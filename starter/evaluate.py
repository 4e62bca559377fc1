"""Step: how good is the encoder? One command, every cell kept, five seeds, intervals.

    python -m starter.evaluate --model build/starter/model --jobs 2

Six sets, all training rows and 64 and 8 rows per label. The encoder fine-tuned and frozen, against
the same architecture from random weights, TF-IDF with a linear support vector machine and with
logistic regression, and all-MiniLM-L6-v2 on the English sets. Stop it whenever you like: what is
computed is kept in `--cache`, and the same command goes on. The figures of everything that is
complete are written to `--out`; what is missing is listed there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier.errors import LuthierError, did_you_mean
from luthier.kit.environment import describe_environment
from luthier.models.find import find_model
from luthier.run_folder import write_json
from starter.cells import CHOOSING_SEED, Arm, model_digest
from starter.choices import Line
from starter.schedule import Schedule
from starter.sets import PARTS, LabelledSet, load_set
from starter.summary import summary
from starter.work import announce

ARMS = {
    "tfidf_svm": "svm",
    "tfidf_logistic": "logistic",
    "starter_frozen": "frozen",
    "starter_finetuned": "finetuned",
    "twin_finetuned": "twin",
    "minilm_frozen": "frozen",
    "minilm_finetuned": "finetuned",
}
SIZES: dict[str, int | None] = {"full": None, "64": 64, "8": 8}
OUT = Path("starter/results/evaluation.json")
CELLS = Path("starter/results/cells")
"""Kept with the source: who has a core to spare goes on where the last one stopped, and whoever
wants to check a figure has every answer that it is made of."""
VERSIONS = ("python", "torch", "transformers", "tokenizers", "scikit-learn", "numpy")


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compute what is missing, within `--minutes`, and give the figures of what is complete."""
    arms = _arms(arguments.arms, arguments.model)
    lines = [
        Line(arm, data, SIZES[size], arguments.seeds)
        for size in arguments.sizes
        for name in arguments.sets
        for part in PARTS[name]
        for data in [load_set(part, arguments.data)]
        for arm in arms
        if _fits(arm, data)
    ]
    schedule = Schedule(lines, arguments.data, arguments.cache)
    try:
        if not arguments.only_report:
            schedule.run(arguments.jobs, arguments.minutes)
    except KeyboardInterrupt:
        announce("stopped; the same command goes on from here")
    states = [(line, schedule.progress(line)) for line in lines]
    done = [
        (line, state.final, tuple(fact for cell in state.final if (fact := schedule.known(cell))))
        for line, state in states
        if not state.left
    ]
    unfinished = [(line, state) for line, state in states if state.left]
    versions = describe_environment("")["versions"]
    return {
        "model": _model_facts(arguments.model) if arguments.model else None,
        "seeds": arguments.seeds,
        "choosing_seed": CHOOSING_SEED,
        "versions": {name: versions[name] for name in VERSIONS if name in versions},
        **summary(done, unfinished, arguments.cache),
    }


def _arms(names: Sequence[str], model: Path | None) -> list[Arm]:
    found = []
    for name in names:
        folder = None
        if name.startswith("minilm"):
            folder = Path(find_model("all-MiniLM-L6-v2").path)
        elif not name.startswith("tfidf"):
            if model is None:
                continue
            folder = Path(find_model(str(model.absolute())).path)
        found.append(Arm(name, ARMS[name], folder))
    return found


def _fits(arm: Arm, data: LabelledSet) -> bool:
    """all-MiniLM-L6-v2 reads English only."""
    return not arm.name.startswith("minilm") or data.language == "en"


def _model_facts(folder: Path) -> dict[str, Any]:
    from luthier.models.facts import describe_model

    facts = describe_model(find_model(str(folder)))
    return {"digest": model_digest(folder), "parameters": facts.parameters}


def _known(kind: str, known: Sequence[str]) -> Any:
    def check(name: str) -> str:
        if name not in known:
            hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
            raise argparse.ArgumentTypeError(f"there is no {kind} {name!r}; {hint}")
        return name

    return check


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    found = argparse.ArgumentParser(
        prog="python -m starter.evaluate", description=str(__doc__).split("\n", 1)[0]
    )
    add = found.add_argument
    add("--model", type=Path, help="folder of the encoder; without it only what needs none")
    add("--sets", nargs="+", type=_known("set", list(PARTS)), default=list(PARTS), metavar="SET")
    add("--arms", nargs="+", type=_known("arm", list(ARMS)), default=list(ARMS), metavar="ARM")
    add("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="rows per label")
    add("--seeds", type=_at_least_one, default=5)
    add("--jobs", type=_at_least_one, default=1, help="processes; they share the cores")
    add("--minutes", type=float, help="begin no cell after so many minutes")
    add("--data", type=Path, default=Path("../shared/data"), help="folder of the six sets")
    add("--cache", type=Path, default=CELLS, help="folder of the computed cells")
    add("--out", type=Path, default=OUT, help="JSON file with the figures")
    add("--only-report", action="store_true", help="compute nothing new")
    return found


def main() -> int:
    """Evaluate and write the JSON file; 1 when cells are missing, 2 when something is wrong."""
    arguments = parser().parse_args()
    try:
        found = evaluate(arguments)
    except LuthierError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    write_json(arguments.out, found)
    missing = sum(line["cells"] for line in found["missing"])
    announce(f"{arguments.out} written, {missing} cells missing")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
