"""Let torch's threads wait without spinning; imported before torch is.

A spinning thread burns the core that the thread it waits for needs. Where another program shares
the machine this made a training step several times slower; what it costs on an idle machine was
too little to tell apart from noise (docs/LOG.md). A value that the user has set is kept.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
