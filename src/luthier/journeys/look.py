"""Opening the test rows to be read: a look at the test set, written down before they are shown."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from luthier.kit.row_answers import answer_word
from luthier.ledger import OPEN_ROWS, Looks, digest_of_test_rows, record_look
from luthier.records import Rows
from luthier.run_folder import RunFolder, write_json


def open_test_rows(run: RunFolder, rows: Rows) -> Looks:
    """Record in the ledger that the test rows of a run are opened, and count again.

    Args:
        run: a run that was judged on test rows.
        rows: every row of its data.

    Raises:
        RunFolderError: when the run has no answers for test rows.
    """
    run.require("predictions/test.parquet")
    at = np.flatnonzero(np.isin(rows.ids, run.splits.ids_of("test")))
    texts, labels = rows.columns["text"], rows.columns[answer_word(rows)]
    digest = digest_of_test_rows((str(texts[i]), str(labels[i])) for i in at.tolist())
    looks = record_look(digest, run.answers("test").model_digest, OPEN_ROWS)
    write_json(run.path / "test_set_looks.json", asdict(looks))
    return looks
