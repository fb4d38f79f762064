"""A model on disk: the trees as ONNX, everything else as TOML. Both are data; loading runs no code from them.

``model.onnx`` holds the trees of all heads as one operator in double precision. ``model.toml`` is the passport: the
format number, the hash of the trees, classes and features in order, calibration, conformal scores, the versions and the
seed it was made with and what was measured.
"""

from __future__ import annotations

import hashlib
import math
import os
import tomllib
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from curvedx.assets import asset
from curvedx.catalogue import assessable
from curvedx.errors import ModelError
from curvedx.features.settings import columns

FORMAT = 3
"""Grows when an older version could not read what a newer one writes."""

TREES, PASSPORT = "model.onnx", "model.toml"

LARGEST = 64 * 2**20
"""Bytes beyond which a file is not read as a model."""


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A model's parts, checked."""

    trees: bytes
    passport: dict[str, Any]

    @property
    def title(self) -> str:
        """Name and short hash, as a diagnosis states it."""
        return f"{self.passport['name']} {self.passport['sha256'][:12]}"


def load(folder: str | os.PathLike[str] | None = None) -> Artefact:
    """Read and check a model.

    Parameters
    ----------
    folder
        Folder that holds ``model.onnx`` and ``model.toml``; None is the released model.

    Raises
    ------
    ModelError
        If a file is missing, too large or damaged, the format is another, or classes or features differ from those of
        this version.
    """
    place = _released() if folder is None else Path(folder)
    passport = _passport(place)
    trees = _bytes(place, TREES)
    if passport["format"] != FORMAT:
        raise ModelError(f"{place}: format {passport['format']}; this version reads {FORMAT}: train it anew")
    found = hashlib.sha256(trees).hexdigest()
    if found != passport["sha256"]:
        raise ModelError(
            f"{place}: {TREES} has hash {found[:12]}, its passport says {passport['sha256'][:12]}; copy both again"
        )
    _same(place, "classes", passport["classes"], [pattern.name for pattern in assessable()])
    _same(place, "features", passport["features"], [column.name for column in columns()])
    return Artefact(trees=trees, passport=passport)


def save(folder: str | os.PathLike[str], artefact: Artefact) -> None:
    """Write a model to a folder, which is made if it is missing (needs the extra ``train``)."""
    import tomli_w  # noqa: PLC0415 - only training writes

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    (place / TREES).write_bytes(artefact.trees)
    (place / PASSPORT).write_text(tomli_w.dumps(artefact.passport), encoding="utf-8")


def _released() -> Traversable:
    try:
        return asset("models/released")
    except FileNotFoundError as error:
        raise ModelError(
            "no released model is installed; train one with 'curvedx train' and pass its folder"
        ) from error


def _bytes(place: Traversable | Path, name: str) -> bytes:
    try:
        with place.joinpath(name).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ModelError(
            f"{place}: no readable {name} ({error.strerror}); name a folder written by 'curvedx train'"
        ) from error
    if len(content) > LARGEST:
        raise ModelError(f"{place}: {name} is larger than {LARGEST // 2**20} MiB; that is no model of curvedx")
    return content


def _passport(place: Traversable | Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(_bytes(place, PASSPORT).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{place}: {PASSPORT} is no TOML ({error}); copy the model again") from error
    kinds = {
        "format": int,
        "name": str,
        "sha256": str,
        "classes": list,
        "features": list,
        "slope": list,
        "intercept": list,
        "conformal": list,
    }
    for key, kind in kinds.items():
        if not isinstance(table.get(key), kind):
            raise ModelError(f"{place}: {PASSPORT} has no valid {key!r}; copy the model again")
    # One head a class, and one for what is no loss.
    heads = len(table["classes"]) + 1
    for key, length in (("slope", heads), ("intercept", heads), ("conformal", None)):
        numbers = table[key]
        whole = all(isinstance(value, int | float) and math.isfinite(value) for value in numbers)
        if not whole or (length is not None and len(numbers) != length):
            wanted = "finite numbers" if length is None else f"{length} finite numbers"
            raise ModelError(f"{place}: {key} of {PASSPORT} does not hold {wanted}; copy the model again")
    return table


def _same(place: Traversable | Path, what: str, found: list[str], expected: list[str]) -> None:
    if found == expected:
        return
    odd = sorted(set(found) ^ set(expected))
    shown = f"they differ in {', '.join(odd[:5])}" if odd else "their order differs"
    raise ModelError(f"{place}: the model's {what} are not this version's ({shown}); train it anew")
