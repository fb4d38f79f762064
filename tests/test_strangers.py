"""Signals that are no loss are drawn of every kind, and earn a caveat and a lowered confidence."""

import numpy as np
import pytest

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.diagnosis.classify import classify_curves
from curvedx.diagnosis.result import Diagnosis
from curvedx.models.dataset import STRANGER_EVERY, generate, heads, of_labelled
from curvedx.models.train import FOLDS
from curvedx.readers.labelled import LabelledRun
from curvedx.synth.strangers import FEWEST, KINDS, stranger
from helpers_curves import drawn, run

UNSEEN = 7_000_003
"""A seed that no training uses."""


def warned(dx: Diagnosis) -> bool:
    return any("is this a loss?" in caveat for caveat in dx.caveats)


def labelled(curve: Curve, present: frozenset[str], *, not_a_loss: bool) -> LabelledRun:
    return LabelledRun(curve=curve, present=present, grey=frozenset(), cluster="a", not_a_loss=not_a_loss, onsets={})


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_is_a_finite_signal_that_can_be_drawn_again(kind: str) -> None:
    for index in range(60):
        curve = stranger(UNSEEN, index, kind)
        assert dict(curve.channels) == dict(stranger(UNSEEN, index, kind).channels)
        assert not curve.caveats
        assert len(curve) >= FEWEST
        for name in (TRAIN_LOSS, VAL_LOSS):
            channel = curve.get(name)
            assert channel is None or np.isfinite(channel.values).all()
    assert stranger(UNSEEN, 0, kind)[TRAIN_LOSS] != stranger(UNSEEN, 1, kind)[TRAIN_LOSS]


def test_a_stranger_is_logged_as_losses_are() -> None:
    strangers = [stranger(UNSEEN, index) for index in range(400)]
    losses = [one.curve for one in drawn()]
    for channel in (VAL_LOSS, LR, GRAD_NORM):
        strange, usual = (float(np.mean([channel in curve for curve in curves])) for curves in (strangers, losses))
        assert strange == pytest.approx(usual, abs=0.1)


def test_strangers_stand_among_the_drawn_curves_and_teach_no_pattern() -> None:
    rows = generate(2 * STRANGER_EVERY, 3, 1, None)
    strange = rows.degrees[:, -1] == 1.0
    assert np.flatnonzero(strange).tolist() == [0, STRANGER_EVERY]
    assert np.gcd(STRANGER_EVERY, FOLDS) == 1, "strangers in every fold"
    assert np.isnan(rows.patterns[strange]).all()
    assert len(rows.losses()) == 2 * STRANGER_EVERY - 2
    assert rows.degrees.shape[1] == len(heads())


def test_a_users_own_signal_that_is_no_loss_teaches_just_that() -> None:
    curve = run(np.linspace(2.0, 1.0, 50))
    none = labelled(curve, frozenset(), not_a_loss=True)
    loss = labelled(curve, frozenset({"plateau"}), not_a_loss=False)
    rows = of_labelled([none, loss])
    assert rows.degrees[:, -1].tolist() == [1.0, 0.0]
    assert np.isnan(rows.patterns[0]).all()
    assert rows.patterns[1, heads().index("plateau")] == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_loss_earns_a_caveat_and_little_confidence(kind: str) -> None:
    found = classify_curves([stranger(UNSEEN, index, kind) for index in range(60)])
    # A walk that happens to fall is like a loss to anybody.
    assert np.mean([warned(dx) for dx in found]) >= (0.5 if kind == "walk" else 0.8)
    for dx in filter(warned, found):
        assert (dx.confidence or 0.0) <= 0.5
        assert not dx.findings, "what is no loss has no pattern"
        assert "hard to say, for this is like no loss" in str(dx)


def test_a_learning_rate_beside_it_makes_no_signal_a_loss() -> None:
    signals = [stranger(UNSEEN, index)[TRAIN_LOSS] for index in range(200)]
    alone = classify_curves([Curve({TRAIN_LOSS: signal}) for signal in signals])
    beside = classify_curves(
        [
            Curve({TRAIN_LOSS: signal, LR: Channel(signal.steps, np.linspace(1e-3, 1e-5, len(signal)))})
            for signal in signals
        ]
    )
    share, as_well = (float(np.mean([warned(dx) for dx in found])) for found in (alone, beside))
    assert share >= 0.8
    assert as_well >= share - 0.08


def test_losses_are_hardly_ever_taken_for_anything_else() -> None:
    found = classify_curves([one.curve for one in drawn()])
    assert np.mean([warned(dx) for dx in found]) <= 0.02
