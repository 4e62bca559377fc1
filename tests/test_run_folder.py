"""Where a run folder can be made."""

from pathlib import Path

import pytest

from luthier.errors import RunFolderError
from luthier.run_folder import RunFolder


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system without folders")
def test_a_place_that_takes_no_folder_is_refused_with_another_way():
    with pytest.raises(RunFolderError) as caught:
        RunFolder("/proc/luthier").create()
    assert str(caught.value) == (
        "/proc/luthier: no folder can be made here\nnext: choose another folder with --run-dir"
    )


def test_what_a_killed_writer_left_is_cleared_by_the_next_one_who_holds_the_folder(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.create()
    (run.path / "predictions").mkdir()
    unfinished = [
        run.path / ".label_pairs.json.t3kkcuyy.tmp",
        run.path / "predictions" / ".test.parquet.a1b2c3d4.tmp",
    ]
    for path in unfinished:
        path.write_bytes(b"{")
    kept = run.path / "notes.tmp"
    kept.write_text("a file of the user")
    with run.lock():
        assert not any(path.exists() for path in unfinished)
        assert kept.exists()
