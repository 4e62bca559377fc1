"""`python -m luthier` is the command `luthier`."""

from luthier.cli.main import command

command()
