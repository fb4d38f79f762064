"""TensorBoard event files without TensorFlow: TFRecord framing and the few protobuf fields that hold scalars."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

_HEADER = struct.Struct("<QI")
_LARGEST = 1 << 24
"""Bytes of a record that may hold scalars; larger ones are graphs and pictures and are stepped over unread."""
_FLOAT, _DOUBLE, _HALF, _BFLOAT16 = 1, 2, 19, 14
_CONTENT = {_FLOAT: "<f4", _DOUBLE: "<f8", _HALF: "<f2"}

Field = tuple[int, int, int, bytes]
"""Number and wire type of a field, its value where it is an integer, its bytes where it is not."""


@dataclass(frozen=True)
class Damage:
    """Where an event file stops making sense."""

    at: int
    """The byte at which the damaged record begins."""
    cut: bool
    """True where the file merely ends inside the record, as one still being written does."""


def scalars(path: Path) -> Iterator[tuple[str, int, float] | Damage]:
    """Yield tag, step and value of every scalar in file order; at the first damaged record yield that and stop."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for record in _records(file, size):
            if isinstance(record, Damage):
                yield record
                return
            at, data = record
            try:
                found = list(_event(data))
            except (IndexError, ValueError, struct.error):
                yield Damage(at, cut=False)
                return
            yield from found


def _records(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes] | Damage]:
    at = 0
    while at < size:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            yield Damage(at, cut=True)
            return
        length, check = _HEADER.unpack(header)
        if _masked(header[:8]) != check:
            yield Damage(at, cut=False)
            return
        end = at + _HEADER.size + length + 4
        if end > size:
            yield Damage(at, cut=True)
            return
        if length <= _LARGEST:
            yield at, file.read(length)
        file.seek(end)
        at = end


def _event(data: bytes) -> Iterator[tuple[str, int, float]]:
    step = 0
    summaries = []
    for number, wire, value, inner in _fields(data):
        if number == 2 and wire == 0:
            step = value - (1 << 64) if value >= 1 << 63 else value
        elif number == 5 and wire == 2:
            summaries.append(inner)
    for summary in summaries:
        for number, wire, _, inner in _fields(summary):
            if number == 1 and wire == 2 and (pair := _value(inner)) is not None:
                yield pair[0], step, pair[1]


def _value(data: bytes) -> tuple[str, float] | None:
    tag, scalar = "", None
    for number, wire, _, inner in _fields(data):
        if number == 1 and wire == 2:
            tag = inner.decode("utf-8", "replace")
        elif number == 2 and wire == 5:
            scalar = float(struct.unpack("<f", inner)[0])
        elif number == 8 and wire == 2:
            scalar = _tensor(inner)
    return None if scalar is None else (tag, scalar)


def _tensor(data: bytes) -> float | None:
    """Return the value of a tensor of rank 0, None where it is of another rank or of no number."""
    kind, content, values = 0, b"", []
    for number, wire, value, inner in _fields(data):
        if number == 1 and wire == 0:
            kind = value
        elif number == 2 and any(True for _ in _fields(inner)):
            return None
        elif number == 4 and wire == 2:
            content = inner
        elif number == 5:
            values += np.frombuffer(inner, "<f4").tolist()
        elif number == 6:
            values += np.frombuffer(inner, "<f8").tolist()
        elif number == 13:
            bits = [value] if wire == 0 else list(_varints(inner))
            values += [_half(each, kind) for each in bits]
    if content and kind in _CONTENT:
        values = np.frombuffer(content, _CONTENT[kind]).tolist()
    elif content and kind == _BFLOAT16:
        values = [_half(int.from_bytes(content[:2], "little"), kind)]
    return float(values[0]) if len(values) == 1 else None


def _half(bits: int, kind: int) -> float:
    if kind == _BFLOAT16:
        return float(np.array([bits << 16], dtype="<u4").view("<f4")[0])
    return float(np.array([bits], dtype="<u2").view("<f2")[0])


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint too long")


def _fields(data: bytes) -> Iterator[Field]:
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value, b""
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > end:
            raise ValueError("field beyond its message")
        yield number, wire, 0, data[at : at + length]
        at += length


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC = _crc_table()


def _masked(data: bytes) -> int:
    """Return the masked CRC-32C that TFRecord puts behind a length."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
