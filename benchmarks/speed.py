"""How fast curvedx is, against what it replaces, measured side by side in one run.

``python benchmarks/speed.py [--out docs/speed.md]`` prints a table (extra `train`); set ``OMP_NUM_THREADS=1`` so that
scikit-learn and numpy use one core too. Ratios mean more than times: both sides saw the same machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from runs import run

from curvedx.diagnosis.classify import classify_curve, classify_curves
from curvedx.features.engine import features, features_of_sheet
from curvedx.features.reference import extract, reference_features
from curvedx.features.views import views_of
from curvedx.models.dataset import generate
from curvedx.models.heads import fit
from curvedx.models.runtime import Trees, model
from curvedx.models.trees import to_onnx

TOP = Path(__file__).parents[1]
LOG = TOP / "data" / "logs" / "hf" / "overfitting" / "trainer_state.json"
STREAMED = 100_000


BOUNDS = """## What bounds it

A single curve is bound by calls, not by numbers: a run of 100 points takes nearly as long as one of 1,000. Nearly half
of its time goes to the definitions, which are measured on each log by the code that labels drawn curves, taken for what
they bring on real runs ([ablation](ablation.md)): its series are smoothed, which takes one half of that, and then one
definition after another is read off them. Then come about 600 calls for the other views, and 5,520 trees, which one row
finds outside of the nearest caches. What would move it: a compiled kernel. Leaving out the 27 views that the trees use
least cost 2 % of the log loss, and twenty more another 8 %.

A batch smooths the series of many logs at once, so that numbers bound that; the definitions themselves are read off one
run after another, by calls. Together they are two thirds of it, then come the other views."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    wanted: str = ""


