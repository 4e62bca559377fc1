"""A fresh process that answers with an export, as `luthier predict` would.

Started as `python -m luthier.journeys.export_probe RUN FOLDER ASKED.json TOLD.npz`. ASKED holds the
columns of texts. TOLD gets `text` (sha256 of each text as it arrived), `ids` and `offsets` (token
ids), `logits`, and `seconds` (of the graph alone).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from luthier.formats.onnx import OnnxModel
from luthier.journeys.export import digests_of_texts
from luthier.journeys.shipping import manifest
from luthier.models.pretrained import find_model, load_tokenizer
from luthier.records import Rows, Source
from luthier.run_folder import RunFolder
from luthier.settings_file import from_run_yaml
from luthier.tasks import get_task


def main(run_folder: str, folder: str, asked: str, told: str) -> None:
    """Answer the texts in `asked`."""
    run = RunFolder(run_folder)
    columns = json.loads(Path(asked).read_text(encoding="utf-8"))
    n = len(columns["text"])
    rows = Rows(
        ids=np.arange(n),
        columns=columns,
        locations=[f"text {number}" for number in range(1, n + 1)],
        given_split=[None] * n,
        source=Source(path="", files=(), rows=n, columns={name: name for name in columns}),
    )
    settings, bound = from_run_yaml(run.settings_path).settings, manifest(run)
    tokenizer = load_tokenizer(find_model(str(run.model.absolute())))
    task = get_task(bound["task"])
    encoded = task.encode(rows, tuple(bound["labels"]), tokenizer, settings.text)
    graph = OnnxModel(Path(folder), tokenizer.pad_token_id or 0, settings.train.threads)
    graph.logits(None, encoded.take(np.arange(1)), settings)  # to warm up
    began = time.perf_counter()
    logits = graph.logits(None, encoded, settings)
    seconds = time.perf_counter() - began
    np.savez(
        told,
        text=np.array(digests_of_texts(rows)),
        ids=encoded.flat["input_ids"],
        offsets=encoded.offsets,
        logits=logits,
        seconds=np.array(seconds),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
