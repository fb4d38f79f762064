"""From a log to a `Curve`: the roles are guessed, the steps chosen, everything else kept as unknown channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from curvedx.curve import CHANNELS, CLASS_ACCURACY, TASK_LOSS, Curve
from curvedx.errors import ReadError
from curvedx.readers.log import Log, Rows, Series
from curvedx.readers.place import choose, counter, without_totals
from curvedx.readers.roles import Columns, could_be_loss, guess, resolve


def assemble(log: Log | Rows, columns: Columns) -> Curve:
    """Build the curve of one run.

    Raises
    ------
    ReadError
        If no column, or more than one, could be the train loss, or a column in a role holds text.
    """
    log = _placed(log, columns) if isinstance(log, Rows) else log
    roles = guess({name: len(series.values) for name, series in log.series.items()}, columns, log.source)
    judged = roles.channels()
    channels: dict[str, Any] = {key: _given(log.series[name]) for key, name in judged.items()}
    notes = [*log.caveats, *roles.notes, *_as_fractions(channels)]
    others = {_free(name): _given(log.series[name]) for name in log.series if name not in judged.values()}
    curve = Curve(channels | others, log.name, tuple(notes), rewinds=log.restarts)
    # The reasons to doubt a channel that nobody judges would only bury the others.
    doubts = tuple(note for note in curve.caveats if not any(note.startswith(f"{name}: ") for name in others))
    return Curve(curve.channels, curve.name, doubts, rewinds=curve.rewinds)


def _given(series: Series) -> object:
    return series.values if series.steps is None else (series.steps, series.values)


def _free(name: str) -> str:
    """Keep an unknown column from passing for a channel that is judged."""
    return f"column/{name}" if name in CHANNELS or name.startswith((TASK_LOSS, CLASS_ACCURACY)) else name


def _as_fractions(channels: dict[str, Any]) -> list[str]:
    family = [key for key in channels if key.startswith(CLASS_ACCURACY)]
    top = max((float(np.nanmax(channels[key][1], initial=0.0)) for key in family), default=0.0)
    if not 1.0 < top <= 100.0:
        return []
    for key in family:
        channels[key] = (channels[key][0], channels[key][1] / 100.0)
    return ["accuracy per class taken as per cent"]


def _placed(table: Rows, columns: Columns) -> Log:
    """Give every column of a table the steps of its rows."""
    table = replace(table, columns=without_totals(table.columns))
    numeric = {name: column for name, column in table.columns.items() if column.bad is None}
    asked = (columns.loss, columns.val_loss, columns.lr, columns.grad_norm)
    # Text where a loss is expected is an error to report, and so takes part in the guess; other text is only text.
    counts = {
        name: len(column.rows) + (column.bad is not None)
        for name, column in table.columns.items()
        if name in numeric or name in asked or could_be_loss(name)
    }
    roles = guess(counts, columns, table.source)
    for name in roles.channels().values():
        _must_be_numbers(table, name)
    loss = table.columns[roles.loss]
    named = resolve(columns.step, table.columns, "--step", table.source)
    if named is not None:
        _must_be_numbers(table, named)
    step = named or choose(numeric, loss)
    if step is None:
        series = {
            name: Series(steps=column.rows.astype(np.float64), values=column.values) for name, column in numeric.items()
        }
        notes = (*table.caveats, "no step column: the row numbers were taken as steps")
        return Log(source=table.source, name=table.name, series=series, caveats=notes)
    count = counter(numeric[step], loss)
    placed = {name: count.steps_of(column) for name, column in numeric.items() if name != step}
    again = [f"{step!r} starts again after {end:g}; taken as going on" for end in count.ends]
    if (np.floor(count.values) < count.values).any():
        again.insert(0, f"no whole steps were logged: steps are counted in {step!r}")
    unplaced = max((placed[name][1] for name in roles.channels().values()), default=0)
    if unplaced:
        again.append(f"{unplaced} row(s) without {step!r} were placed at the step logged last before them")
    return Log(
        source=table.source,
        name=table.name,
        series={name: Series(steps=steps, values=numeric[name].values) for name, (steps, _) in placed.items()},
        caveats=(*table.caveats, *_nulls(table, roles.loss), *again),
        restarts=count.restarts,
    )


def _nulls(table: Rows, loss: str) -> list[str]:
    nulls = table.columns[loss].nulls
    return [f"{nulls} null(s) in {loss!r} taken as not logged; some writers put null for NaN"] if nulls else []


def _must_be_numbers(table: Rows, name: str) -> None:
    bad = table.columns[name].bad
    if bad is not None:
        row, text = bad
        raise ReadError(
            f"{table.source}: row {row + 1} of column {name!r} is {text[:60]!r}; expected a number, "
            f"nan, inf or an empty cell: correct it or name another column"
        )
