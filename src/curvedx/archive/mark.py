"""How a table of diagnoses is told from the log of a run: its columns could pass for losses."""

from __future__ import annotations

from pathlib import Path

MARK = b"curvedx_schema_version"
"""Key in the metadata of the Parquet schema; its value is the version of what `Diagnosis.to_dict` returns."""


def is_table(path: Path) -> bool:
    """Tell whether a file is a table of diagnoses."""
    if path.suffix != ".parquet":
        return False
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where such a file lies

    try:
        return MARK in (pq.read_schema(path).metadata or {})
    except (OSError, ValueError):
        return False
