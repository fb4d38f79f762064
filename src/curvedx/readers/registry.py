"""The formats that can be read, one line each, the most specific first. No reader is imported to learn of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import ModuleType

from curvedx.errors import ReadError

HEAD = 1 << 16
"""How many bytes of a file may be looked at to tell its format."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of log files."""

    name: str
    """What ``format=`` takes."""
    title: str
    """What writes it."""
    patterns: tuple[str, ...]
    """Globs over the file name, in lower case."""
    module: str
    """The module that reads it; it offers ``read_path(path, columns)``."""
    reads: str
    """What is read, in one line."""
    examples: tuple[str, ...]
    """Paths as they are met in the wild."""
    signature: bytes = b""
    """A regular expression that the first bytes must match; empty where the name alone decides."""
    generic: bool = False
    """True for the formats that take what no tool claims for its own."""

    def claims(self, name: str, head: bytes) -> bool:
        """Tell whether a file of this name that begins with these bytes is of this format."""
        return any(fnmatch(name.lower(), glob) for glob in self.patterns) and (
            re.search(self.signature, head) is not None
        )

    def load(self) -> ModuleType:
        """Import the module that reads it."""
        return import_module(f"curvedx.readers.{self.module}")


_FORMATS = (
    Format(
        name="hf_trainer",
        title="Hugging Face Trainer, TRL, Axolotl",
        patterns=("*.json",),
        module="hf_trainer",
        reads="log_history of trainer_state.json; of several checkpoints the last",
        examples=("out/trainer_state.json", "out/checkpoint-500/trainer_state.json", "log_history.json"),
        signature=rb'"log_history"\s*:|\A\s*\[\s*\{(?=[^}]*"step"\s*:)[^}]*"(?:eval_)?loss"\s*:',
    ),
    Format(
        name="ultralytics",
        title="Ultralytics YOLO",
        patterns=("*.csv",),
        module="ultralytics",
        reads="results.csv; the losses of each split are summed",
        examples=("runs/detect/train/results.csv",),
        signature=rb"\A(?:\xef\xbb\xbf)?\s*epoch\s*,(?=[^\n]*\btrain/\w*loss\b)[^\n]*(?:\bmetrics/|\btrain/box_loss\b)",
    ),
    Format(
        name="lightning",
        title="PyTorch Lightning CSVLogger",
        patterns=("metrics.csv",),
        module="lightning",
        reads="metrics.csv, train and validation on rows of their own",
        examples=("lightning_logs/version_0/metrics.csv",),
        signature=rb"\A(?=[^\n]*\bepoch\b)(?=[^\n]*(?:\A|[,;])step\b)",
    ),
    Format(
        name="keras",
        title="Keras CSVLogger and History",
        patterns=("*.csv", "*.log", "*.json"),
        module="keras",
        reads="CSVLogger files, History as JSON (lists by name)",
        examples=("training.log", "history.json"),
        signature=rb'\A(?:\xef\xbb\xbf)?epoch[,;\t](?:[^\n]*[,;\t])?loss(?:[,;\t]|\r?\n)|\A\s*\{(?=[^{}]*"loss"\s*:\s*\[)[^{}]*\]',
    ),
    Format(
        name="tensorboard",
        title="TensorBoard event files",
        patterns=("*tfevents*",),
        module="tensorboard",
        reads="scalars in both encodings; the files of one directory are one run",
        examples=("runs/exp1/events.out.tfevents.1700000000.host.1.0", "catboost_info/learn/events.out.tfevents"),
    ),
    Format(
        name="table",
        title="CSV, TSV, JSON, JSONL, Parquet",
        patterns=("*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.json", "*.parquet", "*.pq"),
        module="table",
        reads="wide and long tables, W&B exports, records, lists by name",
        examples=("run.csv", "trainer_log.jsonl", "history.parquet"),
        generic=True,
    ),
    Format(
        name="text",
        title="Console output",
        patterns=("*.txt", "*.log", "*.out", "*.err"),
        module="text",
        reads="lines of nanoGPT, llm.c, Megatron, Keras, XGBoost, LightGBM, HF dicts, key: value",
        examples=("train.log", "main.log", "slurm-123.out"),
        signature=rb"\A(?:\xff\xfe|\xfe\xff|[^\0]*\Z)",
        generic=True,
    ),
)


def formats() -> tuple[Format, ...]:
    """Return the formats that can be read, the most specific first."""
    return _FORMATS


def by_name(name: str) -> Format:
    """Return the format of this name.

    Raises
    ------
    ReadError
        If there is none.
    """
    for item in _FORMATS:
        if item.name == name:
            return item
    raise ReadError(f"no format {name!r}; known are {names()} (see `curvedx formats`)")


def names() -> str:
    """List the names of the formats, for messages."""
    return ", ".join(item.name for item in _FORMATS)


def claim(path: Path) -> Format | None:
    """Return the most specific format that claims this file, None where none does."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return None
    claiming = (item for item in _FORMATS if item.claims(path.name, head))
    return next(claiming, None) if head else None


def sniff(path: str | PathLike[str]) -> str | None:
    """Tell which format claims a file, by its name and a bounded look at its first bytes.

    Parameters
    ----------
    path
        A file; a directory is no file and claimed by none.

    Returns
    -------
    str or None
        The name of the format; None where no format claims it, or it is empty or cannot be opened.
    """
    claimed = claim(Path(path))
    return claimed.name if claimed else None
