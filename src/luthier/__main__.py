"""`python -m luthier` is the command `luthier`."""

import sys

from luthier.cli.main import main

sys.exit(main())
