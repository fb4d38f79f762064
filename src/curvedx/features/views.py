"""Views: what a curve looks like, freed of its scale and length, one fixed-length row a view.

Knowledge of loss curves enters here. Each view expresses one quantity of the definitions on its own scale (the drop,
the noise, the local level), so that plain calculators measure what the definitions ask for. A view whose channel was
not logged is absent. The modules `views_train`, `views_val` and `views_others` hold the views of each channel; here
curves of one length are brought together, so that each step of the way is one operation on a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.features import views_others, views_train, views_val
from curvedx.features.sheet import Layout, Part, Points, Sheet, Views
from curvedx.features.views_train import Train

UNBOUNDED = views_train.UNBOUNDED | views_val.UNBOUNDED | views_others.UNBOUNDED

LENGTHS = views_train.BOUNDED | views_val.BOUNDED | views_others.BOUNDED | UNBOUNDED
"""Every view with its length."""

LAYOUT = Layout(LENGTHS, UNBOUNDED)

TOGETHER = 1 << 16
"""Points of a channel that are worked on at once: as many as stay in the cache."""

FEWEST = 4
"""Finite train points below which a curve has only the views of what broke."""

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def views(curve: Curve) -> Views:
    """Return every view of one curve by name; each is finite and of the length that `LENGTHS` gives it.

    A curve whose train loss holds fewer than four finite points has only the views of what broke.
    """
    return views_of([curve]).row(0)


def views_of(curves: Sequence[Curve]) -> Sheet:
    """Return the views of many curves; those of a curve do not depend on which others stand beside it."""
    sheet = Sheet(LAYOUT, len(curves))
    trains = [curve[TRAIN_LOSS] for curve in curves]
    finite = [np.isfinite(channel.values) for channel in trains]
    sizes = [(len(mask), int(np.count_nonzero(mask))) for mask in finite]
    for (logged, left), alike in _alike(range(len(curves)), lambda number: sizes[number]):
        step = max(1, TOGETHER // max(logged, 1))
        for at in range(0, len(alike), step):
            some = alike[at : at + step]
            _group(
                [curves[n] for n in some],
                [trains[n] for n in some],
                [finite[n] for n in some],
                left,
                Part(sheet, np.array(some)),
            )
    return sheet


def _group(
    curves: Sequence[Curve], trains: Sequence[Channel], finite: Sequence[NDArray[np.bool_]], left: int, part: Part
) -> None:
    """Fill in the views of curves with equally many train points, `left` of them finite."""
    logged = np.array([channel.values for channel in trains])
    with part:
        views_train.broken_views(logged, part)
        if left < FEWEST:
            return
        whole = left == logged.shape[1]
        values = logged if whole else np.array([c.values[mask] for c, mask in zip(trains, finite, strict=True)])
        train = Train.of(np.array([channel.steps for channel in trains]), logged, values)
        views_train.train_views(train, part)
    for evaluations in _channel(curves, VAL_LOSS, views_val.FEWEST, np.isfinite):
        with part.of(evaluations.chosen) as some:
            views_val.validation_views(train, evaluations, some)
    for rates in _channel(curves, LR, views_others.FEWEST_RATES, np.isfinite):
        with part.of(rates.chosen) as some:
            views_others.rate_views(rates, some)
    for norms in _channel(curves, GRAD_NORM, 1, lambda values: np.ones(len(values), dtype=bool)):
        with part.of(norms.chosen) as some:
            views_others.gradient_health_views(train, norms, some)
    for norms in _channel(curves, GRAD_NORM, views_others.FEWEST_NORMS, lambda v: np.isfinite(v) & (v != 0.0)):
        with part.of(norms.chosen) as some:
            views_others.gradient_views(train, norms, some)
    for number, curve in enumerate(curves):
        if any(name.startswith((TASK_LOSS, CLASS_ACCURACY)) for name in curve.channels):
            with part.of(np.array([number])) as one:
                views_others.task_views(curve, one)
                views_others.class_views(curve, one)


def _channel(
    curves: Sequence[Curve], name: str, fewest: int, usable: Callable[[FloatArray], NDArray[np.bool_]]
) -> Iterator[Points]:
    """Yield one channel's usable points, for curves with equally many of them together."""
    found = []
    for number, curve in enumerate(curves):
        channel = curve.get(name)
        if channel is None:
            continue
        mask = usable(channel.values)
        steps, values = (channel.steps, channel.values) if mask.all() else (channel.steps[mask], channel.values[mask])
        if len(values) >= fewest:
            found.append((number, steps, values))
    for _, alike in _alike(found, lambda one: len(one[2])):
        yield Points(*(np.array(parts) for parts in zip(*alike, strict=True)))


def _alike(items: Iterable[Item], key: Callable[[Item], Key]) -> Iterator[tuple[Key, list[Item]]]:
    """Yield the items of each key, in the order in which the keys first come."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    yield from groups.items()
