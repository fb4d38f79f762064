"""JSON as logs hold it: bare NaN, one object a line, cut off in the middle."""

from __future__ import annotations

import json
from collections.abc import Mapping

from curvedx.errors import ReadError

_DECODER = json.JSONDecoder()


def parse(text: str, source: str) -> tuple[object, list[str]]:
    """Parse one document, or one a line (then a list of them), and say what could not be read.

    Raises
    ------
    ReadError
        If it is no JSON, or cut off where nothing complete can be recovered.
    """
    try:
        return json.loads(text), []
    except RecursionError:
        raise ReadError(f"{source}: JSON nested too deeply to be a log") from None
    except ValueError as error:
        stopped = error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    first = _line(lines[0][1])
    if isinstance(first, dict | list):
        return _lines(lines, source)
    opening = text.find("[")
    if text.lstrip().startswith(("[", "{")) and opening >= 0:
        records = complete_records(text, opening)
        if records and text.lstrip().startswith("["):
            return records, [cut_off(text, len(records))]
    at = len(text[: getattr(stopped, "pos", 0)].encode())
    raise ReadError(f"{source}: not valid JSON from byte {at} on ({_reason(stopped)}); was it cut off while written?")


def complete_records(text: str, opening: int) -> list[object]:
    """Return the complete objects of the list that opens at a position."""
    records: list[object] = []
    at = opening + 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text) or text[at] != "{":
            return records
        try:
            record, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return records
        records.append(record)


def cut_off(text: str, count: int) -> str:
    """Say that a file ends in the middle of a record."""
    return f"the file is truncated at byte {len(text.encode())}: {count} complete records were read, the rest left out"


def flat(record: Mapping[str, object], prefix: str = "", depth: int = 0) -> dict[str, object]:
    """Join the keys of nested objects with ``/``; lists are no values and are left out."""
    values: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, Mapping) and depth < 8:
            values |= flat(value, f"{prefix}{key}/", depth + 1)
        elif not isinstance(value, list | Mapping):
            values[prefix + str(key)] = value
    return values


def _lines(lines: list[tuple[int, str]], source: str) -> tuple[list[object], list[str]]:
    records: list[object] = []
    spoiled: list[int] = []
    for number, line in lines:
        record = _line(line)
        if record is None:
            spoiled.append(number)
        else:
            records.append(record)
    if len(spoiled) > len(records):
        raise ReadError(f"{source}: line {spoiled[0]} is no JSON object; expected one a line")
    if not spoiled:
        return records, []
    if spoiled == [lines[-1][0]]:
        return records, [f"line {spoiled[0]}, the last, is truncated and was left out"]
    shown = ", ".join(map(str, spoiled[:3])) + (", ..." if len(spoiled) > 3 else "")
    return records, [f"{len(spoiled)} line(s) that are no JSON were left out (line {shown})"]


def _line(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _reason(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)
