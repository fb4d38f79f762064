"""A parameter of a recipe can be fixed, and nothing else of the draw changes by it."""

from __future__ import annotations

import numpy as np
import pytest

from curvedx.catalogue import patterns
from curvedx.errors import CurvedxError
from curvedx.synth.draw import MISSED, Drawn, draw


def same(one: Drawn, other: Drawn) -> bool:
    return dict(one.curve.channels) == dict(other.curve.channels) and one.degrees == other.degrees


def test_a_fixed_parameter_alone_decides_how_two_draws_differ() -> None:
    pairs = (
        [draw(0, index, ("overfitting",), fixed={"turn": 0.3, "rise": rise}) for rise in (0.4, 1.0)]
        for index in range(40)
    )
    low, high = next(pair for pair in pairs if all("overfitting" in one.onsets for one in pair))
    assert low.curve["train_loss"] == high.curve["train_loss"]
    at, gentle, steep = low.truth.val_t, low.truth.val, high.truth.val
    assert at is not None and gentle is not None and steep is not None
    assert np.array_equal(gentle[at < 0.3], steep[at < 0.3])
    assert (steep[at > 0.3] > gentle[at > 0.3]).all()


@pytest.mark.parametrize("name", [name for name, pattern in patterns().items() if pattern.ranges])
def test_every_parameter_of_the_catalogue_can_be_fixed_at_either_end(name: str) -> None:
    for parameter, ends in patterns()[name].ranges.items():
        for value in ends:
            assert same(*(draw(3, 1, (name,), fixed={parameter: value}) for _ in range(2)))


def test_with_nothing_fixed_the_draw_is_the_ordinary_one() -> None:
    for index in range(40):
        ordinary = draw(1, index, ("plateau",))
        first = draw(1, index, ("plateau",), fixed={})
        # An ordinary draw that misses its pattern is drawn once more.
        assert same(first, ordinary) or (first.degrees["plateau"] or 0.0) < MISSED


def test_a_parameter_that_no_recipe_has_is_named_with_those_there_are() -> None:
    with pytest.raises(CurvedxError, match="no parameter 'heigth' of warmup_spike; known are at, height"):
        draw(0, 0, ("warmup_spike",), fixed={"heigth": 1.0})
    with pytest.raises(CurvedxError, match="no parameter 'at' of healthy; known are none"):
        draw(0, 0, (), fixed={"at": 0.5})
