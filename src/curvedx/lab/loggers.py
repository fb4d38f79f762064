"""How a run is written down: one recorder a format, each through the library that people write it with."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

CHANNELS = ("train_loss", "val_loss", "lr", "grad_norm")
"""What is written of the loop's rows where a recorder takes a fixed set."""


class Recorder(Protocol):
    """What the training loop writes to."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write one row; names are curvedx's channel names, and ``seconds`` since the last row."""

    def close(self) -> None:
        """Finish the file."""


class TensorBoard:
    """Event files by torch's SummaryWriter.

    Parameters
    ----------
    folder
        Where the event file goes, under a name without the host and process that SummaryWriter puts there.
    tags
        Channel name to tag.
    tensors
        Write scalars as tensors, as TensorFlow 2 does, instead of as simple values.
    """

    def __init__(self, folder: Path, tags: Mapping[str, str], *, tensors: bool = False) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  # torch is an extra

        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._folder, self._tags, self._tensors = folder, tags, tensors
        self._writer = SummaryWriter(str(folder))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write the scalars that have a tag."""
        for name, tag in self._tags.items():
            if name in values:
                self._writer.add_scalar(tag, values[name], step, new_style=self._tensors)

    def close(self) -> None:
        """Close the writer and give its file a neutral name."""
        self._writer.close()
        (written,) = self._folder.glob("events.out.tfevents.*")
        seconds = written.name.split(".")[3]
        written.rename(self._folder / f"events.out.tfevents.{seconds}.lab.1.0")


class _TextFile:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", newline="")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WideCsv(_TextFile):
    """One column a channel, empty where nothing was logged at that step."""

    def __init__(self, path: Path, columns: Sequence[str] = CHANNELS) -> None:
        super().__init__(path)
        self._rows = csv.DictWriter(self._file, ["step", *columns], extrasaction="ignore", lineterminator="\n")
        self._rows.writeheader()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write one row, six digits a value."""
        self._rows.writerow({"step": step} | {name: f"{value:.6g}" for name, value in values.items()})


class JsonLines(_TextFile):
    """One JSON object a row, by `json.dumps` as it comes: NaN is written as a bare token."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write one line, six digits a value."""
        row = {name: float(f"{value:.6g}") for name, value in values.items() if name != "seconds"}
        self._file.write(json.dumps({"step": step} | row) + "\n")


class NanoGpt(_TextFile):
    """The lines that nanoGPT's train.py prints: an ``iter`` line for a batch, a ``step`` line for an evaluation."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write one or two lines; an evaluation has ``train_eval_loss`` and ``val_loss``."""
        if "val_loss" in values:
            train, val = values["train_eval_loss"], values["val_loss"]
            self._file.write(f"step {step}: train loss {train:.4f}, val loss {val:.4f}\n")
        if "train_loss" in values:
            loss, milliseconds = values["train_loss"], 1000 * values["seconds"]
            self._file.write(f"iter {step}: loss {loss:.4f}, time {milliseconds:.2f}ms, mfu -100.00%\n")


class Ultralytics(_TextFile):
    """The results.csv of Ultralytics 8.0 and 8.1: header and cells right-aligned to 23 characters, epochs from 1."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._header: tuple[str, ...] = ()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write one epoch's row; the first row sets the columns."""
        if not self._header:
            self._header = tuple(values)
            self._file.write(",".join(f"{name:>23}" for name in ("epoch", *self._header)) + "\n")
        self._file.write(",".join(f"{cell:>23.5g}" for cell in (step, *(values[k] for k in self._header))) + "\n")


class LongParquet:
    """A Parquet table of step, metric, value: one row a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[tuple[int, str, float]] = []

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keep the numbers for `close`, since a Parquet file is written as a whole."""
        self._rows += [(step, name, value) for name, value in values.items() if name != "seconds"]

    def close(self) -> None:
        """Write the file."""
        import pyarrow as pa  # noqa: PLC0415  # wanted by this recorder alone
        import pyarrow.parquet as pq  # noqa: PLC0415

        steps, metrics, values = zip(*self._rows, strict=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"step": steps, "metric": metrics, "value": values}), self._path, compression="zstd")
