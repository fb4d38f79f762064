"""Console output: nanoGPT, llm.c, Megatron, dicts of the Trainer, Keras, boosting rounds, key: value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from curvedx.errors import NoLossError
from curvedx.readers.lines import IN_EPOCH, Record, clean, quantities_in, record_in
from curvedx.readers.log import Rows, columns_of, found, number
from curvedx.readers.roles import GUESS, Columns, is_clock, plain, step_candidates
from curvedx.readers.source import run_name, text_of

_EPOCH = re.compile(r"^\s*Epoch\s*:?\s*\[?(\d+)\s*(?:/\s*\d+)?\]?\s*:?\s*$", re.IGNORECASE)
_EPOCH_LINE = re.compile(r"^\s*Epoch\s*:?\s*\[?(\d+)(?:\s*/\s*\d+)?\]?(?=\W)", re.IGNORECASE)
_BAR = re.compile(r"^\s*(\d+)/(\d+)\s+(?:\[|[━╸─=.>]|-)")
_KERAS_PART = re.compile(r"\s-\s([A-Za-z_][\w/]*):\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?|nan|inf|-inf)\b")

OFTEN, LOOKED_AT = 5, 2_000
"""Lines with a quantity from which on it is one that was logged, and lines that are looked at for such."""


def read_path(path: Path, columns: Columns) -> list[Rows]:
    """Read a file of console output."""
    return [rows_in(text_of(path), str(path), run_name(path), columns)]


def rows_in(text: str, source: str, name: str, columns: Columns = GUESS) -> Rows:
    """Read the lines that say something of a loss, or of what is to be taken for one; a console prints others besides.

    Raises
    ------
    ReadError
        If there is no such line.
    """
    lines = text.split("\n")
    records = list(_records(lines, columns.loss))
    counted = [at for at, record in enumerate(records) if _counter(record)]
    if len(counted) * 2 >= len(records) or len(counted) >= 5:
        # A script printed into its own log has lines with a loss, but none that count; an evaluation may not count.
        records = [r for at, r in enumerate(records) if _counter(r) or (at > counted[0] and _held_out(r))]
    if not records:
        if others := _quantities(lines[:LOOKED_AT]):
            raise NoLossError(
                f"{source}: no line with a loss (found {found(others)}); name what to judge by --loss NAME"
            )
        raise NoLossError(
            f"{source}: no line with a loss and a number in it; expected console output such as "
            f"'step 10: loss 2.31', one dict a line, or a table"
        )
    return Rows(source=source, name=name, columns=columns_of([_one_counter(record) for record in _from_zero(records)]))


def _quantities(lines: Iterable[str]) -> list[str]:
    """Return what was printed again and again with a number, and neither counts nor times the run."""
    times = Counter(key for line in lines for key in quantities_in(clean(line)))
    return [key for key, count in times.items() if count >= OFTEN and not is_clock(key)]


def _records(lines: Iterable[str], asked: str | None) -> Iterator[Record]:
    epoch: str | None = None
    held: Record | None = None
    for raw in lines:
        line = clean(raw)
        if heading := _EPOCH.match(line):
            epoch = heading[1]
            continue
        record = _keras(line, epoch)
        if held is not None and (record is None or record["epoch"] != held["epoch"]) and line.strip():
            yield held
            held = None
        if record is not None:
            # A bar drawn on many lines says the same epoch again and again; the last says it all.
            held = record
        elif read := record_in(line, asked):
            yield _with_epoch(read, line, epoch)
    if held is not None:
        yield held


def _from_zero(records: list[Record]) -> list[Record]:
    """Count on from 0 where the epochs begin at 0, which puts the iterations of the first one below it."""
    counts = [count for record in records if isinstance(count := record.get(IN_EPOCH), int)]
    low = min(counts, default=0)
    if low >= 0:
        return records
    return [
        record | {IN_EPOCH: count - low} if isinstance(count := record.get(IN_EPOCH), int) else record
        for record in records
    ]


def _keras(line: str, epoch: str | None) -> Record | None:
    """Read the end of an epoch as Keras prints it, below the heading ``Epoch 1/15``."""
    if epoch is None or not (_BAR.match(line) or line.lstrip().startswith("- ")):
        return None
    pairs: Record = dict(_KERAS_PART.findall(" " + line))
    return {"epoch": epoch} | pairs if "loss" in pairs else None


def _with_epoch(record: Record, line: str, epoch: str | None) -> Record:
    if _counter(record):
        return record
    heading = _EPOCH_LINE.match(line)
    at = heading[1] if heading else epoch
    return {"epoch": at} | record if at is not None else record


def _counter(record: Record) -> str | None:
    return _counter_among(tuple(record))


@lru_cache(maxsize=1024)
def _counter_among(keys: tuple[str, ...]) -> str | None:
    """Choose among the keys of a line, of which a log has few kinds and many lines."""
    return next(iter(step_candidates(keys)), None)


def _held_out(record: Record) -> bool:
    return any(plain(key).startswith(("val", "test", "eval")) for key in record)


def _one_counter(record: Record) -> Record:
    """Call every counter but an epoch ``step``, so that ``iter 10`` and ``step 10`` are on one axis."""
    counter = _counter(record)
    if counter is None or "epoch" in counter.lower() or "step" in record:
        return record
    text = str(record[counter]).split("/")[0]
    if number(text) is None:
        return record
    return {"step": text} | {key: value for key, value in record.items() if key != counter}
