"""What each decision brings on real runs.

``python benchmarks/ablation.py RUNS LABELS --cache DIR --out docs/ablation.md`` (extra `train`): each row leaves
out or changes one thing, trains anew with two seeds, and is measured on the same labelled runs. What is measured is
kept in the cache, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from joblib import Parallel, delayed

from curvedx.diagnosis import classify
from curvedx.evaluate import evaluate, load
from curvedx.features.settings import columns
from curvedx.models import dataset, heads
from curvedx.models.dataset import Rows
from curvedx.models.runtime import Model
from curvedx.models.train import learned
from curvedx.readers.labelled import LabelledRun
from curvedx.synth import draw as drawing
from curvedx.synth.logger import Lens

SEEDS = (0, 1)
CURVES = 12_000
"""Curves of every row that does not vary their number."""

VIEWS = {
    "the definitions, read off the log: `degree_*`": ("degree_",),
    "events: `train_high`, `train_tail*`": ("train_high", "train_tail"),
    "sudden changes: `train_fall*`, `train_rise*`": ("train_fall", "train_rise"),
    "what repeats: `train_wave_*`": ("train_wave_",),
    "the beginning: `train_head*`": ("train_head",),
    "logarithmic time: `*_log_time`": ("train_trend_log_time", "val_trend_log_time"),
    "the linear axis: `train_linear`, `train_level`, `train_progress`": (
        "train_linear",
        "train_level",
        "train_progress",
    ),
    "raw residuals: `train_grain`, `train_rough`, `train_memory`": ("train_grain", "train_rough", "train_memory"),
    "validation beside train: `val_gap*`, `val_over_train`": ("val_gap", "val_over_train"),
    "validation by itself: every other `val_*`": (
        "val_end",
        "val_rise",
        "val_trend",
        "val_noise",
        "val_drop",
        "val_won",
    ),
    "learning rate: `lr_*`": ("lr_",),
}
"""Groups of views by the beginnings of their names."""


@dataclass(frozen=True)
class Variant:
    """One row: what is changed, and the rows of features it is trained on."""

    group: str
    name: str
    rows: Callable[[int], Rows]
    boosting: dict[str, Any]
    parts: int = heads.PARTS


def variants(cache: Path, most: int) -> Iterator[Variant]:
    """Yield every row of the table, the reference first."""

    def drawn(seed: int, count: int = CURVES) -> Rows:
        return dataset.generate(count, seed, 1, cache)

    yield Variant("reference", f"as released, {CURVES:,} curves", drawn, {})
    for name, change in CHANGES.items():

        def changed(seed: int, change: Callable[[], Any] = change) -> Rows:
            with change():
                return dataset.generate(CURVES, seed, 1, None)

        yield Variant("generator", name, changed, {})
    yield Variant(
        "labels",
        "certain labels: a degree of one half or more is 1, any other 0",
        lambda seed: _hard(drawn(seed)),
        {},
    )
    for name, prefixes in VIEWS.items():
        yield Variant("without views", name, partial(_without, drawn, prefixes), {})
    for count in (4_000, 40_000, 120_000, 200_000):
        if count <= most:
            yield Variant("number of curves", f"{count:,}", partial(drawn, count=count), {})
    for name, settings in BOOSTING.items():
        yield Variant("boosting", name, drawn, settings)
    for parts, name in PARTS.items():
        yield Variant("boosting", name, drawn, {}, parts)


def _without(drawn: Callable[[int], Rows], prefixes: tuple[str, ...], seed: int) -> Rows:
    rows = drawn(seed)
    hidden = np.array([column.view.startswith(prefixes) for column in columns()])
    return Rows(np.where(hidden, np.nan, rows.features), rows.degrees)


def _hard(rows: Rows) -> Rows:
    return Rows(rows.features, np.where(np.isnan(rows.degrees), np.nan, (rows.degrees >= 0.5).astype(np.float64)))


@contextmanager
def _no_logger() -> Iterator[None]:
    plain = Lens(slice(None), 1, 0.0)
    with (
        patch.object(drawing, "lens", lambda *_args, **_names: plain),
        patch.object(drawing, "rounded", lambda values, _rng: values),
        patch.object(drawing, "_relogged", lambda _run, channels: channels),
    ):
        yield


@contextmanager
def _intended() -> Iterator[None]:
    def named(seed: int, index: int) -> drawing.Drawn:
        one = drawing.draw(seed, index)
        for name, degree in one.degrees.items():
            # Tasks and classes are logged where they were meant to show something: no head could be fitted.
            if degree is not None and name not in ("catastrophic_forgetting", "dead_class"):
                one.degrees[name] = float(name in one.recipes)
        return one

    with patch.object(dataset, "draw", named):
        yield


CHANGES: dict[str, Callable[[], Any]] = {
    "no logger effects: no thinning, averaging, rounding, cutting off, resuming": _no_logger,
    "labels by the recipe's intent instead of by measuring": _intended,
    "no benign twins": lambda: patch.object(drawing, "TWINS", {}),
    "missed recipes are not drawn again": lambda: patch.object(drawing, "TRIES", 1),
}

BOOSTING: dict[str, dict[str, Any]] = {
    "a third of the features at each split": {"max_features": 0.3},
    "60 trees of rate 0.2": {"max_iter": 60, "learning_rate": 0.2},
    "240 trees of rate 0.05": {"max_iter": 240, "learning_rate": 0.05},
    "31 leaves, 60 trees": {"max_leaf_nodes": 31, "max_iter": 60},
    "7 leaves, 240 trees": {"max_leaf_nodes": 7, "max_iter": 240},
}


PARTS = {
    1: "one classifier a head, on all rows, instead of two on half of them each",
    4: "four classifiers a head, on a quarter of the rows each",
}


def measured(variant: Variant, seed: int, runs: list[LabelledRun], held: Rows) -> dict[str, float]:
    """Train one variant and return its figures on the real runs, and its log loss on rows of the reference."""
    with patch.dict(heads.BOOSTING, variant.boosting), patch.object(heads, "PARTS", variant.parts):
        model = Model(learned(variant.rows(seed), seed=seed))
    found = evaluate(runs, classify._judge([run.curve for run in runs], model))["systems"]["model"]
    said = model.judge(held.features, ~np.isnan(held.patterns)).probabilities.clip(1e-6, 1 - 1e-6)
    loss = -(held.patterns * np.log(said) + (1 - held.patterns) * np.log(1 - said))
    return {
        "macro": found["macro_f1"]["value"],
        "headline": found["headline"]["accuracy"]["value"],
        "alarms": found["false_alarms"]["value"],
        "loss": float(np.nanmean(loss)),
    }


def page(found: dict[str, list[dict[str, float]]], groups: dict[str, str], runs: int) -> str:
    """Return the page; figures of the two seeds stand side by side."""
    lines = [
        "# What each decision brings",
        "",
        f"Made by `benchmarks/ablation.py`: each row changes one thing, trains with seeds 0 and 1 ({CURVES:,} curves",
        f"where nothing else is said), and is measured on the same {runs} real runs, of which nothing was trained on.",
        "The two figures of a cell are those of the two seeds: a difference smaller than theirs says nothing. The log",
        "loss is that of drawn curves of another seed, drawn as released.",
        "",
        "| | macro-F1 | headline accuracy | healthy runs flagged | log loss, drawn |",
        "| --- | --- | --- | --- | --- |",
    ]
    before = ""
    for name, figures in found.items():
        if groups[name] != before:
            before = groups[name]
            lines.append(f"| **{before}** | | | | |")
        cells = [" / ".join(f"{f[key]:.2f}" for f in figures) for key in ("macro", "headline", "alarms")]
        cells.append(" / ".join(f"{f['loss']:.4f}" for f in figures))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("runs", type=click.Path(path_type=Path))
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Keeps curves and figures.")
@click.option("--most", default=120_000, show_default=True, help="Largest number of curves to train with.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the page there.")
def main(runs: Path, labels: Path, cache: Path, most: int, out: Path | None) -> None:
    """Measure every row and print the page."""
    by_seed = Parallel(n_jobs=len(SEEDS))(delayed(of_seed)(seed, runs, labels, cache, most) for seed in SEEDS)
    found = {name: [figures[name] for figures in by_seed] for name in by_seed[0]}
    groups = {variant.name: variant.group for variant in variants(cache, most)}
    text = page(found, groups, len(load(runs, labels)))
    click.echo(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")


def of_seed(seed: int, runs: Path, labels: Path, cache: Path, most: int) -> dict[str, dict[str, float]]:
    """Return the figures of every row with one seed; each seed in a process of its own, with curves of its own."""
    known = load(runs, labels)
    held = dataset.generate(5_000, 77 + seed, 1, cache).losses()
    kept = cache / f"ablation-{dataset.fingerprint()}-{seed}.json"
    done: dict[str, dict[str, float]] = json.loads(kept.read_text()) if kept.exists() else {}
    for variant in variants(cache, most):
        if variant.name not in done:
            done[variant.name] = measured(variant, seed, known, held)
            kept.write_text(json.dumps(done, indent=1))
            click.echo(f"{variant.name}, seed {seed}: {done[variant.name]}", err=True)
    return {variant.name: done[variant.name] for variant in variants(cache, most)}


if __name__ == "__main__":
    main()
