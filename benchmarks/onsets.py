"""How far the onsets that are found lie from the true ones, on drawn curves and on the fault lab's runs.

``python benchmarks/onsets.py [--out docs/onsets.md]``: every finder is called on the curves that clearly show its
pattern, whatever the model says of them. About two minutes of one core. With `ruptures` installed
(``onsets-requirements.txt``) change-point detection is measured beside the project's own finders.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path

import click
import numpy as np
from changepoints import BREAKS, compared

from curvedx.assets import asset
from curvedx.catalogue import assessable
from curvedx.curve import TRAIN_LOSS, Curve
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.onsets import sight
from curvedx.readers.labelled import LabelledRun, load
from curvedx.synth.draw import Drawn, _choose, draw
from curvedx.synth.recipes import load as recipes

SEED = 902_117
"""No model was trained on it, and no finder was developed on it."""

CASES, MOST_DRAWS = 200, 100_000
CLEAR = 0.9
"""Degree from which a drawn pattern is clearly present."""

MANY = 100
"""Rows of the channel from which a row is 1 % of the run at most."""

EVERYWHERE = ("flat_line", "sawtooth", "undertrained")
"""Patterns that are true of the whole run: nothing is to be found."""

SINGLE = ("loss_spikes", "step_drops", "epoch_staircase", "level_jump", "catastrophic_forgetting")
"""Patterns whose events are given one by one."""

ALL = "**all**"

KNOWN = {
    "plateau": ("frozen",),
    "level_jump": ("stale_resume", "redefined", "rewound", "unnormalised"),
    "collapse_to_zero": ("masked",),
    "catastrophic_forgetting": ("switched",),
    "numerical_failure": ("broken", "hidden_nan"),
    "loss_spikes": ("bad_batches", "outliers"),
    "step_drops": ("steps_down",),
    "schedule_waves": ("restarts",),
    "epoch_staircase": ("repeated",),
}
"""Patterns that are the direct consequence of what was put in, by condition."""


@dataclass(frozen=True)
class Error:
    """One onset that was looked for."""

    pattern: str
    far: float
    """Distance to the nearest true onset, as a share of the run."""
    rows: int
    """Points of the channel that shows it."""
    off: int
    """The same distance in rows of that channel."""


def drawn(cases: int) -> list[Drawn]:
    """Draw curves, until each pattern is clearly there so often, as the generator mixes patterns and twins."""
    missing = {pattern.name: cases for pattern in assessable()}
    known, found = recipes(), []
    for index in range(MOST_DRAWS):
        if max(missing.values()) <= 0:
            break
        # What is to be drawn is cheap to know; curves of patterns that are there in numbers are left out.
        if any(missing[name] > 0 for name in _choose(np.random.default_rng([SEED, index]), known)):
            one = draw(SEED, index)
            found.append(one)
            for name, degree in one.degrees.items():
                if name in missing and (degree or 0.0) >= CLEAR:
                    missing[name] -= 1
    return found


def true_onsets(one: Drawn, name: str, *, ties: bool = True) -> tuple[float, ...]:
    """Return where a pattern truly begins; evaluations that are as low as the lowest, within their scatter, tie."""
    known, t = one.onsets.get(name, ()), one.truth
    if not ties or name != "overfitting" or t.val is None or t.val_y is None or not known:
        return known
    steps = one.curve["val_loss"].steps
    low = np.flatnonzero(t.val <= t.val.min() + np.median(np.abs(t.val_y - t.val)))
    return tuple(steps[low].tolist()) if len(steps) == len(t.val) else known


def errors_of_drawn(curves: Iterable[Drawn]) -> Iterator[Error]:
    """Look for every pattern that is clearly present."""
    for one in curves:
        run = Tracks(one.curve)
        for name, degree in one.degrees.items():
            if (degree or 0.0) >= CLEAR and name not in EVERYWHERE and (true := true_onsets(one, name)):
                yield from error(run, name, true)


def without_ties(curves: Iterable[Drawn]) -> str:
    """Return the accuracy for overfitting, were there one lowest evaluation alone."""
    found: list[float] = []
    for one in curves:
        true = true_onsets(one, "overfitting", ties=False)
        if (one.degrees.get("overfitting") or 0.0) >= CLEAR and true:
            found += [e.far for e in error(Tracks(one.curve), "overfitting", true)]
    return f"{_percent(found, 0.5)} and {_percent(found, 0.9)}"


def errors_of_lab(runs: Iterable[LabelledRun], faults: dict[str, str] | None = None) -> Iterator[Error]:
    """Look for every label with an onset; with `faults`, conditions by run, for direct consequences alone."""
    for one in runs:
        run = Tracks(one.curve)
        for name, true in one.onsets.items():
            direct = faults is None or faults[one.curve.name] in KNOWN.get(name, ())
            if name in one.present and name not in EVERYWHERE and direct:
                yield from error(run, name, true)


def error(run: Tracks, name: str, true: tuple[float, ...]) -> Iterator[Error]:
    """Return how far the onset is from the nearest true one; nothing found is a whole run away."""
    seen, span = sight(run, name), _span(run.curve)
    if span <= 0:
        return
    steps = run.curve[seen.channel].steps
    if seen.onset is None:
        yield Error(name, 1.0, len(steps), len(steps))
        return
    nearest = min(true, key=lambda step: abs(step - (seen.onset or 0.0)))
    at = np.searchsorted(steps, [nearest, seen.onset])
    yield Error(name, abs(seen.onset - nearest) / span, len(steps), abs(int(at[1]) - int(at[0])))


def _span(curve: Curve) -> float:
    return float(np.ptp(curve[TRAIN_LOSS].steps))


def _percent(values: list[float], quantile: float) -> str:
    return f"{100 * float(np.quantile(values, quantile)):.2f} %" if values else ""


def table_of_drawn(errors: list[Error]) -> str:
    """Return the accuracy on drawn curves, by pattern and in all."""
    rows = [
        "| pattern | cases | median | 90th percentile | within a row "
        f"| cases of {MANY} rows or more | median | 90th percentile |",
        "| --- " * 8 + "|",
    ]
    for name, some in _by_pattern(errors):
        far, long = [e.far for e in some], [e.far for e in some if e.rows >= MANY]
        near = np.mean([e.off <= 1 for e in some])
        rows.append(
            f"| {name} | {len(far)} | {_percent(far, 0.5)} | {_percent(far, 0.9)} | {near:.0%} | {len(long)} "
            f"| {_percent(long, 0.5)} | {_percent(long, 0.9)} |"
        )
    return "\n".join(rows)


def table_of_lab(*halves: list[Error]) -> str:
    """Return the accuracy on each half of the lab's runs, by pattern and in all."""
    names = ("calibration", "test")[: len(halves)]
    head = "".join(f" {name} | median | 90th percentile |" for name in names)
    rows = [f"| pattern |{head}", "| --- " * (1 + 3 * len(names)) + "|"]
    by_half = [dict(_by_pattern(half)) for half in halves]
    patterns = [f"`{p.name}`" for p in assessable() if any(f"`{p.name}`" in half for half in by_half)]
    for name in (*patterns, ALL):
        cells = [[e.far for e in half.get(name, [])] for half in by_half]
        said = " | ".join(f"{len(far)} | {_percent(far, 0.5)} | {_percent(far, 0.9)}" for far in cells)
        rows.append(f"| {name} | {said} |")
    return "\n".join(rows)


