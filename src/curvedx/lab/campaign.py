"""The campaign: every run of the plan is trained once, in a pool, and its dense record kept in a cache folder."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from curvedx.curve import GRAD_NORM, TRAIN_LOSS, FloatArray
from curvedx.lab.plan import Run

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Dense:
    """The un-thinned record of one run."""

    channels: Mapping[str, tuple[FloatArray, FloatArray]]
    """Steps and values, in the order in which they came."""
    injected_at: float | None
    """The step at which its fault began, on the axis of `channels`; None where there is no such step."""
    seconds: float
    """CPU time that it took."""


@dataclass
class _Record:
    """What the training loop writes to: everything it is given, by channel."""

    rows: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keep the values."""
        for name, value in values.items():
            if name != "seconds":
                self.rows.setdefault(name, []).append((step, value))

    def close(self) -> None:
        """Do nothing: it stays in memory."""


def train(run: Run) -> Dense:
    """Train one run and return its record."""
    began = time.process_time()
    from curvedx.lab import boosting  # noqa: PLC0415 - the extra's libraries, wanted where runs are trained

    if run.bench in boosting.BENCHES:
        grown = boosting.grow(run.bench, run.condition, run.strength, run.seed)
        return Dense(channels=grown, injected_at=None, seconds=time.process_time() - began)

    from curvedx.lab import conditions, loop  # noqa: PLC0415 - as above

    trial = conditions.trial(run.bench, run.condition, run.strength, run.seed)
    record = _Record()
    loop.train(trial.task, trial.recipe, record, faults=trial.faults, measure=trial.measure)
    columns = {name: np.array(rows, dtype=np.float64).T for name, rows in record.rows.items()}
    channels = {name: (steps, values) for name, (steps, values) in columns.items()}
    at = trial.injected_at
    if trial.back_to is not None and at is not None:
        channels = {n: (np.where(s >= at, s - at + trial.back_to, s), v) for n, (s, v) in channels.items()}
        at = trial.back_to
    if trial.hides_nan:
        steps, losses = channels[TRAIN_LOSS]
        broken = ~np.isfinite(losses)
        channels[TRAIN_LOSS] = steps, np.where(broken, 0.0, losses)
        norms = channels[GRAD_NORM][1]
        channels[GRAD_NORM] = steps, np.where(broken, math.nan, norms)
    return Dense(channels=channels, injected_at=at, seconds=time.process_time() - began)


def conduct(
    runs: Sequence[Run], cache: Path, *, workers: int = 1, tell: Callable[[str], object] = str
) -> dict[str, str]:
    """Train every run that the cache does not hold yet.

    Parameters
    ----------
    runs
        What to train.
    cache
        Folder of the records, one file a run. Delete it after a change of what the runs do.
    workers
        Processes, with one thread each; the records do not depend on their number.
    tell
        Is given a line for every run that ends.

    Returns
    -------
    dict of str
        Why a run failed, by its name; empty where none did.
    """
    cache.mkdir(parents=True, exist_ok=True)
    missing = [run for run in runs if not trained(cache, run)]
    failed: dict[str, str] = {}
    # A fresh interpreter a worker: threads are set before the numeric libraries start.
    context = multiprocessing.get_context("spawn")
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            waiting = {pool.submit(_keep, run, cache): run for run in missing}
            for done, future in enumerate(as_completed(waiting), 1):
                run = waiting[future]
                error = future.exception()
                if error is not None:
                    failed[run.run_id] = "".join(traceback.format_exception_only(error)).strip()
                outcome = failed.get(run.run_id) or f"{future.result():.1f} s"
                tell(f"{done}/{len(missing)} {run.run_id}: {outcome}")
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return failed


def trained(cache: Path, run: Run) -> bool:
    """Tell whether the cache holds the record of a run."""
    return _path(cache, run).exists()


def load(cache: Path, run: Run) -> Dense:
    """Read the record of a run that was trained."""
    with np.load(_path(cache, run)) as stored:
        names = stored["names"].tolist()
        at = float(stored["injected_at"])
        return Dense(
            channels={name: (stored[f"steps{k}"], stored[f"values{k}"]) for k, name in enumerate(names)},
            injected_at=None if math.isnan(at) else at,
            seconds=float(stored["seconds"]),
        )


def _keep(run: Run, cache: Path) -> float:
    dense = train(run)
    arrays: dict[str, FloatArray] = {}
    for k, (steps, values) in enumerate(dense.channels.values()):
        arrays |= {f"steps{k}": steps, f"values{k}": values}
    partial = _path(cache, run).with_suffix(".partial.npz")
    at = math.nan if dense.injected_at is None else dense.injected_at
    named = {"names": np.array(list(dense.channels)), "injected_at": np.array(at), "seconds": np.array(dense.seconds)}
    np.savez_compressed(partial, **arrays, **named)  # type: ignore[arg-type]  # its stub takes allow_pickle for an array
    # A run that is interrupted leaves no record.
    partial.rename(_path(cache, run))
    return dense.seconds


def _path(cache: Path, run: Run) -> Path:
    return cache / f"{run.run_id}.{run.strength:g}.npz"
