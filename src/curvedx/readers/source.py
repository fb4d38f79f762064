"""Getting at the text of a file: encodings, binary garbage, names of runs."""

from __future__ import annotations

import codecs
from pathlib import Path

from curvedx.errors import ReadError

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd", b"BZh": "bzip2"}


def text_of(path: Path) -> str:
    r"""Read a text file: UTF-8, or UTF-16 by its mark, or Latin-1 where it is neither; line ends become ``\n``.

    Raises
    ------
    ReadError
        If it is empty, compressed or binary.
    """
    return decoded(path.read_bytes(), str(path))


def decoded(data: bytes, source: str) -> str:
    """Decode what a log file holds; see `text_of`."""
    encoding = encoding_of(data, source)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if not text.strip():
        raise ReadError(f"{source}: the file is empty; has the run logged anything yet?")
    return text.replace("\r\n", "\n")


def encoding_of(data: bytes, source: str) -> str:
    """Name the encoding that the first bytes announce.

    Raises
    ------
    ReadError
        If they are those of a compressed or binary file.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    for magic, kind in _PACKED.items():
        if data.startswith(magic):
            raise ReadError(f"{source}: compressed ({kind}); unpack it first")
    if (at := data.find(b"\0", 0, 1 << 16)) >= 0:
        raise ReadError(f"{source}: binary, not text (byte 0 at {at}); is it a log in a format of its own?")
    return "utf-8"


_USUAL = ("trainer_state", "log_history", "metrics", "results", "history", "events", "training", "trainer_log", "log")


def run_name(path: Path) -> str:
    """Name a run after its file, or after the folder where the file is called as the logger calls every file."""
    folder = path.absolute().parent
    if path.stem.split(".")[0] not in _USUAL or not folder.name:
        return path.stem
    return folder.parent.name if folder.name.startswith("checkpoint-") else folder.name
