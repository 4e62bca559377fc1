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
