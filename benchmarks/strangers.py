"""How well strangeness tells signals that are no loss from the losses of real runs.

``python benchmarks/strangers.py RUNS LABELS`` scores real series that two packages ship (``pip install statsmodels
vega_datasets``: prices, weather, employment, sunspots) and kinds of signals that the generator does not draw, none of
which anything was trained or tuned on, against the losses of labelled runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from scipy.stats import mannwhitneyu

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, Channel, Curve, FloatArray
from curvedx.diagnosis.classify import classify_curves
from curvedx.diagnosis.intake import as_curve
from curvedx.readers.labelled import load
from curvedx.synth.strangers import KINDS, stranger

DRAWN = 40
"""Signals of each kind that is drawn."""

PAGE = """# Signals that are no loss

How well the strangeness of a diagnosis tells signals that are no loss from the losses of public runs, and how often its
caveat is given (made by `benchmarks/strangers.py`). Nothing was trained or tuned on recorded series, nor on the kinds
marked as not drawn; those marked as drawn come from the generator, with another seed than the training's. The last two
columns are of the same signals with a learning rate and a gradient norm beside them, as a training logs them."""

LEAST = 24
"""Values that a series has to hold, to be one."""


def recorded() -> Iterator[tuple[str, FloatArray]]:
    """Yield the numeric columns of recorded data, each whole and its last third by itself."""
    from statsmodels import datasets  # noqa: PLC0415 - named in the docstring, and in no extra
    from vega_datasets import local_data  # noqa: PLC0415 - as above

    frames = {
        name: getattr(datasets, name).load_pandas().data
        for name in ("co2", "copper", "elnino", "interest_inflation", "macrodata", "nile", "sunspots")
    }
    frames |= {name: getattr(local_data, name)() for name in ("ohlc", "seattle_weather", "sf_temps", "us_employment")}
    stocks = local_data.stocks()
    frames |= {f"price of {symbol}": part[["price"]] for symbol, part in stocks.groupby("symbol")}
    for name, frame in frames.items():
        numbers = frame.select_dtypes("number").drop(columns=["YEAR", "year", "quarter"], errors="ignore")
        for column in numbers.columns:
            values = numbers[column].dropna().to_numpy(dtype=np.float64)
            for part, cut in (("", values), (", last third", values[-len(values) // 3 :])):
                if len(cut) >= LEAST and np.ptp(cut) > 0:
                    yield f"{name}: {column}{part}", cut


def undrawn() -> Iterator[tuple[str, FloatArray]]:
    """Yield signals of kinds that the generator does not draw."""
    rng = np.random.default_rng(0)
    for _ in range(DRAWN):
        count = int(rng.integers(30, 2000))
        t = np.linspace(0.0, 1.0, count)
        yield "square wave", np.sign(np.sin(2 * np.pi * rng.uniform(2, 12) * t)) + 0.05 * rng.normal(size=count)
        yield "chirp", np.sin(2 * np.pi * rng.uniform(3, 15) * t * t) + rng.uniform(0, 3)
        yield "mean-reverting walk", _reverting(count, rng)
        yield "throughput", rng.uniform(100, 9000) * (1 - 0.2 * rng.beta(1, 6, count))
        bell = np.exp(-(((t - rng.uniform(0.3, 0.7)) / rng.uniform(0.05, 0.2)) ** 2))
        yield "bell", bell + 0.02 * rng.normal(size=count)
        yield "coin tosses", rng.integers(0, 2, count).astype(np.float64)


def _reverting(count: int, rng: np.random.Generator) -> FloatArray:
    line = np.zeros(count)
    for at in range(1, count):
        line[at] = 0.97 * line[at - 1] + rng.normal()
    return line + rng.uniform(-5, 20)


def logged_with(curve: Curve) -> Curve:
    """Return the same signal as a training run logs it: a learning rate and a gradient norm beside it."""
    steps = curve[TRAIN_LOSS].steps
    t = np.linspace(0.0, 1.0, len(steps))
    norm = np.exp(0.3 * np.random.default_rng(len(t)).normal(size=len(t))) * (1.0 + 2.0 * np.exp(-t / 0.03))
    beside = {LR: Channel(steps, 1e-4 * (1.0 - 0.99 * t)), GRAD_NORM: Channel(steps, norm)}
    return Curve({TRAIN_LOSS: curve[TRAIN_LOSS], **beside}, curve.name)


def auroc(strange: FloatArray, usual: FloatArray) -> float:
    """Return the probability that a stranger scores higher than a loss, ties counted half."""
    return float(mannwhitneyu(strange, usual).statistic / (len(strange) * len(usual)))


@click.command()
@click.argument("runs", type=click.Path(path_type=Path))
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a model; the released one by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the page there.")
def main(runs: Path, labels: Path, model: Path | None, out: Path | None) -> None:
    """Print a table: kind, signals, AUROC against real losses, share that is warned of."""
    known = load(runs, labels)
    groups: dict[str, list[Curve]] = {
        "recorded series": [as_curve(values, name) for name, values in recorded()],
        "public, labelled as no loss": [run.curve for run in known if run.not_a_loss],
    }
    for name, values in undrawn():
        groups.setdefault(f"{name} (not drawn)", []).append(as_curve(values, name))
    for kind in KINDS:
        groups[f"{kind} (drawn)"] = [stranger(9_001, index, kind) for index in range(DRAWN)]
    losses = _strangeness([run.curve for run in known if not run.not_a_loss], model)
    found = {
        name: [_strangeness(each, model) for each in (curves, [logged_with(curve) for curve in curves])]
        for name, curves in groups.items()
        if curves
    }
    found["all of these"] = [np.concatenate(scores) for scores in zip(*found.values(), strict=True)]
    lines = [
        "| signals | n | AUROC against losses | warned | AUROC, logged with rate and norm | warned |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| losses of real runs | {len(losses)} | | {np.mean(losses >= 0.5):.0%} | | |",
    ]
    for name, each in found.items():
        told = " | ".join(f"{auroc(scores, losses):.2f} | {np.mean(scores >= 0.5):.0%}" for scores in each)
        lines.append(f"| {name} | {len(each[0])} | {told} |")
    table = "\n".join(lines)
    click.echo(table)
    if out is not None:
        out.write_text(f"{PAGE}\n\n{table}\n", encoding="utf-8")


def _strangeness(curves: list[Curve], model: Path | None) -> FloatArray:
    return np.array([dx.strangeness for dx in classify_curves(curves, model=model)], dtype=np.float64)


if __name__ == "__main__":
    main()
