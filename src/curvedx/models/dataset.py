"""The training set: drawn curves as rows of features and degrees, in parallel, cached chunk by chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from curvedx.assets import asset
from curvedx.catalogue import assessable, unassessed
from curvedx.curve import FloatArray
from curvedx.features.engine import features
from curvedx.readers.labelled import LabelledRun
from curvedx.synth.draw import draw
from curvedx.synth.strangers import stranger

STRANGE = "no_loss"
"""The head behind those of the patterns: whether the signal is a loss at all."""

STRANGER_EVERY = 31
"""One curve in so many is a signal that is no loss; no multiple of the number of folds, or all would be in one."""

CHUNK = 500
"""Curves of one task and one cache file: a minute's work at most is lost to an interruption."""


@dataclass(frozen=True)
class Rows:
    """A set of curves as numbers."""

    features: FloatArray
    """One row a curve."""
    degrees: FloatArray
    """How likely each head's answer is yes, 0 to 1, in the order of `heads`; NaN where it cannot be said, which is
    never trained or scored."""

    def __len__(self) -> int:
        return len(self.features)

    @property
    def patterns(self) -> FloatArray:
        """The degrees of the patterns alone."""
        return self.degrees[:, :-1]

    def losses(self) -> Rows:
        """Return the rows of signals that are losses."""
        return self.where(self.degrees[:, -1] < 0.5)

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the rows of a mask."""
        return Rows(self.features[chosen], self.degrees[chosen])


def heads() -> tuple[str, ...]:
    """Return what the model's heads answer, in order: the patterns, gravest first, then whether it is no loss."""
    return (*(pattern.name for pattern in assessable()), STRANGE)


def join(parts: Sequence[Rows]) -> Rows:
    """Return several sets as one."""
    return Rows(np.concatenate([p.features for p in parts]), np.concatenate([p.degrees for p in parts]))


def generate(count: int, seed: int, workers: int, cache: Path | None) -> Rows:
    """Draw curves 0 to `count` of a seed as rows; the same whatever the number of workers.

    Parameters
    ----------
    cache
        Folder in which finished chunks are kept, under a name that changes with the seed and with every fact and line
        of code that decides what is in them; None keeps nothing.
    """
    if cache is not None:
        cache = cache / f"{fingerprint()}-{seed}"
        cache.mkdir(parents=True, exist_ok=True)
    starts = range(0, count, CHUNK)
    work = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_chunk)(seed, start, min(start + CHUNK, count), cache) for start in starts
    )
    return join(list(tqdm(work, total=len(starts), desc="curves", unit=f"x{CHUNK}")))


def _chunk(seed: int, start: int, stop: int, cache: Path | None) -> Rows:
    kept = cache / f"{start}-{stop}.npz" if cache is not None else None
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as found:
            return Rows(found["features"], found["degrees"])
    names = [pattern.name for pattern in assessable()]
    curves, degrees = [], []
    for index in range(start, stop):
        if index % STRANGER_EVERY:
            drawn = draw(seed, index)
            curves.append(drawn.curve)
            degrees.append([*(_number(drawn.degrees[name]) for name in names), 0.0])
        else:
            curves.append(stranger(seed, index))
            degrees.append([*(np.nan for _ in names), 1.0])
    rows = Rows(features(curves), np.array(degrees))
    if kept is not None:
        part = kept.with_suffix(".part.npz")
        np.savez(part, features=rows.features, degrees=rows.degrees)
        part.replace(kept)
    return rows


def _number(degree: float | None) -> float:
    return np.nan if degree is None else degree


def of_labelled(runs: Sequence[LabelledRun]) -> Rows:
    """Return labelled runs as rows: labels are certain, grey ones unknown."""
    names = [pattern.name for pattern in assessable()]
    rows = []
    for run in runs:
        cannot = names if run.not_a_loss else unassessed(run.curve)
        known = [
            np.nan if n in cannot else 1.0 if n in run.present else np.nan if n in run.grey else 0.0 for n in names
        ]
        rows.append([*known, float(run.not_a_loss)])
    return Rows(features([run.curve for run in runs]), np.array(rows).reshape(-1, len(heads())))


def fingerprint() -> str:
    """Return a hash of everything that decides what a seed draws and how it is measured: code and facts."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    rooms = sorted(path for room in ("synth", "features") for path in (package / room).rglob("*.py"))
    single = ("curve.py", "measures.py", "catalogue.py", "models/dataset.py")
    for path in (*rooms, *(package / name for name in single)):
        digest.update(path.read_bytes())
    for entry in sorted(asset("synth/patterns").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            digest.update(entry.read_bytes())
    digest.update(asset("features/settings.toml").read_bytes())
    return digest.hexdigest()[:12]
