"""Every figure of the guides that people learn to read loss curves from is recognised."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import figures_beside  # noqa: F401 - enters its figures into the list
from curvedx import Diagnosis, classify_curves
from figures import FIGURES, Figure

DRAWS = 20

SHOWING = sorted(name for name, figure in FIGURES.items() if figure.expected)
WELL = sorted(name for name, figure in FIGURES.items() if not figure.expected)


@cache
def diagnoses() -> dict[str, list[Diagnosis]]:
    """Judge every draw of every figure in one batch."""
    drawn = [
        figure.draw(np.random.default_rng([number, draw]))
        for number, figure in enumerate(FIGURES.values())
        for draw in range(DRAWS)
    ]
    found = iter(classify_curves(drawn))
    return {name: [next(found) for _ in range(DRAWS)] for name in FIGURES}


def problems(dx: Diagnosis) -> set[str]:
    return {finding.pattern for finding in dx.findings if finding.kind == "problem"}


def recognised(figure: Figure, dx: Diagnosis) -> bool:
    if not figure.expected:
        return dx.ok is True
    return any(finding.pattern in figure.expected for finding in dx.findings)


def said(wrong: list[Diagnosis], figure: Figure) -> str:
    """Tell what was said instead, and how probable what should have been said was."""
    return "; ".join(
        f"{dx.label}" + "".join(f" ({name} {dx.probabilities[name]:.2f})" for name in sorted(figure.expected))
        for dx in wrong
    )


@pytest.mark.parametrize("name", SHOWING)
def test_a_figure_is_called_what_its_guide_calls_it(name: str) -> None:
    """In at least 19 of 20 draws."""
    figure = FIGURES[name]
    wrong = [dx for dx in diagnoses()[name] if not recognised(figure, dx)]
    assert len(wrong) <= 1, said(wrong, figure)


@pytest.mark.parametrize("name", WELL)
def test_a_figure_of_a_good_run_is_all_right(name: str) -> None:
    """In at least 19 of 20 draws; a note does no harm."""
    figure = FIGURES[name]
    wrong = [dx for dx in diagnoses()[name] if not recognised(figure, dx)]
    assert len(wrong) <= 1, [sorted(problems(dx)) for dx in wrong]


@pytest.mark.parametrize("name", SHOWING)
def test_a_figure_is_given_no_problem_that_it_does_not_show(name: str) -> None:
    """In at least 18 of 20 draws; what its words allow beside is allowed."""
    figure = FIGURES[name]
    odd = [extra for dx in diagnoses()[name] if (extra := problems(dx) - figure.expected - figure.beside)]
    assert len(odd) <= 2, odd


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_for_the_same_seed_and_another_for_another(name: str) -> None:
    draw = FIGURES[name].draw
    first, again, other = (draw(np.random.default_rng(seed))["train_loss"][1] for seed in (1, 1, 2))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)
