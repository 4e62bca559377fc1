"""A model folder in a fresh process, asked like a function. No torch in this one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic import TypeAdapter
from scipy.special import softmax

from luthier.errors import ModelError, Problem
from luthier.kit.ways import AS_SHIPPED, Way
from luthier.records import FloatArray

PROBE = "luthier.evidence.parity_probe"


@dataclass(frozen=True, slots=True)
class LoadedFacts:
    """What loading the folder in the fresh process said (see `parity_probe.facts`)."""

    labels: tuple[str, ...]
    max_length: int | None
    missing_keys: tuple[str, ...]
    unexpected_keys: tuple[str, ...]
    digest: str
    training_modules: tuple[str, ...]


class FreshModel:
    """The process behind a model folder; made by `fresh_model`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def facts(self) -> LoadedFacts:
        """Labels, longest input, weights that are missing, digest.

        Raises:
            ModelError: when transformers cannot load the folder.
        """
        reply = self._ask({"ask": "facts"})
        if "error" in reply:
            raise ModelError(
                Problem(f"plain transformers cannot load it: {reply['error']}",
                        where=str(self._folder)),
                next_step="give a folder that save_pretrained wrote, with its tokenizer",
            )  # fmt: skip
        return TypeAdapter(LoadedFacts).validate_python(reply)

    def probabilities(
        self, texts: Sequence[str], way: Way = AS_SHIPPED, *, alone: bool = False, seed: int = 0
    ) -> FloatArray | None:
        """float64 [n, K], or None where this model cannot be asked in this way."""
        found = self.answers(texts, way, alone=alone, seed=seed)
        return None if found is None else found[0]

    def answers(
        self, texts: Sequence[str], way: Way = AS_SHIPPED, *, alone: bool = False, seed: int = 0
    ) -> tuple[FloatArray, list[list[int]]] | None:
        """Probabilities float64 [n, K] and token ids of each text, or None."""
        request = {
            "ask": "answers",
            "texts": way.texts(texts),
            "way": way.plain(),
            "alone": alone,
            "seed": seed,
        }
        reply = self._ask(request)
        if "error" in reply:
            return None
        probabilities: FloatArray = softmax(np.array(reply["logits"], dtype=np.float64), axis=1)
        return probabilities, reply["ids"]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = _pipes(self._process)
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
        line = stdout.readline()
        if not line:
            raise ModelError(
                Problem("the fresh process with this model ended by itself",
                        where=str(self._folder)),
                next_step="there may be too little memory for the model",
            )  # fmt: skip
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextlib.contextmanager
def fresh_model(folder: Path) -> Iterator[FreshModel]:
    """Start the process, and end it with the block.

    Args:
        folder: what `save_pretrained` wrote, tokenizer included.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, a list of arguments, no shell
        [sys.executable, "-m", PROBE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
    )
    try:
        yield FreshModel(process, folder)
    finally:
        stdin, stdout = _pipes(process)
        with contextlib.suppress(OSError):
            stdin.close()
        stdout.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:  # both were asked for: cannot be
        raise RuntimeError("the process has no pipes")
    return process.stdin, process.stdout