def times(call: Callable[[], object], count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the seconds that each of `count` calls takes, after three that warm up."""
    taken = np.empty(count)
    for number in range(-3, count):
        begin = time.perf_counter()
        call()
        if number >= 0:
            taken[number] = time.perf_counter() - begin
    return taken


def typical(call: Callable[[], object], count: int = 7) -> float:
    """Return the median seconds of a call."""
    return float(np.median(times(call, count)))


def feature_engine() -> Iterator[Row]:
    """Views and features of a batch, and the features alone against tsfresh."""
    curves = [run(1000, 4, seed) for seed in range(1000)]
    whole = typical(lambda: features(curves)) / len(curves)
    yield Row("views and features, 4 channels, 1,000 points, batch of 1,000", f"{whole * 1e6:,.0f} µs", "≤ 300 µs")
    sheet = views_of(curves)
    engine = typical(lambda: features_of_sheet(sheet)) / len(curves)
    rows = [sheet.row(number) for number in range(20)]
    tsfresh = typical(lambda: extract(rows), 3) / len(rows)
    bare = typical(lambda: reference_features(rows), 3) / len(rows)
    yield Row("the features alone, of ready views", f"{engine * 1e6:,.0f} µs")
    yield Row(
        "`tsfresh.extract_features`, the same features of the same views",
        f"{tsfresh * 1e6:,.0f} µs: the engine is {tsfresh / engine:,.0f} times faster",
        "≥ 90 times",
    )
    yield Row(
        "tsfresh's calculators called one by one, without its frames",
        f"{bare * 1e6:,.0f} µs: the engine is {bare / engine:,.0f} times faster",
    )


def runtime() -> Iterator[Row]:
    """The heads as ONNX against scikit-learn's own prediction."""
    drawn = generate(3000, 1, 1, None)
    heads = fit(drawn, 0, 1)
    trees = Trees(to_onnx(heads, drawn.features.shape[1]))

    def sklearn(rows: Any) -> Any:
        return np.column_stack([head.raw(rows) for head in heads])

    rows = np.vstack([drawn.features] * 4)[:10_000]
    apart = float(np.abs(trees(rows) - sklearn(rows)).max())
    yield Row(f"largest difference of {len(heads)} heads from scikit-learn's, 10,000 rows", f"{apart:.0e}", "≤ 1e-6")
    for count in (1, 256):
        ours, theirs = typical(lambda n=count: trees(rows[:n]), 15), typical(lambda n=count: sklearn(rows[:n]), 5)  # type: ignore[misc]
        yield Row(
            f"{len(heads)} heads, {count} row{'s' if count > 1 else ''}: ONNX against scikit-learn",
            f"{ours * 1e6:,.0f} µs, {theirs * 1e6:,.0f} µs: {theirs / ours:,.0f} times faster",
        )


def diagnosis() -> Iterator[Row]:
    """The whole way from a curve to a diagnosis."""
    short, long = run(1000, 2), run(100_000, 4)
    taken = times(lambda: classify_curve(short), 400)
    yield Row("`classify_curve`, train and validation, 1,000 points: p50", f"{np.median(taken) * 1e3:.2f} ms", "≤ 1 ms")
    yield Row("the same: p99", f"{np.quantile(taken, 0.99) * 1e3:.2f} ms", "≤ 3 ms")
    yield Row(
        "`classify_curve`, 4 channels, 100,000 points: p50",
        f"{typical(lambda: classify_curve(long), 25) * 1e3:.1f} ms",
        "≤ 10 ms",
    )
    curves = [run(1000, 4, seed) for seed in range(1024)]
    rate = len(curves) / typical(lambda: classify_curves(curves), 5)
    yield Row("`classify_curves`, 4 channels, 1,000 points, one core", f"{rate:,.0f} curves/s", "≥ 3,000 curves/s")


def stages() -> Iterator[Row]:
    """Where the time goes, of one curve and of a curve in a batch."""
    for told, curves in (
        ("one curve, train and validation, 1,000 points", [run(1000, 2)]),
        ("a curve of 4 channels in a batch of 256", [run(1000, 4, seed) for seed in range(256)]),
    ):
        judge, sheet = model(), views_of(curves)
        rows = features_of_sheet(sheet)
        assessed = np.ones((len(curves), len(judge.classes)), dtype=bool)
        count = 300 if len(curves) == 1 else 7
        taken = {
            "views": typical(partial(views_of, curves), count),
            "features": typical(partial(features_of_sheet, sheet), count),
            "trees and calibration": typical(partial(judge.judge, rows, assessed), count),
            "all": typical(partial(classify_curves, curves), count),
        }
        parts = ", ".join(f"{name} {seconds / len(curves) * 1e6:,.0f} µs" for name, seconds in taken.items())
        yield Row(f"where the time goes: {told}", parts)


def growth() -> Iterator[Row]:
    """How the time of the whole way grows with points, with the batch and with channels."""
    runs = {points: run(points, 4) for points in (100, 1000, 10_000, 100_000)}
    taken = {points: typical(lambda n=points: classify_curve(runs[n])) for points in runs}  # type: ignore[misc]
    yield Row(
        "`classify_curve`, 4 channels, by points",
        ", ".join(f"{points:,}: {seconds * 1e3:.2f} ms" for points, seconds in taken.items()),
        "linear in points",
    )
    curves = [run(1000, 4, seed) for seed in range(4096)]
    each = {
        size: typical(lambda n=size: classify_curves(curves[:n]), 5) / size  # type: ignore[misc]
        for size in (1, 16, 256, 4096)
    }
    yield Row(
        "`classify_curves`, 4 channels, 1,000 points, a curve by size of the archive",
        ", ".join(f"{size:,}: {seconds * 1e6:,.0f} µs" for size, seconds in each.items()),
        "flat",
    )
    by = {n: [run(1000, n, seed) for seed in range(256)] for n in range(1, 5)}
    yield Row(
        "the same by channels, 256 curves",
        ", ".join(
            f"{n}: {typical(lambda n=n: classify_curves(by[n]), 5) / 256 * 1e6:,.0f} µs"  # type: ignore[misc]
            for n in by
        ),
    )


def training(curves: int) -> Iterator[Row]:
    """What `curvedx train` takes from nothing to a model with its card, with one worker and with two."""
    hashes = {}
    for workers in (2, 1):
        with TemporaryDirectory() as folder:
            arguments = ["-m", "curvedx", "train", "--curves", str(curves), "--workers", str(workers), "--out", folder]
            begin = time.perf_counter()
            with subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own code
                peak = 0
                while process.poll() is None:
                    peak = max(peak, sum(map(_proportional, _tree(process.pid))))
                    time.sleep(0.5)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, arguments)
            taken = time.perf_counter() - begin
            parts = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
            hashes[workers] = hashlib.sha256(b"".join(parts)).hexdigest()
        yield Row(
            f"`curvedx train`, {curves:,} curves, {workers} worker{'s' if workers > 1 else ''}",
            f"{taken / 60:.1f} min, {peak / 2**20:.2f} GiB in all processes",
            "100,000 in ≤ 15 min with 2, ≤ 6 GB" if workers == 2 else "",
        )
    yield Row("models of one and of two workers", "equal to the byte" if len(set(hashes.values())) == 1 else "differ")


