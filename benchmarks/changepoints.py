"""Change-point detection beside the project's own finders, on drawn curves.

The library is `ruptures` (Truong, Oudre and Vayatis 2020, "Selective review of offline change point detection
methods").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from curvedx.curve import TRAIN_LOSS, FloatArray
from curvedx.diagnosis.measures import Track, Tracks, reduce
from curvedx.diagnosis.onsets import sight
from curvedx.synth.draw import Drawn

CLEAR = 0.9
PATTERNS = ("level_jump", "step_drops", "plateau")
BREAKS = 12
"""Change points asked for: steps, and the bends of the descent beside them."""


def compared(curves: Iterable[Drawn]) -> str:
    """Return a table of errors and times; a line that says so where `ruptures` is not installed."""
    if find_spec("ruptures") is None:
        return "(`ruptures` was not installed where this page was made.)"
    known = [one for one in curves if any((one.degrees.get(name) or 0.0) >= CLEAR for name in PATTERNS)]
    rows = ["| pattern | way | cases | median error | 90th percentile | median time |", "| --- " * 6 + "|"]
    for name in PATTERNS:
        cases = [one for one in known if (one.degrees.get(name) or 0.0) >= CLEAR and one.onsets.get(name)]
        for way, find in ways(name).items():
            errors, times = [], []
            for one in cases:
                run = Tracks(one.curve)
                track = run.of(TRAIN_LOSS)
                if track is None:
                    continue
                begin = time.perf_counter()
                found = find(run, track)
                times.append(time.perf_counter() - begin)
                steps = one.curve[TRAIN_LOSS].steps
                errors.append(min(abs(found - true) for true in one.onsets[name]) / float(np.ptp(steps)))
            rows.append(
                f"| `{name}` | {way} | {len(errors)} | {100 * np.median(errors):.2f} % "
                f"| {100 * np.quantile(errors, 0.9):.2f} % | {1e3 * np.median(times):.2f} ms |"
            )
    return "\n".join(rows)


Way = Callable[[Tracks, Track], float]


def ways(name: str) -> dict[str, Way]:
    """Return the ways of finding a pattern: the project's own, and those of `ruptures` that suit it."""
    import ruptures  # type: ignore[import,unused-ignore]  # noqa: PLC0415 - measured where it is installed

    def own(run: Tracks, _track: Track) -> float:
        return float(sight(run, name).onset or 0.0)

    def segments(detect: Callable[[FloatArray], list[int]]) -> Way:
        def way(_run: Tracks, track: Track) -> float:
            line, centre = reduce(track.points)
            ends = [0, *detect(line)]
            levels = [float(np.median(line[a:b])) for a, b in pairwise(ends)]
            sign = 1.0 if name == "level_jump" else -1.0
            rises = [sign * (b - a) for a, b in pairwise(levels)]
            late = [rise if at >= 0.1 * len(line) else -np.inf for rise, at in zip(rises, ends[1:-1], strict=True)]
            if not late:
                return float(track.steps[0])
            return float(track.steps[round(float(centre[ends[1 + int(np.argmax(late))]]))])

        return way

    def knee(_run: Tracks, track: Track) -> float:
        line, centre = reduce(track.values, 256)
        if len(line) < 6:
            return float(track.steps[0])
        found = ruptures.Dynp(model="clinear", min_size=2, jump=1 if len(line) <= 64 else 4).fit(line).predict(n_bkps=1)
        return float(track.steps[round(float(centre[min(found[0], len(line) - 1)]))])

    if name == "plateau":
        return {"own": own, "`Dynp`, two straight lines": knee}

    def kernel(line: FloatArray) -> list[int]:
        return _breaks(ruptures.KernelCPD(kernel="linear", min_size=2), line)

    def binary(line: FloatArray) -> list[int]:
        return _breaks(ruptures.Binseg(model="l2", min_size=2, jump=1), line)

    return {"own": own, "`KernelCPD`, mean": segments(kernel), "`Binseg`, mean": segments(binary)}


def _breaks(algorithm: Any, line: FloatArray) -> list[int]:
    """Return the ends of the segments; a short line has fewer."""
    count = min(BREAKS, len(line) // 3 - 1)
    return list(algorithm.fit(line).predict(n_bkps=count)) if count > 0 else [len(line)]
