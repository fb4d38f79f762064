"""What a run was trained for, and what its user knows of it: expectations that set what is normal."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import SupportsIndex, TypedDict, cast

from curvedx.assets import asset
from curvedx.errors import CatalogueError, CurvedxError
from curvedx.schema import read_toml

FILE = "synth/objectives.toml"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One kind of training objective."""

    name: str
    also: tuple[str, ...]
    """Other names it goes by."""
    metrics: tuple[tuple[str, ...], ...]
    """Names of metrics that give it away, each group only together."""
    meaning: str
    """What its loss is like, as a clause without a full stop."""


@cache
def objectives() -> tuple[Objective, ...]:
    """Return the known objectives, those that their metrics give away most surely first.

    Raises
    ------
    CatalogueError
        If `synth/objectives.toml` breaks the schema; the message names the key.
    """
    return parse_objectives(FILE, asset(FILE).read_text(encoding="utf-8"))


def parse_objectives(file: str, text: str) -> tuple[Objective, ...]:
    """Read the file of objectives, whose only key is the array ``objective``.

    Raises
    ------
    CatalogueError
        If the text is no TOML, a key is missing, unknown or of the wrong type, or two objectives share a name.
    """
    top = read_toml(file, text)
    found = []
    for row in top.tables("objective"):
        metrics = [tuple(part.strip() for part in group.split("+")) for group in row.texts("metrics")]
        found.append(
            Objective(
                name=row.text("name"), also=row.texts("also"), metrics=tuple(metrics), meaning=row.text("meaning")
            )
        )
        row.finish()
    top.finish()
    names = [name for each in found for name in (each.name, *each.also)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CatalogueError(f"{file}: the name {twice[0]!r} stands twice; give each objective its own")
    return tuple(found)


def meaning(name: str) -> str:
    """Return what the loss of an objective is like, by its first name."""
    return next(each.meaning for each in objectives() if each.name == name)


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What the user knows of a run and no curve says; none of it changes a probability or a label.

    Raises
    ------
    CurvedxError
        If a value cannot be meant; the message names it and what was expected. An objective may be given by any of
        its names, in any case, and is kept by its first.
    """

    objective: str | None = None
    """What is trained, such as ``"classification"`` or ``"GRPO"``: a name in `synth/objectives.toml`."""
    classes: int | None = None
    """Number of classes."""
    vocabulary: int | None = None
    """Number of tokens."""
    prior: Sequence[float] | None = None
    """Share of each class; they sum to one. Kept as a tuple."""
    clip: float | None = None
    """Limit of the gradient norm, as given to the clipping function."""

    def __post_init__(self) -> None:
        if self.objective is not None:
            object.__setattr__(self, "objective", _objective(self.objective))
        for name in ("classes", "vocabulary"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, _count(name, value))
        if self.prior is not None:
            object.__setattr__(self, "prior", _shares(self.prior))
        if self.clip is not None:
            object.__setattr__(self, "clip", _positive("clip", self.clip))

    @property
    def chance(self) -> float | None:
        """Cross-entropy of a uniform guess, in nats: ln V, else ln C; None where neither is known."""
        count = self.vocabulary or self.classes
        return None if count is None else math.log(count)

    @property
    def entropy(self) -> float | None:
        """Entropy of the class shares, in nats: what a model that has learned only these shares reaches."""
        if self.prior is None:
            return None
        return -sum(share * math.log(share) for share in self.prior if share > 0.0)


class Known(TypedDict, total=False):
    """The fields of `Expectations` as keyword arguments; each may be left out."""

    objective: str | None
    classes: int | None
    vocabulary: int | None
    prior: Sequence[float] | None
    clip: float | None


NOTHING = Expectations()
"""Nothing is known but the curve."""


def _objective(given: object) -> str:
    known = {name.lower(): each.name for each in objectives() for name in (each.name, *each.also)}
    if isinstance(given, str) and given.strip().lower() in known:
        return known[given.strip().lower()]
    near = difflib.get_close_matches(str(given).lower(), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "leave it out where none fits"
    names = ", ".join(each.name for each in objectives())
    raise CurvedxError(f"objective is {given!r}; expected one of {names}; {hint}")


def _count(name: str, given: object) -> int:
    try:
        value = operator.index(cast("SupportsIndex", given))
    except TypeError:
        value = 0
    if isinstance(given, bool) or value < 2:
        raise CurvedxError(f"{name} is {given!r}; expected a whole number of 2 or more: how many there are")
    return value


def _positive(name: str, given: object) -> float:
    try:
        value = float(cast("float", given))
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(given, bool) or not 0.0 < value < math.inf:
        raise CurvedxError(f"{name} is {given!r}; expected a number above zero")
    return value


def _shares(given: object) -> tuple[float, ...]:
    expected = "expected the share of each class, two or more numbers from 0 to 1 that sum to 1, such as 0.9, 0.1"
    try:
        shares = tuple(float(share) for share in cast("Sequence[float]", given))
    except (TypeError, ValueError):
        raise CurvedxError(f"prior is {given!r}; {expected}") from None
    if len(shares) < 2 or not all(0.0 <= share <= 1.0 for share in shares):
        raise CurvedxError(f"prior is {given!r}; {expected}")
    if abs(sum(shares) - 1.0) > 0.01:
        raise CurvedxError(f"prior is {given!r}, which sums to {sum(shares):g}; {expected}")
    return shares