def _tree(process: int) -> list[int]:
    """Return a process and all below it."""
    found, left = [], [process]
    while left:
        found.append(left.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            left += map(int, _text(task).split())
    return found


def _proportional(process: int) -> int:
    """Return the kibibytes of a process, pages that it shares counted in part."""
    lines = _text(Path(f"/proc/{process}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # it has ended
        return ""


STREAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from runs import run
from curvedx.diagnosis.classify import classify_stream
some = [run(1000, 4, seed) for seed in range(64)]
count = sum(1 for _ in classify_stream(some[n % 64] for n in range({STREAMED})))
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(count, peak)
"""


def processes() -> Iterator[Row]:
    """What a process costs: importing, one log from a cold start, memory while streaming."""
    imports = {
        name: float(np.median([_child(["-c", f"import {name}"])[0] for _ in range(9)])) for name in ("numpy", "curvedx")
    }
    yield Row(
        "`import curvedx`, which loads nothing until it is used; `import numpy`",
        ", ".join(f"{imports[name] * 1e3:.0f} ms of CPU" for name in ("curvedx", "numpy")),
        "≤ 100 ms more than numpy",
    )
    cold = float(
        np.median([_child(["-m", "curvedx", "classify", "--fail-on", "never", str(LOG)])[0] for _ in range(7)])
    )
    yield Row("`curvedx classify FILE` from a cold start", f"{cold:.2f} s of CPU", "≤ 0.6 s")
    _, said = _child(["-c", STREAM])
    count, peak = map(int, said.split())
    yield Row(f"peak memory, {count:,} curves streamed", f"{peak / 2**20:.2f} GiB", "≤ 1 GB")


def _child(arguments: list[str]) -> tuple[float, str]:
    """Return the CPU seconds of a Python process of its own, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout


def page(rows: list[Row]) -> str:
    """Return the table with what it was measured on."""
    lines = [
        "# Speed",
        "",
        f"Measured by `python benchmarks/speed.py`: Python {platform.python_version()}, numpy {np.__version__}, "
        f"{os.cpu_count()} cores of {_processor()}, one thread, model `{model().title}`.",
        "",
        "| what | measured | wanted |",
        "| --- | --- | --- |",
        *(f"| {row.what} | {row.measured} | {row.wanted} |" for row in rows),
        "",
        BOUNDS,
    ]
    return "\n".join(lines) + "\n"


def _processor() -> str:
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return names[0] if names else platform.processor() or "an unknown processor"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


@click.command()
@click.option("--train", default=0, help="Also train with so many curves, with one worker and with two.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the page there.")
def main(train: int, out: Path | None) -> None:
    """Measure everything and print the page."""
    rows: list[Row] = []
    suites: list[Callable[[], Iterator[Row]]] = [feature_engine, runtime, diagnosis, stages, growth, processes]
    if train:
        suites.append(partial(training, train))
    for suite in suites:
        for row in suite():
            click.echo(f"{row.what}: {row.measured}", err=True)
            rows.append(row)
    click.echo(page(rows))
    if out is not None:
        out.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
