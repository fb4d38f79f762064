"""The table of an archive: one row a run, in Parquet, written as the runs are judged."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from curvedx.archive.mark import MARK
from curvedx.archive.score import Scored
from curvedx.catalogue import assessable
from curvedx.diagnosis.result import SCHEMA_VERSION
from curvedx.errors import CurvedxError

if TYPE_CHECKING:
    import pyarrow as pa

_ROW_GROUP = 1024


class Table:
    """A Parquet file that grows by a row group at a time; use it as a context.

    Columns: run, source, label, ok, confidence, severity, points, first_step, last_step, best_step, findings, one
    ``p_<pattern>`` for each pattern (null where it was not assessed), caveats, error. In a row with an error all
    others but run and source are null. When the context ends by an exception the file holds the rows added so far.

    Parameters
    ----------
    out
        The file; its directory is made where it is missing.

    Raises
    ------
    CurvedxError
        If the file cannot be written.
    """

    def __init__(self, out: str | PathLike[str]) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - only where a table is written

        self._schema = _schema()
        self._rows: list[dict[str, Any]] = []
        try:
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")
        except OSError as error:
            raise CurvedxError(f"{out}: cannot be written ({error.strerror or error}); choose another --out") from error

    def add(self, scored: Scored) -> None:
        """Append one run."""
        self._rows.append(_row(scored))
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - as above

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
        finally:
            self._writer.close()


def write_parquet(scored: Iterable[Scored], out: str | PathLike[str]) -> int:
    """Write the table of an archive.

    Parameters
    ----------
    scored
        What `score` yields; it is consumed as it is written.
    out
        The Parquet file.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    CurvedxError
        If the file cannot be written.
    """
    rows = 0
    with Table(out) as table:
        for one in scored:
            table.add(one)
            rows += 1
    return rows


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - as above

    number, text = pa.float64(), pa.string()
    parts = {"pattern": text, "probability": number, "onset": number, "end": number, "sentence": text}
    columns = {
        "run": text,
        "source": text,
        "label": text,
        "ok": pa.bool_(),
        "confidence": number,
        "severity": text,
        "points": pa.int64(),
        "first_step": number,
        "last_step": number,
        "best_step": number,
        "findings": pa.list_(pa.struct(list(parts.items()))),
        **{f"p_{pattern.name}": number for pattern in assessable()},
        "caveats": pa.list_(text),
        "error": text,
    }
    return pa.schema(list(columns.items()), metadata={MARK: str(SCHEMA_VERSION)})


def _row(scored: Scored) -> dict[str, Any]:
    row: dict[str, Any] = {"run": scored.run, "source": str(scored.source), "error": scored.error}
    if scored.diagnosis is None:
        return row
    report = scored.diagnosis.to_dict()
    same = ("label", "ok", "confidence", "severity", "points", "best_step", "findings", "caveats")
    row |= {key: report[key] for key in same}
    row["first_step"], row["last_step"] = report["span"] or (None, None)
    return row | {f"p_{name}": probability for name, probability in report["probabilities"].items()}
