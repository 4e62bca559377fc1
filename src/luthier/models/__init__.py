"""Loading pretrained weights, and saving what ships."""

import luthier.kit.openmp  # noqa: F401 - before torch is imported
