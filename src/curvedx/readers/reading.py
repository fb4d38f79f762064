"""The public functions: read one run, every run, pasted text, a frame."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from curvedx.curve import Curve
from curvedx.errors import ReadError
from curvedx.readers import registry
from curvedx.readers.assemble import assemble
from curvedx.readers.folder import log_in
from curvedx.readers.log import found
from curvedx.readers.roles import GUESS, Columns


def read(
    source: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word users look for
    columns: Columns = GUESS,
    run: str | None = None,
) -> Curve:
    """Read a log that holds exactly one run.

    Parameters
    ----------
    source
        A file, or the directory of one run.
    format
        The name of a format (see `formats`); None tells it from the file.
    columns
        Names that override the guessed roles of the columns.
    run
        In a log of several runs, the one to read.

    Returns
    -------
    Curve
        NaN and infinity in it are what the run logged; what was changed or left out is in its caveats.

    Raises
    ------
    ReadError
        If the log cannot be read, holds no loss or two that could be meant, or several runs and none is named.
    """
    curves = read_runs(source, format=format, columns=columns)
    names = [curve.name for curve in curves]
    if run is not None:
        for curve in curves:
            if curve.name == run:
                return curve
        raise ReadError(f"{fspath(source)}: no run {run!r} (found {found(names)}); give one of these to --run")
    if len(curves) > 1:
        raise ReadError(f"{fspath(source)}: {len(curves)} runs ({found(names)}); choose one with --run NAME")
    return curves[0]


def read_runs(
    source: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word users look for
    columns: Columns = GUESS,
) -> list[Curve]:
    """Read every run of one file or one run directory.

    Parameters
    ----------
    source
        A file, or the directory of one run.
    format
        The name of a format (see `formats`); None tells it from the file.
    columns
        Names that override the guessed roles of the columns.

    Returns
    -------
    list of Curve
        At least one.

    Raises
    ------
    ReadError
        If the log cannot be read, or holds no loss or two that could be meant.
    """
    path = Path(source)
    try:
        reader, path = _reader(path, format)
        logs = reader.load().read_path(path, columns)
    except OSError as error:
        raise ReadError(f"{path}: cannot be opened ({error.strerror or error}); check the path") from error
    return [assemble(log, columns) for log in logs]


def read_text(text: str, *, name: str = "stdin", columns: Columns = GUESS) -> list[Curve]:
    """Read pasted text: console output, CSV, JSON or JSONL.

    Parameters
    ----------
    text
        What was pasted.
    name
        What to call it in messages, and the run where the text names none.
    columns
        Names that override the guessed roles of the columns.

    Raises
    ------
    ReadError
        If the text holds no loss or two that could be meant.
    """
    from curvedx.readers.pasted import logs_in  # noqa: PLC0415 - the parsers only when text is read

    return [assemble(log, columns) for log in logs_in(text, name, columns)]


def curve_from_frame(frame: Any, *, name: str = "", columns: Columns = GUESS) -> Curve:
    """Read a pandas, polars or pyarrow frame, wide (a column a metric) or long (step, tag, value).

    Parameters
    ----------
    frame
        A pandas frame, or anything with the Arrow stream interface. In Arrow a null was not logged and NaN was; in
        pandas, where NaN says both, NaN in rows that hold only other metrics counts as not logged.
    name
        The run.
    columns
        Names that override the guessed roles of the columns.

    Raises
    ------
    ReadError
        If it is no frame, holds several runs, no loss or two that could be meant.
    """
    from curvedx.readers.frame import logs_in  # noqa: PLC0415 - pyarrow only where a frame is given

    logs = logs_in(frame, name, columns)
    if len(logs) > 1:
        names = [log.name for log in logs]
        raise ReadError(f"{name or 'frame'}: {len(logs)} runs ({found(names)}); pass the rows of one of them")
    return assemble(logs[0], columns)


def _reader(path: Path, format_name: str | None) -> tuple[registry.Format, Path]:
    asked = registry.by_name(format_name) if format_name is not None else None
    if path.is_dir():
        return log_in(path, asked)
    if not path.exists():
        raise ReadError(f"{path}: no such file or directory; check the path")
    if path.stat().st_size == 0:
        raise ReadError(f"{path}: the file is empty; has the run logged anything yet?")
    claimed = asked or registry.claim(path)
    if claimed is None:
        raise ReadError(
            f"{path}: of no known format (known: {registry.names()}; see `curvedx formats`); "
            f"where one of them fits, name it with --format"
        )
    return claimed, path
