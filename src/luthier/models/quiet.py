"""Keep transformers and huggingface_hub from writing to the terminal themselves."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from logging import ERROR

from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Neither log lines nor progress bars nor warnings of the libraries; their settings come back.

    What matters of what they would say (missing weights, cut texts) is checked by Luthier itself.
    """
    verbosity, hub_verbosity = logging.get_verbosity(), hub_logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity(ERROR)
    hub_logging.set_verbosity(ERROR)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
        if bars:
            logging.enable_progress_bar()
