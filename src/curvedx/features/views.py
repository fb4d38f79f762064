"""Views: what a curve looks like, freed of its scale and length, one fixed-length row a view.

Knowledge of loss curves enters here. Each view expresses one quantity of the definitions on its own scale (the drop,
the noise, the local level), so that plain calculators measure what the definitions ask for. A view whose channel was
not logged is absent. The modules `views_train`, `views_val` and `views_others` hold the views of each channel and
`views_definitions` those of the definitions; here curves of one length are brought together, so that each step of the
way is one operation on a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.features import views_definitions, views_others, views_train, views_val
from curvedx.features.sheet import Layout, Part, Points, Sheet, Views
from curvedx.features.views_train import Train
from curvedx.measures import masked

UNBOUNDED = views_train.UNBOUNDED | views_val.UNBOUNDED | views_others.UNBOUNDED

LENGTHS = views_train.BOUNDED | views_val.BOUNDED | views_others.BOUNDED | views_definitions.BOUNDED | UNBOUNDED
"""Every view with its length."""

LAYOUT = Layout(LENGTHS, UNBOUNDED)

TOGETHER = 1 << 16
"""Points of a channel that are worked on at once: as many as stay in the cache."""

FEWEST = 4
"""Train points, finite and meant, below which a curve has only the views of what broke."""

Item = TypeVar("Item")


def views(curve: Curve) -> Views:
    """Return every view of one curve by name; each is finite and of the length that `LENGTHS` gives it.

    A curve whose train loss holds fewer than four usable points (finite, no masked NaN) has only the views of what
    broke.
    """
    return views_of([curve]).row(0)


def views_of(curves: Sequence[Curve]) -> Sheet:
    """Return the views of many curves; those of a curve do not depend on which others stand beside it."""
    sheet = Sheet(LAYOUT, len(curves))
    for alike in _alike(range(len(curves)), lambda number: len(curves[number])):
        step = max(1, TOGETHER // max(len(curves[alike[0]]), 1))
        for at in range(0, len(alike), step):
            some = alike[at : at + step]
            _group([curves[number] for number in some], Part(sheet, np.array(some)))
    views_definitions.definition_views(curves, sheet)
    return sheet


def _group(curves: Sequence[Curve], part: Part) -> None:
    """Fill in the views of curves with equally many logged train points."""
    logged = _together([(number, curve[TRAIN_LOSS]) for number, curve in enumerate(curves)])
    gone = np.zeros(logged.values.shape, dtype=bool)
    for row in np.flatnonzero((logged.values == 0.0).any(axis=1)).tolist():
        gone[row] = masked(curves[row])
    with part:
        views_train.broken_views(logged.values, gone, part)
        for points in _usable(logged, np.isfinite(logged.values) & ~gone, FEWEST):
            if len(points.chosen) == len(curves):
                _channels(curves, logged, points, part)
            else:
                same = Points(points.chosen, logged.steps[points.chosen], logged.values[points.chosen])
                _channels([curves[n] for n in points.chosen], same, points, part.of(points.chosen))


def _channels(curves: Sequence[Curve], logged: Points, finite: Points, part: Part) -> None:
    """Fill in the views of curves with equally many train points logged, and equally many of them usable."""
    train = Train.of(logged, finite)
    with part:
        views_train.train_views(train, part)
        for channel in _logged(curves, VAL_LOSS):
            for evaluations in _usable(channel, np.isfinite(channel.values), views_val.FEWEST):
                with part.of(evaluations.chosen) as some:
                    views_val.validation_views(train, evaluations, some)
        for channel in _logged(curves, LR):
            for rates in _usable(channel, np.isfinite(channel.values), views_others.FEWEST_RATES):
                with part.of(rates.chosen) as some:
                    views_others.rate_views(rates, some)
        for channel in _logged(curves, GRAD_NORM):
            with part.of(channel.chosen) as some:
                views_others.gradient_health_views(channel, some)
            usable = np.isfinite(channel.values) & (channel.values != 0.0)
            for norms in _usable(channel, usable, views_others.FEWEST_NORMS):
                with part.of(norms.chosen) as some:
                    views_others.gradient_views(norms, some)
        for number, curve in enumerate(curves):
            if any(name.startswith((TASK_LOSS, CLASS_ACCURACY)) for name in curve.channels):
                with part.of(np.array([number])) as one:
                    views_others.task_views(curve, one)
                    views_others.class_views(curve, one)


def _logged(curves: Sequence[Curve], name: str) -> Iterator[Points]:
    """Yield all that was logged of a channel, for curves with equally many points of it together."""
    found = [(number, channel) for number, curve in enumerate(curves) if (channel := curve.get(name)) is not None]
    yield from map(_together, _alike(found, lambda one: len(one[1])))


def _together(numbered: Sequence[tuple[int, Channel]]) -> Points:
    """Return channels with equally many points, each with the number of its curve, as matrices."""
    if len(numbered) == 1:
        # A long curve by itself is not copied.
        ((number, channel),) = numbered
        return Points(np.array([number]), channel.steps[np.newaxis], channel.values[np.newaxis])
    return Points(
        np.array([number for number, _ in numbered]),
        np.array([channel.steps for _, channel in numbered]),
        np.array([channel.values for _, channel in numbered]),
    )


def _usable(points: Points, usable: NDArray[np.bool_], fewest: int) -> Iterator[Points]:
    """Yield the points that a mask leaves, for curves that keep equally many together; `fewest` at least."""
    if usable.all():
        if usable.shape[1] >= fewest:
            yield points
        return
    counts = np.count_nonzero(usable, axis=1)
    for count in np.unique(counts[counts >= fewest]).tolist():
        rows = np.flatnonzero(counts == count)
        mask = usable[rows]
        steps, values = (matrix[rows][mask].reshape(len(rows), count) for matrix in (points.steps, points.values))
        yield Points(points.chosen[rows], steps, values)


def _alike(items: Iterable[Item], key: Callable[[Item], Hashable]) -> Iterator[list[Item]]:
    """Yield the items of each key, in the order in which the keys first come."""
    groups: dict[Hashable, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    yield from groups.values()
