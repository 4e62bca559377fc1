"""Many rows are encoded and answered in windows: the memory for tokens stays the same."""

import numpy as np
import torch

from luthier.engines.local import LocalEngine
from luthier.kit import encode_texts
from luthier.models.pretrained import load_tokenizer
from luthier.stages import predict as stage
from tiny_models import tiny_job, tiny_rows


def test_windows_change_no_answer_and_cut_texts_are_counted_over_all(tmp_path, monkeypatch):
    job = tiny_job(tmp_path, text={"max_length": 12})
    torch.manual_seed(0)
    model = job.task.load_model(job.model_source, job.label_names, job.settings).eval()
    tokenizer, rows = load_tokenizer(job.model_source), tiny_rows(50, seed=3)
    asked = (job.task, LocalEngine(), model, tokenizer, rows, job.label_names, job.settings, "")
    whole = stage.predict(*asked)
    sizes = []
    monkeypatch.setattr(stage, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(encode_texts, "TEXTS_AT_ONCE", 3)
    encode = job.task.encode
    monkeypatch.setattr(
        type(job.task),
        "encode",
        lambda _, part, *more: (sizes.append(len(part)), encode(part, *more))[1],
    )
    told = stage.predict(*asked)
    assert sizes == [7] * 7 + [1]
    np.testing.assert_allclose(
        told.predictions.probabilities, whole.predictions.probabilities, atol=1e-6
    )
    assert told.predictions.row_ids.tolist() == rows.ids.tolist()
    assert told.lost_tokens.tolist() == whole.lost_tokens.tolist()
    assert told.notes == whole.notes
    assert "which were cut: 29 of 50" in told.notes[0].message
