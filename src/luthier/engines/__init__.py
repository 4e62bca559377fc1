"""Where work runs. Every engine speaks `records.Engine`; `local.LocalEngine` is this process."""

import luthier.kit.openmp  # noqa: F401 - before torch is imported
