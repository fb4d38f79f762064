"""The Hugging Face Trainer: ``log_history`` of trainer_state.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curvedx.errors import ReadError
from curvedx.readers import jsontext
from curvedx.readers.log import Rows, columns_of
from curvedx.readers.roles import Columns
from curvedx.readers.source import run_name, text_of

_EVAL_SET = re.compile(r"eval_(.+)_loss")


def read_path(path: Path, columns: Columns) -> list[Rows]:
    """Read a trainer_state.json, or of a run directory the one that got furthest."""
    if path.is_dir():
        path = _furthest(path)
    return [rows_in(text_of(path), str(path), run_name(path), columns)]


def rows_in(text: str, source: str, name: str, columns: Columns) -> Rows:
    """Read the rows of a log_history.

    Raises
    ------
    ReadError
        If it holds no complete row.
    """
    rows, notes = _history(text, source)
    records = [jsontext.flat(row) for row in rows if isinstance(row, Mapping) and not is_summary(row)]
    if not records:
        raise ReadError(f"{source}: log_history is empty; nothing was logged up to this checkpoint (see logging_steps)")
    if columns.val_loss is None:
        records, more = _eval_sets(records)
        notes += more
    return Rows(source=source, name=name, columns=columns_of(records), caveats=tuple(notes))


def is_summary(row: Mapping[Any, Any]) -> bool:
    """Tell whether a row is the Trainer's last: means over the whole run, not a point of the curve."""
    return "train_runtime" in row


def _history(text: str, source: str) -> tuple[list[object], list[str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        opening = text.find("[", max(text.find('"log_history"'), 0))
        rows = jsontext.complete_records(text, opening) if opening >= 0 else []
        if not rows:
            size = len(text.encode())
            raise ReadError(
                f"{source}: truncated at byte {size}, before the first complete row; read an earlier checkpoint"
            ) from None
        return rows, [jsontext.cut_off(text, len(rows))]
    history = document.get("log_history") if isinstance(document, dict) else document
    if not isinstance(history, list):
        raise ReadError(f"{source}: no list 'log_history' in it; expected the trainer_state.json of a Trainer")
    return history, []


def _eval_sets(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Take the first of several named evaluation sets for the validation loss and keep the others beside it."""
    keys = dict.fromkeys(key for row in records for key in row)
    sets = {key: match[1] for key in keys if (match := _EVAL_SET.fullmatch(key))}
    if not sets:
        return records, []
    names = {key: f"val_loss/{name}" for key, name in sets.items()}
    notes = []
    if "eval_loss" not in keys:
        first = next(iter(sets))
        names[first] = "eval_loss"
        if len(sets) > 1:
            others = ", ".join(repr(name) for key, name in sets.items() if key != first)
            notes.append(f"validation loss is that of the set {sets[first]!r}; {others} also logged")
    return [{names.get(key, key): value for key, value in row.items()} for row in records], notes


def _furthest(folder: Path) -> Path:
    states = [*folder.glob("trainer_state.json"), *folder.glob("checkpoint-*/trainer_state.json")]
    if not states:
        states = sorted(folder.glob("log_history.json"))
    if not states:
        raise ReadError(f"{folder}: no trainer_state.json in it or in its checkpoints; name the file itself")
    return max(states, key=_global_step) if len(states) > 1 else states[0]


def _global_step(path: Path) -> int:
    found = re.search(r'"global_step"\s*:\s*(\d+)', text_of(path))
    return int(found[1]) if found else -1
