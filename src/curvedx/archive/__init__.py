"""Archives of runs: find them, judge them all, keep the answers in a table."""

from curvedx.archive.discover import discover
from curvedx.archive.score import Scored, score
from curvedx.archive.table import write_parquet

__all__ = ["Scored", "discover", "score", "write_parquet"]
