"""What the campaign leaves: the logged curves as one Parquet file, and a table of their labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curvedx.catalogue import HEALTHY, patterns
from curvedx.curve import Curve
from curvedx.lab import campaign, labels, logged, votes
from curvedx.lab.campaign import Dense
from curvedx.lab.labels import Label
from curvedx.lab.onsets import onsets
from curvedx.lab.plan import Run

COLUMNS = (
    "run_id", "present", "grey", "onsets", "owner_repo", "not_a_loss", "task", "architecture", "fault", "strength",
    "injected_at", "half", "logger", "note",
)  # fmt: skip
"""The columns of `labels.csv`; the first six are those that every labelled set has."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run that was trained, and what is said of it."""

    run: Run
    dense: Dense
    curve: Curve
    degrees: dict[str, float | None]
    """What was measured."""
    label: Label
    """What is said: as measured, or as voted."""
    onsets: dict[str, tuple[float, ...]]
    note: str
    """Why it is said, where somebody gave a reason."""
    changed: bool
    """Whether the votes changed what was measured."""


def entries(runs: Sequence[Run], cache: Path, voted: Path) -> Iterator[Entry]:
    """Label every run that was trained, in the order of the plan."""
    decided = votes.read(voted)
    for run in runs:
        if not campaign.trained(cache, run):
            continue
        dense = campaign.load(cache, run)
        curve, known = labels.view(dense, run.logger)
        degrees = labels.measured(curve, known, run.condition)
        found = labels.decided(degrees)
        label, note = decided.get(run.run_id, (found, ""))
        begins = {
            name: steps
            for name in sorted(label.present)
            if (steps := onsets(name, curve, known, dense, run.logger)) and name != HEALTHY
        }
        yield Entry(
            run=run,
            dense=dense,
            curve=curve,
            degrees=degrees,
            label=label,
            onsets=begins,
            note=note,
            changed=label != found,
        )


def write(found: Sequence[Entry], out: Path) -> None:
    """Write `runs.parquet` and `labels.csv`."""
    out.mkdir(parents=True, exist_ok=True)
    _write_runs(found, out / "runs.parquet")
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(_row(entry) for entry in found)


def _row(entry: Entry) -> list[str]:
    run, cluster = entry.run, entry.run.cluster
    rank = {name: pattern.rank for name, pattern in patterns().items()}
    present, grey = (";".join(sorted(names, key=rank.__getitem__)) for names in (entry.label.present, entry.label.grey))
    begins = ";".join(f"{name}@{'|'.join(f'{step:g}' for step in steps)}" for name, steps in entry.onsets.items())
    at = "" if entry.dense.injected_at is None else f"{entry.dense.injected_at:g}"
    return [
        run.run_id, present, grey, begins, run.bench, "", cluster.task, cluster.architecture, run.condition,
        f"{run.strength:g}", at, cluster.half, str(run.logger), entry.note,
    ]  # fmt: skip


def _write_runs(found: Sequence[Entry], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - wanted here alone
    import pyarrow.parquet as pq  # noqa: PLC0415

    names: list[str] = []
    channels: list[str] = []
    steps, values = [], []
    for entry in found:
        # As it was logged: `Curve` has settled rewound steps already.
        for channel, (at, value) in logged.written(entry.dense.channels, entry.run.logger).items():
            names += [entry.run.run_id] * len(at)
            channels += [channel] * len(at)
            steps.append(at)
            values.append(value)
    with np.errstate(over="ignore"):
        table = pa.table(
            {
                "run_id": pa.array(names).dictionary_encode(),
                "channel": pa.array(channels).dictionary_encode(),
                "step": np.concatenate(steps).astype(np.float32),
                "value": np.concatenate(values).astype(np.float32),
            }
        )
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=["run_id", "channel"],
        use_byte_stream_split=["step", "value"],
    )
