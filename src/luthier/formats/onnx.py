"""ONNX: the shipped model as a graph for ONNX Runtime, in full precision or with 8-bit weights.

The exporter, its dynamic quantizer and its fusing of parts into ONNX Runtime's own operators are
those of transformers; other runtimes do not know these operators. Batch size and length stay open,
so that texts are padded to the longest of their batch and no further.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Mapping
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from luthier.errors import MissingExtraError, ModelError, Problem
from luthier.kit.batching import pad, parts_within
from luthier.records import Encoded, FloatArray, IntArray
from luthier.settings import Settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Format = Literal["onnx", "onnx-int8"]
FORMATS: tuple[Format, ...] = ("onnx", "onnx-int8")
GRAPH = "model.onnx"
TOKENS_AT_ONCE = 2048
_TO_ANSWER = ("onnxruntime",)
_TO_WRITE = ("onnx", "onnxscript", "onnxruntime")


def require_onnx_packages(*, to_write: bool) -> None:
    """Check that graphs can be written, or answered with, here.

    Raises:
        MissingExtraError: naming every package that is not installed.
    """
    wanted = _TO_WRITE if to_write else _TO_ANSWER
    problems = [
        Problem("this package is not installed", where=name)
        for name in wanted
        if util.find_spec(name) is None
    ]
    if to_write and util.find_spec("transformers.exporters") is None:
        problems.append(Problem("this version cannot export models", where="transformers"))
    if problems:
        raise MissingExtraError(problems, next_step="pip install -U 'luthier[export]'")


def write_onnx(
    model: PreTrainedModel, sample: Mapping[str, Any], folder: Path, kind: Format
) -> None:
    """Write `model.onnx` and its weights into a folder that is there.

    Args:
        model: in evaluation mode, on the CPU.
        sample: padded inputs of at least two texts of at least two tokens, int64 [s, l] each.
        folder: target.
        kind: full precision, or weights of linear layers as 8-bit numbers (activations are turned
            into 8 bits while it runs).

    Raises:
        MissingExtraError: when a package is not installed.
        ModelError: when this architecture cannot be exported.
    """
    require_onnx_packages(to_write=True)
    from transformers.exporters.configs import OnnxConfig
    from transformers.exporters.exporter_onnx import OnnxExporter
    from transformers.exporters.quantizers.quantizer_onnxruntime import (
        OnnxRuntimeDynamicConfig,
        OnnxRuntimeQuantizer,
    )

    from luthier.models.first_token import first_token_only, proven_first_token
    from luthier.models.quiet import quiet

    quantizer = None
    if kind == "onnx-int8":
        # one bit less of the weights' range: without it, sums overflow where there is no VNNI
        how = OnnxRuntimeDynamicConfig(per_channel=True, reduce_range=True)
        quantizer = OnnxRuntimeQuantizer(how)
    try:
        layer = proven_first_token(model, sample)
        with quiet(), _silent(), first_token_only(layer):
            exporter = OnnxExporter()
            config = OnnxConfig(dynamic=True, quantizer=quantizer, ort_fusions="cpu")
            exported = exporter.export(model, dict(sample), config=config)
            exporter.save_program(exported.program, folder / GRAPH)
    except MemoryError:
        raise
    except Exception as error:
        line = next((one for one in str(error).splitlines() if one.strip()), "no reason given")
        raise ModelError(
            Problem(
                f"{model.config.model_type} models cannot be exported to {kind} here "
                f"({type(error).__name__}: {line.strip()[:200]})",
                where="luthier export",
            ),
            next_step="the model in model/ works as before",
        ) from error


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The exporter of torch prints its steps and logs what it skips."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


class OnnxModel:
    """Answers with a graph that `write_onnx` wrote.

    Args:
        folder: that holds it.
        pad_token_id: what stands behind a text that is shorter than its batch.
        threads: CPU threads; 0 takes all cores.

    Raises:
        MissingExtraError: when ONNX Runtime is not installed.
        ModelError: when the graph cannot be read.
    """

    def __init__(self, folder: Path, pad_token_id: int, threads: int = 0) -> None:
        require_onnx_packages(to_write=False)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(
                Problem(f"cannot be read: {str(error).splitlines()[0]}", where=str(folder / GRAPH)),
                next_step="export it again: luthier export RUN",
            ) from error
        self._takes = [one.name for one in self._session.get_inputs()]
        self._pad = {"input_ids": pad_token_id}

    def logits(self, _model: object, encoded: Encoded, settings: Settings) -> FloatArray:
        """float64 [n, K] in the order of `encoded`; windows of a text are pooled as set."""
        answers: FloatArray | None = None
        for part in parts_within(np.arange(len(encoded)), encoded.lengths, TOKENS_AT_ONCE):
            arrays = pad(encoded, part, self._pad)
            fed = {name: arrays[name] for name in self._takes}
            values = np.asarray(self._session.run(["logits"], fed)[0], dtype=np.float64)
            values = _pooled(values, encoded, part, settings.text.window_pooling)
            if answers is None:
                answers = np.empty((len(encoded), values.shape[1]))
            answers[part] = values
        return np.empty((0, 0)) if answers is None else answers


def _pooled(values: FloatArray, encoded: Encoded, part: IntArray, how: str) -> FloatArray:
    """Float [b, K]: mean or largest logits over the windows of each row."""
    if encoded.window_offsets is None:
        return values
    owner = encoded.sequences(part)[2]
    starts = np.searchsorted(owner, np.arange(len(part)))
    if how == "max":
        return np.maximum.reduceat(values, starts, axis=0)
    sums: FloatArray = np.add.reduceat(values, starts, axis=0)
    return sums / np.bincount(owner, minlength=len(part))[:, None]
