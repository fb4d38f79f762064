"""Find every run under a directory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import cache
from os import PathLike, fspath
from pathlib import Path

from curvedx.archive.mark import is_table
from curvedx.errors import ReadError
from curvedx.readers import formats, sniff

TRAINER = "hf_trainer"
EVENTS = "tensorboard"
_CHECKPOINTS = "checkpoint-"
_KERAS_WRITERS = ("train", "validation")
_HOLD_RUNS_THOUGH_HIDDEN = frozenset({".guild"})


def discover(root: str | PathLike[str]) -> Iterator[Path]:
    """Yield every run under a directory: those of a directory itself first, then those below it, by name.

    Parameters
    ----------
    root
        A directory, or a file, which is then yielded as it is.

    Yields
    ------
    Path
        What `curvedx.readers.read_runs` takes: a log file, or the directory of a run that is written to several
        files. A file that looks like a table is yielded even if it turns out to hold no loss, and a directory that
        cannot be listed is yielded itself: reading them says why they are no runs.

    Raises
    ------
    ReadError
        If `root` does not exist.

    Notes
    -----
    Symbolic links below `root` are not followed: what they point to inside is found anyway, and what lies outside
    was not asked for. Hidden directories are skipped, except those in which trackers keep runs; so are tables of
    diagnoses that were written here before.
    """
    top = Path(root)
    if not top.exists():
        raise ReadError(f"{fspath(root)}: no such file or directory; check the path")
    if not top.is_dir():
        yield top
        return
    # A stack and not recursion: an archive may be nested deeper than the interpreter allows calls to be.
    waiting: list[tuple[Path, frozenset[Path]]] = [(top, frozenset())]
    while waiting:
        folder, taken = waiting.pop()
        try:
            files, folders = _listing(folder)
        except OSError:
            yield folder
            continue
        claimed = {file: name for file in files if file not in taken and (name := sniff(file)) and not is_table(file)}
        runs, inside = runs_in(folder, claimed, folders)
        yield from runs
        waiting += [(sub, inside) for sub in reversed(folders) if sub not in inside]


def runs_in(folder: Path, claimed: dict[Path, str], folders: list[Path]) -> tuple[list[Path], frozenset[Path]]:
    """Group the logs of one directory into runs.

    Parameters
    ----------
    folder
        The directory.
    claimed
        Its files that a format claims, with the name of that format.
    folders
        Its sub-directories.

    Returns
    -------
    runs
        One path a run. Logs that are one run: the states a Trainer leaves in its checkpoints, of which the last
        counts; the event files of one directory, with those of Keras' two writers below it; and event files beside
        the one log that another tool wrote of the same run.
    inside
        Sub-directories and files below that belong to these runs and must not be found again.
    """
    checkpoints = [sub for sub in folders if sub.name.startswith(_CHECKPOINTS)]
    if TRAINER in claimed.values() or any(_has(sub, TRAINER) for sub in checkpoints):
        others = [file for file, name in claimed.items() if name not in (TRAINER, EVENTS)]
        return [folder, *others], frozenset(checkpoints)
    written = [_events(sub) for sub in folders if sub.name in _KERAS_WRITERS]
    both = len(written) == len(_KERAS_WRITERS) and all(written)
    halves = frozenset(event for events in written for event in events) if both else frozenset()
    events = [file for file, name in claimed.items() if name == EVENTS]
    others = [file for file in claimed if file not in events]
    generic = {known.name for known in formats() if known.generic}
    specific = [file for file in others if claimed[file] not in generic]
    if not events and not halves:
        return others, frozenset()
    if len(specific) > 1:
        return sorted([*others, *events]), frozenset()
    return (others if specific else [folder, *others]), halves


def _listing(folder: Path) -> tuple[list[Path], list[Path]]:
    with os.scandir(folder) as listing:
        entries = sorted((entry for entry in listing if not entry.is_symlink()), key=lambda entry: entry.name)
    files = [folder / entry.name for entry in entries if entry.is_file() and _names()(entry.name.lower())]
    folders = [
        folder / entry.name
        for entry in entries
        if entry.is_dir() and (not entry.name.startswith(".") or entry.name in _HOLD_RUNS_THOUGH_HIDDEN)
    ]
    return files, folders


@cache
def _names() -> Callable[[str], object]:
    """Make one test for the names that any format claims: a data set of a million images must not be opened."""
    return re.compile("|".join(translate(glob) for known in formats() for glob in known.patterns)).match


def _has(folder: Path, name: str) -> bool:
    try:
        return any(sniff(file) == name for file in folder.glob("*.json"))
    except OSError:
        return False


def _events(folder: Path) -> list[Path]:
    try:
        return [file for file in sorted(folder.glob("*tfevents*")) if sniff(file) == EVENTS]
    except OSError:
        return []
