"""Compare curvedx's features with general time-series classifiers: ``python benchmarks/rivals.py RUNS LABELS``.

Every rival learns the same labels from the same drawn curves, and is measured on the same real runs and on drawn curves
held out. What curvedx adds around its heads (soft labels, calibration, onsets) is left out, so this compares ways of
seeing a curve, not products. Needs ``pip install ".[train]" -r benchmarks/rivals-requirements.txt``.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from aeon.transformations.collection import convolution_based, feature_based  # type: ignore[import,unused-ignore]
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from tsfresh import extract_features
from tsfresh.feature_extraction import EfficientFCParameters

from curvedx.catalogue import HEALTHY, UNASSESSED, assessable, unassessed
from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.diagnosis.classify import BATCH, FEWEST
from curvedx.evaluate import load
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.predictions import Prediction, headline
from curvedx.evaluate.report import summarise
from curvedx.features.engine import features
from curvedx.measures import LARGEST, bounded
from curvedx.models.heads import BOOSTING
from curvedx.readers.labelled import LabelledRun
from curvedx.synth.draw import Drawn, draw

Transform = Callable[[Sequence[Curve]], FloatArray]
"""From curves to numbers, one row each."""

LENGTH = 256
"""Points of a resampled series: as many as curvedx has bins."""

FEWEST_POSITIVE = 10
"""A label with fewer examples is learned by nobody and predicted absent."""

LABELS = tuple(pattern.name for pattern in assessable())
LOSSES = (TRAIN_LOSS, VAL_LOSS)


def minirocket(train: Sequence[Curve]) -> Transform:
    """See 10,000 random convolutions, by the share of values above a bias (Dempster and others 2021)."""
    rocket = make_pipeline(convolution_based.MiniRocket(random_state=0), StandardScaler(with_mean=False))
    rocket.fit(series(train))
    return lambda curves: np.column_stack([rocket.transform(series(curves)), evaluated(curves)])


def catch22(_train: Sequence[Curve]) -> Transform:
    """See 22 characteristics of each series (Lubba and others 2019)."""
    return lambda curves: np.column_stack([feature_based.Catch22().fit_transform(series(curves)), evaluated(curves)])


def tsfresh(_train: Sequence[Curve]) -> Transform:
    """See all features of tsfresh but the slowest, of each series (Christ and others 2018)."""
    options = {"default_fc_parameters": EfficientFCParameters(), "n_jobs": 0, "disable_progressbar": True}

    def transform(curves: Sequence[Curve]) -> FloatArray:
        train, val = series(curves).transpose(1, 0, 2).reshape(2, -1)
        frame = pd.DataFrame({"run": np.repeat(np.arange(len(curves)), LENGTH), "train": train, "val": val})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant series divide by nothing in many of its calculators
            found = extract_features(frame, column_id="run", **options)
        values = found[sorted(found.columns)].to_numpy(dtype=np.float64)
        return np.column_stack([np.where(np.isfinite(values), values, np.nan), evaluated(curves)])

    return transform


def own(_train: Sequence[Curve]) -> Transform:
    """See curvedx's features of every channel."""
    return features


def own_of_losses(_train: Sequence[Curve]) -> Transform:
    """See curvedx's features of what the general classifiers are given: train and validation loss."""
    return lambda curves: features([replace(c, channels={n: c[n] for n in LOSSES if n in c}) for c in curves])


def series(curves: Sequence[Curve]) -> FloatArray:
    """Return train and validation loss on one grid of steps, each z-normalised; shape (curves, 2, `LENGTH`)."""
    return np.array([[_resampled(curve, name) for name in LOSSES] for curve in curves])


def _resampled(curve: Curve, name: str) -> FloatArray:
    """Fill what is not finite with the value before it, and join by straight lines; zeros where there is nothing."""
    channel = curve.get(name) or Channel(np.zeros(1), np.zeros(1))
    known = np.isfinite(channel.values)
    if not known.any():
        return np.zeros(LENGTH)
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), known.argmax()))
    grid = np.linspace(curve[TRAIN_LOSS].steps[0], curve[TRAIN_LOSS].steps[-1], LENGTH)
    values = np.interp(grid, channel.steps, bounded(channel.values[last]))
    scale = values.std()
    # A curve that moves by less than the smallest floats has no shape that could be told.
    return (values - values.mean()) / scale if scale > 1.0 / LARGEST else np.zeros(LENGTH)


def evaluated(curves: Sequence[Curve]) -> FloatArray:
    """Return one column that flags a logged validation loss; as a series it would be constant and hard to see."""
    return np.array([[float(curve.has(VAL_LOSS))] for curve in curves])


def boosted() -> Any:
    """Return boosted trees with the settings of curvedx's heads."""
    return HistGradientBoostingClassifier(random_state=0, **BOOSTING)


def ridge(class_weight: str | None = None) -> Any:
    """Return the linear classifier that MiniRocket's authors use; unweighted, it seldom names a rare label."""
    return RidgeClassifierCV(alphas=np.logspace(-3, 3, 10), class_weight=class_weight)


HEAD = (
    "| rival | ms to transform | ms to predict | s to train "
    "| macro-F1 real | headline accuracy real | false alarms real | macro-F1 drawn |\n" + "| --- " * 8 + "|"
)