def _by_pattern(errors: list[Error]) -> Iterator[tuple[str, list[Error]]]:
    found: dict[str, list[Error]] = defaultdict(list)
    for e in errors:
        found[e.pattern].append(e)
    yield from ((f"`{p.name}`", found[p.name]) for p in assessable() if p.name in found)
    yield ALL, errors


def table_of_events(curves: Iterable[Drawn], near: float = 0.01) -> str:
    """Return how many true events are found within 1 % of the run or a row, and how many of those found are true."""
    counts = {name: np.zeros(4, dtype=int) for name in SINGLE}
    for one in curves:
        run = Tracks(one.curve)
        row = float(np.median(np.diff(one.curve[TRAIN_LOSS].steps)))
        reach = 1.01 * max(near * _span(one.curve), row)
        for name in SINGLE:
            true = np.array(one.onsets.get(name, ()))
            if (one.degrees.get(name) or 0.0) >= CLEAR and true.size:
                found = np.array([event.step for event in sight(run, name).events])
                apart = np.abs(found[:, np.newaxis] - true) <= reach
                counts[name] += [len(true), apart.any(axis=0).sum(), len(found), apart.any(axis=1).sum()]
    rows = ["| pattern | true events | of these found | events found | of these true |", "| --- " * 5 + "|"]
    for name, (true_ones, hit, said, true_said) in counts.items():
        rows.append(f"| `{name}` | {true_ones:,} | {hit / true_ones:.0%} | {said:,} | {true_said / said:.0%} |")
    return "\n".join(rows)


