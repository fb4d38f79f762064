"""``python -m curvedx`` is the command ``curvedx``."""

from curvedx.cli import main

main()
