"""TensorBoard runs: every event file of one directory, in the order in which they were begun."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from curvedx.errors import ReadError
from curvedx.readers.log import Log, Series
from curvedx.readers.roles import Columns
from curvedx.readers.tfevents import Damage, scalars

_KERAS = ("train", "validation")
_BEGUN = re.compile(r"tfevents\.(\d+)(.*)")


def read_path(path: Path, columns: Columns) -> list[Log]:
    """Read one event file, or a run directory with all of its event files.

    Raises
    ------
    ReadError
        If there is no scalar in it.
    """
    del columns
    if not path.is_dir():
        return [_log(path, path.absolute().parent.name or path.name, {"": [path]})]
    # Keras writes the same tags from two writers, each in a folder of its own.
    writers = {f"{sub}/": _in_order((path / sub).glob("*tfevents*")) for sub in _KERAS}
    own = _in_order(path.glob("*tfevents*"))
    files = {"": own} | writers if not own or all(writers.values()) else {"": own}
    return [_log(path, path.absolute().name, files)]


def _log(source: Path, name: str, files: dict[str, list[Path]]) -> Log:
    steps: dict[str, list[int]] = {}
    values: dict[str, list[float]] = {}
    notes: list[str] = []
    for prefix, group in files.items():
        for file in group:
            for scalar in scalars(file):
                if isinstance(scalar, Damage):
                    what = "is cut off inside its last record" if scalar.cut else "is damaged"
                    notes.append(f"{file.name} {what} (byte {scalar.at}); what follows was left out")
                    continue
                tag = prefix + scalar[0]
                steps.setdefault(tag, []).append(scalar[1])
                values.setdefault(tag, []).append(scalar[2])
    if not values:
        reason = f" ({notes[0]})" if notes else ""
        raise ReadError(f"{source}: no scalar in it{reason}; has the run logged anything yet?")
    series = {
        tag: Series(steps=np.array(steps[tag], dtype=np.float64), values=np.array(values[tag], dtype=np.float64))
        for tag in values
    }
    return Log(source=str(source), name=name, series=series, caveats=tuple(notes))


def _in_order(files: Iterable[Path]) -> list[Path]:
    def begun(file: Path) -> tuple[int, str]:
        found = _BEGUN.search(file.name)
        return (int(found[1]), found[2]) if found else (0, file.name)

    return sorted((file for file in files if file.is_file()), key=begun)