def faults_of(path: Path) -> dict[str, str]:
    """Return the condition of every run of the lab."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["run_id"]: row["fault"] for row in csv.DictReader(file)}


def page(cases: int, *, test: bool) -> str:
    """Measure everything and return the page."""
    curves = drawn(cases)
    generated = list(errors_of_drawn(curves))
    with as_file(asset("data/lab")) as folder:
        names = ("calibration", "test") if test else ("calibration",)
        halves = [load(folder / "runs.parquet", folder / "labels.csv", half=half) for half in names]
        faults = faults_of(folder / "labels.csv")
    lab = [list(errors_of_lab(half)) for half in halves]
    known = [list(errors_of_lab(half, faults)) for half in halves]
    return PAGE.format(
        seed=f"{SEED:,}",
        clear=CLEAR,
        many=MANY,
        strict=without_ties(curves),
        generated=table_of_drawn(generated),
        events=table_of_events(curves),
        lab=table_of_lab(*lab),
        known=table_of_lab(*known),
        ruptures=compared(curves),
        breaks=BREAKS,
    )


PAGE = """# Onsets

Where a pattern begins, found by the finders in `src/curvedx/diagnosis/onsets/`, against where it truly does. Made by
`benchmarks/onsets.py`: every finder is called on the curves that clearly show its pattern (degree {clear} or more),
whatever the model says of them. An error is a share of the run, from the first logged step to the last.

Wanted: on drawn curves a median of 1 % and a 90th percentile of 5 %; on the lab's runs whose step of injection is known
a median of 2 %.

## What counts as the onset

A logged row, in both the truth and the finding: an onset between two rows is the first row that shows it.

| pattern | onset |
| --- | --- |
| `numerical_failure` | the first row that is not finite, or is the masked form |
| `divergence` | the last row at the lowest loss, from which it rises |
| `catastrophic_forgetting` | the first row behind the lowest loss of a task |
| `exploding_gradients` | the last row before the norm climbs |
| `vanishing_gradients` | the last row before the norm falls; the first of all where it was low all along |
| `collapse_to_zero` | the first row of the fall |
| `overfitting` | the evaluation with the lowest validation loss |
| `double_descent` | the evaluation at the peak between the descents |
| `grokking` | the first evaluation after the highest at which half of the height is lost |
| `val_below_train` | the first evaluation below train from which on 70 % are |
| `dead_class` | the evaluation from which the class stays below 5 % |
| `plateau` | the row at the knee |
| `oscillation` | the trough from which the loss first swings up by 70 % of its usual swing |
| `schedule_waves` | the last row of each cycle |
| `loss_spikes`, `step_drops`, `level_jump`, `epoch_staircase` | the first row of each that the definition counts |
| `warmup_spike` | the first row that is up by a tenth of the bump |

Drawn curves know their noise-free course: the onset is measured on it as the log shows it, with the place at which the
recipe put something in where there is one. Of several onsets the nearest counts, as in `curvedx evaluate`; whether each
is found is in the table of events. Evaluations that are as low as the lowest one within the scatter of a single
evaluation tie (with the lowest alone, median and 90th percentile of `overfitting` are {strict}).
`flat_line`, `sawtooth` and `undertrained` are true of the whole run and not counted.

## Drawn curves

Seed {seed}, which no model and no finder was made with, in the mixture in which the generator draws patterns, twins and
loggers. Half of the curves have 8 to 30 rows, where one row is 3 to 14 % of the run: *within a row* is the share of
onsets that are off by one row of their channel at most, and the last columns are of curves with {many} rows or more.

{generated}

Events that are given one by one, as right where they lie within 1 % of the run, or a row, of a true one:

{events}

## The lab's runs

Onsets as `data/lab/labels.csv` gives them. The finders were made without a look at the test half.

{lab}

Of these, the labels that are the direct consequence of what was put in at a known step:

{known}

Divergence and exploding gradients come there from learning rates that grow over two thirds of a run. Their labels are
the lowest point of a record of every step, of which the log shows a part; the finders name the place from which the
rise can be seen, which is later by so much as the rise is slow at first. A staircase has labels only for the steps that
the definition counts. Half of these runs have so few rows that an onset that is off by one row is off by 3 to 14 %.

## Change-point detection

The library `ruptures` was tried for the patterns that are changes of level or of slope: with {breaks} change points, of
which the largest in the right direction after the first tenth is taken, or with one knee between two straight lines.

{ruptures}

Exact segmentation (`KernelCPD`) finds a jump nearly as well as the project's own finder, and no slower. It does not
find a drop: segments of constant mean spend their change points on the bend of the descent, and the largest fall
between two of them is often there; which falls are steps is told by the pace before and after, which the library does
not know. Two straight lines do not find the knee of a curved fall either. So the finders stay the project's own, with
Page's contrast for the exact point, and there is no new dependency.
"""


@click.command()
@click.option("--cases", default=CASES, show_default=True, help="Drawn curves a pattern.")
@click.option("--test/--no-test", default=True, help="Also measure the lab's test half; not while developing.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the page there.")
def main(cases: int, test: bool, out: Path | None) -> None:
    """Measure every finder and print the page."""
    text = page(cases, test=test)
    click.echo(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
