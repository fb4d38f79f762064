"""Readers: one log file, run directory, pasted text or frame in, a `Curve` a run out."""

from curvedx.readers.reading import curve_from_frame, read, read_runs, read_text
from curvedx.readers.registry import Format, formats, sniff
from curvedx.readers.roles import Columns

__all__ = ["Columns", "Format", "curve_from_frame", "formats", "read", "read_runs", "read_text", "sniff"]
