"""The model at work: features in, calibrated probabilities out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvedx.catalogue import HEALTHY
from curvedx.curve import FloatArray
from curvedx.errors import ModelError
from curvedx.models.artefact import Artefact, load
from curvedx.models.headline import chosen, distribution, sigmoid


@dataclass(frozen=True)
class Verdict:
    """What the model says of one curve; the fields are rows of `Verdicts`."""

    probabilities: FloatArray
    headline: FloatArray
    chosen: int
    confidence: float
    strangeness: float


@dataclass(frozen=True)
class Verdicts:
    """What the model says of a batch of curves, one row each."""

    probabilities: FloatArray
    """Calibrated probability of each class; NaN where unassessed."""
    headline: FloatArray
    """Probability of each headline label of a loss; one column more than there are classes, ``healthy`` last."""
    chosen: NDArray[np.intp]
    """Column of the headline."""
    confidence: FloatArray
    """Calibrated probability that the headline is right."""
    strangeness: FloatArray
    """Calibrated probability that the signal is no loss at all."""

    def of(self, row: int) -> Verdict:
        """Return what is said of one curve."""
        return Verdict(
            self.probabilities[row],
            self.headline[row],
            int(self.chosen[row]),
            float(self.confidence[row]),
            float(self.strangeness[row]),
        )


class Trees:
    """The heads' trees at work; nothing in their file is code."""

    def __init__(self, trees: bytes, title: str = "model") -> None:
        """Make trees ready, given as `curvedx.models.trees.to_onnx` writes them.

        Raises
        ------
        ModelError
            If they cannot be run.
        """
        import onnxruntime  # noqa: PLC0415 - 90 ms that only classifying should pay

        options = onnxruntime.SessionOptions()
        # Batches are split over processes; threads of their own would only get in each other's way.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(trees, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no other base
            raise ModelError(f"{title}: the trees cannot be run ({error}); copy the model again") from error

    def __call__(self, features: FloatArray) -> FloatArray:
        """Return the heads' sums of leaves, one row a curve, one column a head."""
        (out,) = self._session.run(None, {"features": np.ascontiguousarray(features)})
        return np.asarray(out, dtype=np.float64)


class Model:
    """A loaded model."""

    def __init__(self, artefact: Artefact) -> None:
        passport = artefact.passport
        self.title = artefact.title
        self.classes: tuple[str, ...] = tuple(passport["classes"])
        self.labels: tuple[str, ...] = (*self.classes, HEALTHY)
        self.conformal: tuple[float, ...] = tuple(passport["conformal"])
        self._slope = np.array(passport["slope"], dtype=np.float64)
        self._intercept = np.array(passport["intercept"], dtype=np.float64)
        self.raw = Trees(artefact.trees, self.title)

    def judge(self, features: FloatArray, assessed: NDArray[np.bool_]) -> Verdicts:
        """Judge a batch.

        Parameters
        ----------
        features
            One row a curve, in the order of `curvedx.features.settings.columns`; NaN where a channel is missing.
        assessed
            True where a curve can show a class at all; one row a curve, one column a class.
        """
        said = sigmoid(self._slope * self.raw(features) + self._intercept)
        # The last head tells whether the signal is a loss; what is none has no pattern, and no headline of it is right.
        of_a_loss, strangeness = np.where(assessed, said[:, :-1], np.nan), said[:, -1]
        probabilities = of_a_loss * (1.0 - strangeness)[:, np.newaxis]
        headline, column = distribution(of_a_loss), chosen(probabilities)
        confidence = headline[np.arange(len(column)), column] * (1.0 - strangeness)
        return Verdicts(probabilities, headline, column, confidence, strangeness)


def model(folder: str | os.PathLike[str] | None = None) -> Model:
    """Return the model of a folder, or the released one; each is read once, and again when its files change."""
    if folder is None:
        return _cached(None, None)
    path = os.fspath(folder)
    try:
        stamp = os.stat(os.path.join(path, "model.toml")).st_mtime_ns  # noqa: PTH116, PTH118 - one call of a hot path
    except OSError:
        stamp = None
    return _cached(path, stamp)


@lru_cache(maxsize=4)
def _cached(folder: str | None, _stamp: int | None) -> Model:
    return Model(load(folder))