RIVALS: Mapping[str, tuple[Callable[[Sequence[Curve]], Transform], Callable[[], Any]]] = {
    "curvedx + boosting": (own, boosted),
    "curvedx of the two losses + boosting": (own_of_losses, boosted),
    "MiniRocket + ridge": (minirocket, ridge),
    "MiniRocket + balanced ridge": (minirocket, lambda: ridge("balanced")),
    "catch22 + boosting": (catch22, boosted),
    "tsfresh + boosting": (tsfresh, boosted),
}


def learn(x: FloatArray, degrees: FloatArray, head: Callable[[], Any]) -> Callable[[FloatArray], BoolArray]:
    """Fit each label to the rows in which it could be said, and return what tells which are present."""
    fitted: list[tuple[BoolArray, Any]] = []
    for column in degrees.T:
        known = ~np.isnan(column)
        present, rows = column[known] >= 0.5, x[known]
        filled = ~np.isnan(rows).all(axis=0)  # boosting takes gaps, but no empty column
        enough = present.sum() >= FEWEST_POSITIVE
        fitted.append((filled, head().fit(rows[:, filled], present) if enough else None))

    def say(x: FloatArray) -> BoolArray:
        none = np.zeros(len(x), dtype=bool)
        # Decisions of trees are log odds: zero is a probability of one half.
        said = [none if model is None else model.decision_function(x[:, filled]) >= 0 for filled, model in fitted]
        return np.column_stack(said)

    return say


def in_batches(work: Callable[[Any], Any], rows: Any) -> tuple[Any, float]:
    """Return what the work makes of all rows, and the median over batches of its milliseconds a row on one core."""
    work(rows[:2])  # compiles what is compiled at the first call
    parts, took = [], []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        since = time.process_time()  # the time of this process, whoever else uses the machine
        parts.append(work(batch))
        took.append(1000 * (time.process_time() - since) / len(batch))
    return np.concatenate(parts), float(np.median(took))


def predictions(curves: Sequence[Curve], said: BoolArray) -> list[Prediction]:
    """Return what is said of each curve, with nothing said of labels that it cannot show."""
    found = []
    for curve, row in zip(curves, said, strict=True):
        long_enough = len(curve) >= FEWEST
        silent = frozenset(unassessed(curve) if long_enough else LABELS)
        labels = frozenset(name for name, yes in zip(LABELS, row, strict=True) if yes) - silent
        chief = headline(labels) if long_enough else UNASSESSED
        found.append(Prediction(labels=labels, unassessed=silent, headline=chief))
    return found


def labelled(drawn: Drawn, index: int) -> LabelledRun:
    """Return a drawn curve in the form in which real runs are scored."""
    present = drawn.present() or frozenset({HEALTHY})
    return LabelledRun(
        curve=drawn.curve, present=present, grey=frozenset(), cluster=str(index), not_a_loss=False, onsets={}
    )


def race(name: str, train: Sequence[Drawn], held: Sequence[LabelledRun], real: Sequence[LabelledRun]) -> dict[str, Any]:
    """Train one rival and measure it; the result is JSON-able."""
    see, head = RIVALS[name]
    learned = [d.curve for d in train]
    degrees = np.array([[d.degrees[name] for name in LABELS] for d in train], dtype=np.float64)  # None is NaN
    tested = [run.curve for run in (*held, *real)]
    since = time.process_time()
    transform = see(learned)
    fitting = time.process_time() - since
    x, transform_ms = in_batches(transform, [*learned, *tested])
    since = time.process_time()
    say = learn(x[: len(train)], degrees, head)
    fitting += time.process_time() - since
    said, predict_ms = in_batches(say, x[len(train) :])
    scored = predictions(tested, said)
    return {
        "rival": name,
        "columns": x.shape[1],
        "transform_ms": transform_ms,
        "predict_ms": predict_ms,
        "train_s": fitting,
        "drawn": summarise(held, scored[: len(held)]),
        "real": summarise(real, scored[len(held) :]),
    }


def row(result: Mapping[str, Any]) -> str:
    """Render one line of the table; brackets are 90 % bootstrap intervals."""
    real = result["real"]
    measured = (real["macro_f1"], real["headline"]["accuracy"], real["false_alarms"], result["drawn"]["macro_f1"])
    estimates = ["{value:.2f} [{low:.2f}, {high:.2f}]".format(**m) if m["value"] is not None else "" for m in measured]
    start = "| {rival} | {transform_ms:.2f} | {predict_ms:.2f} | {train_s:.0f}".format(**result)
    return " | ".join([start, *estimates]) + " |"


@click.command()
@click.argument("runs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("labels", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--train", type=click.IntRange(min=1), default=3000, show_default=True, help="Curves to learn from.")
@click.option("--held", type=click.IntRange(min=1), default=1000, show_default=True, help="Drawn curves to test on.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same curves.")
@click.option("--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write all measures.")
def main(*, runs: Path, labels: Path, train: int, held: int, seed: int, out: Path | None) -> None:
    """Print the rivals side by side as Markdown, each when it is done; times are milliseconds a curve."""
    real = load(runs, labels)
    drawn = [draw(seed, index) for index in range(train + held)]
    kept = [labelled(d, index) for index, d in enumerate(drawn[train:])]
    click.echo(HEAD)
    results = []
    for name in RIVALS:
        with threadpool_limits(1):
            results.append(race(name, drawn[:train], kept, real))
        click.echo(row(results[-1]))
    if out is not None:
        out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
