"""The command line: each command a few lines over the library of the same name."""

from curvedx.cli.main import cli, main

__all__ = ["cli", "main"]
