"""One of several: a task that is forgotten, a class that is never learned."""

from __future__ import annotations

import numpy as np

from curvedx.curve import CLASS_ACCURACY, TASK_LOSS
from curvedx.diagnosis.evidence import (
    Sighting,
    call,
    count,
    loss,
    many,
    percent,
    say,
    say_percent,
    say_share,
    say_step,
    step,
)
from curvedx.diagnosis.measures import Track, Tracks, rise_begins
from curvedx.diagnosis.result import Event

FORGOTTEN = 0.5  # of a task's drop
DEAD = 0.05  # accuracy


def catastrophic_forgetting(run: Tracks) -> Sighting | None:
    """Find the task that lost most of its drop, and the foot of that rise."""
    tasks = run.family(TASK_LOSS)
    if not tasks:
        return None
    name = max(tasks, key=lambda task: _forgotten(tasks[task]))
    t, lost = tasks[name], 100 * _forgotten(tasks[name])
    place = _switch(t)
    at, channel = _begins(t, place), TASK_LOSS + name
    forgotten = [task for task, other in tasks.items() if task == name or _forgotten(other) > FORGOTTEN]
    others = len(forgotten) - 1
    events = sorted((_event(task, tasks[task]) for task in forgotten), key=lambda e: e.step)
    return Sighting(
        onset=at,
        channel=channel,
        evidence=(
            percent("rise, of the task's drop", lost),
            loss("minimum", t.minimum),
            loss("end", t.end),
            count("other tasks forgotten", others),
            step("first task forgotten since", events[0].step),
        ),
        events=tuple(events),
        sentence=(
            f"{call(channel)} has risen from {say(t.minimum)} to {say(t.end)} since step {say_step(at)}, "
            f"{say_share(lost)} what it had fallen"
            + (f"; {many(others, 'other task')} forgotten too" if others else "")
        ),
    )


def _switch(t: Track) -> int:
    """Return the foot of the rise from a task's lowest loss."""
    low = int(np.argmin(t.close))
    return rise_begins(t.close, low, low + int(np.argmax(t.close[low:])))


def _begins(t: Track, place: int) -> float:
    """Return the first step behind the foot."""
    return float(t.steps[min(t.index(place) + 1, len(t) - 1)])


def _event(task: str, t: Track) -> Event:
    return Event(
        step=_begins(t, _switch(t)),
        end=None,
        height=t.end - float(t.close.min()),
        recovered=False,
        channel=TASK_LOSS + task,
    )


def _forgotten(t: Track) -> float:
    """Return how much of its drop a task lost again; 0 for one that never fell."""
    low = int(np.argmin(t.close))
    fall = max(t.start, float(t.close[: low + 1].max())) - float(t.close[low])
    return max(0.0, t.end - float(t.close[low])) / fall if fall > 0 else 0.0


def dead_class(run: Tracks) -> Sighting | None:
    """Find the class that is worst over the last half, and the step since which it is dead."""
    classes = run.family(CLASS_ACCURACY)
    if not classes:
        return None
    late = {name: float(t.values[len(t) // 2 :].mean()) for name, t in classes.items()}
    name = min(late, key=lambda label: late[label])
    t, rest = classes[name], [accuracy for label, accuracy in late.items() if label != name]
    alive = np.flatnonzero(t.smooth >= DEAD)
    place = int(alive[-1]) + 1 if len(alive) else 0
    at = t.step(min(place, len(t.smooth) - 1))
    others = float(np.mean(rest)) if rest else 0.0
    channel = CLASS_ACCURACY + name
    return Sighting(
        onset=at,
        channel=channel,
        evidence=(
            percent("accuracy over the last half", 100 * late[name]),
            percent("mean of the others", 100 * others),
            count("dead classes", sum(accuracy < DEAD for accuracy in late.values())),
            step("dead since", at),
        ),
        sentence=(
            f"{call(channel)} is {say_percent(100 * late[name])} over the last half, "
            f"where the others have {say_percent(100 * others)}; it stays below 5 % from step {say_step(at)}"
        ),
    )
