"""Which log of a run directory to read."""

from __future__ import annotations

from pathlib import Path

from curvedx.errors import ReadError
from curvedx.readers.log import found
from curvedx.readers.registry import HEAD, Format, claim, formats, names

_NESTED = ("checkpoint-*", "train", "validation")
"""Sub-folders that belong to the run itself: checkpoints of the Trainer, the two writers of Keras."""


def log_in(folder: Path, asked: Format | None = None) -> tuple[Format, Path]:
    """Find the log of a run directory; where several readers work on the whole directory, that is returned.

    Raises
    ------
    ReadError
        If there is none, or several of which none is more a log than the others.
    """
    files = _files(folder) + [file for glob in _NESTED for sub in sorted(folder.glob(glob)) for file in _files(sub)]
    claimed = [(reader, file) for file in files if (reader := claim(file)) and (asked is None or reader == asked)]
    specific = [item for item in claimed if not item[0].generic]
    if specific:
        first = min(specific, key=lambda item: formats().index(item[0]))
        mine = [file for reader, file in specific if reader == first[0]]
        if first[0].name in ("hf_trainer", "tensorboard"):
            return first[0], folder
        return first[0], _only(folder, mine)
    if claimed:
        # Settings and notes lie beside logs and are tables and texts too.
        likely = [item for item in claimed if _speaks_of_loss(item[1])] or claimed
        return likely[0][0], _only(folder, [file for _, file in likely])
    inner = sorted({file.parent for file in folder.glob("*/*") if file.is_file() and claim(file)})
    if inner:
        shown = found([str(sub) for sub in inner])
        raise ReadError(f"{folder}: no log in it, but in {shown}; read one of these, or all with `curvedx score`")
    raise ReadError(f"{folder}: no log in it (known formats: {names()}; see `curvedx formats`)")


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


def _speaks_of_loss(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    return head.startswith(b"PAR1") or b"loss" in head.lower()


def _only(folder: Path, files: list[Path]) -> Path:
    if len(files) > 1:
        raise ReadError(f"{folder}: {len(files)} logs ({found([file.name for file in files])}); read one of them")
    return files[0]
