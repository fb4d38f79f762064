"""The batch engine computes what tsfresh defines, and nothing else."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import tsfresh.feature_extraction.feature_calculators as tsfresh_calculators
from tsfresh.feature_extraction.settings import EfficientFCParameters, from_columns

import naive
from curvedx.catalogue import unassessed
from curvedx.curve import Curve, FloatArray
from curvedx.errors import CurvedxError
from curvedx.features import engine, own
from curvedx.features import settings as settings_room
from curvedx.features.engine import features, features_of_views
from curvedx.features.reference import extract, own_calculators, reference_features, reference_settings
from curvedx.features.settings import Column, columns, reasons, settings
from curvedx.features.sheet import Views
from curvedx.features.views import views
from helpers_curves import drawn_views, full_curve

NAMES = [column.name for column in columns()]

CANCELS = 1e-12
"""Skewness and Fourier sums of symmetric views cancel to nothing but rounding; below this both are zero."""

ADVERSARIAL: dict[str, Callable[[np.random.Generator, int], FloatArray]] = {
    "zero": lambda _, n: np.zeros(n),
    "constant that no sum of is exact": lambda _, n: np.full(n, 0.1),
    "large constant": lambda _, n: np.full(n, 1e5 / 3.0),
    "two values": lambda rng, n: rng.choice([0.2, 0.7], n),
    "two values that are thresholds": lambda rng, n: rng.choice([0.05, 2.0], n),
    "all equal but one": lambda _, n: np.where(np.arange(n) == n // 2, 1.0, 0.1),
    # Not the smallest of them: whether their products round to zero differs between processors.
    "denormal": lambda rng, n: np.asarray(1e-316 * rng.integers(0, 100, n), dtype=np.float64),
    "very steep": lambda _, n: np.asarray(np.geomspace(1e75, 1e-75, n), dtype=np.float64),
    "straight": lambda _, n: np.linspace(1.0, 0.0, n),
    "tiny": lambda rng, n: 1e-9 * rng.normal(size=n),
    "white noise": lambda rng, n: rng.normal(size=n),
    "rising": lambda _, n: np.arange(n, dtype=np.float64),
}


def lengths() -> dict[str, int]:
    """Length of every view that some curve has."""
    return {name: len(values) for name, values in views(full_curve()).items()}


def assert_same(found: FloatArray, expected: FloatArray, *, relative: float = 1e-9) -> None:
    assert np.array_equal(np.isnan(found), np.isnan(expected)), [
        NAMES[j] for j in np.flatnonzero((np.isnan(found) != np.isnan(expected)).any(axis=0))
    ]
    for column, name in enumerate(NAMES):
        np.testing.assert_allclose(found[:, column], expected[:, column], rtol=relative, atol=CANCELS, err_msg=name)


def test_the_engine_equals_tsfresh_on_generated_curves() -> None:
    rows = drawn_views()
    assert len(rows) >= 500
    assert_same(features_of_views(rows), reference_features(rows))


@pytest.mark.parametrize("kind", ADVERSARIAL)
def test_the_engine_equals_tsfresh_on_adversarial_views(kind: str) -> None:
    rng = np.random.default_rng(1)
    rows = [{name: ADVERSARIAL[kind](rng, length) for name, length in lengths().items()} for _ in range(4)]
    assert_same(features_of_views(rows), reference_features(rows))


def test_the_engine_equals_tsfresh_on_a_huge_offset_as_far_as_floats_go() -> None:
    """An offset a million times the spread leaves ten digits of it, and fewer of its third moment."""
    rng = np.random.default_rng(1)
    rows = [{name: 1e3 + 1e-3 * rng.normal(size=n) for name, n in lengths().items()} for _ in range(4)]
    assert_same(features_of_views(rows), reference_features(rows), relative=1e-6)


def test_names_and_values_are_those_of_tsfreshs_own_extraction() -> None:
    rows = [views(full_curve()), *drawn_views()[:25]]
    frame = extract(rows)
    assert set(frame.columns) == set(NAMES)
    assert_same(features_of_views(rows), frame[NAMES].to_numpy(dtype=np.float64))


def test_tsfresh_reads_its_settings_back_from_our_names() -> None:
    theirs = [c for c in columns() if c.calculator not in own_calculators()]
    wanted: dict[str, dict[str, object]] = {}
    for column in theirs:
        wanted.setdefault(column.view, {})[column.calculator] = settings()[column.view][column.calculator]
    assert from_columns([column.name for column in theirs]) == wanted


def test_further_calculators_can_be_explored_by_tsfreshs_own_settings() -> None:
    frame = extract(drawn_views()[:3], {"train_swings": {"abs_energy": None}, "train_level": EfficientFCParameters()})
    assert "train_swings__abs_energy" in frame
    assert len(frame.columns) > 500


def test_tsfreshs_own_extraction_has_a_row_for_a_curve_without_the_view() -> None:
    frame = extract([{"train_level": np.ones(4)}, {}], {"train_level": {"mean": None}})
    assert frame["train_level__mean"].tolist()[:1] == [1.0]
    assert frame["train_level__mean"].isna().tolist() == [False, True]


def test_every_declared_calculator_is_tsfreshs_or_our_own_and_never_both() -> None:
    for column in columns():
        assert hasattr(tsfresh_calculators, column.calculator) != (column.calculator in own_calculators()), column.name


def test_every_calculator_of_our_own_is_declared_and_has_a_naive_twin() -> None:
    declared = {column.calculator for column in columns()}
    assert set(own_calculators()) <= declared
    assert all(hasattr(naive, name) for name in own_calculators())


def test_our_own_calculators_are_custom_features_as_tsfresh_takes_them() -> None:
    x = np.linspace(1.0, 0.0, 64)
    steepest = own_calculators()["steepest"]
    assert steepest.fctype == "simple"  # type: ignore[attr-defined]  # tsfresh's marker
    assert steepest.__name__ == "steepest"
    assert steepest(x, width=4) == own.steepest(x[np.newaxis], width=4)[0]
    assert steepest in reference_settings()["train_level"]


@pytest.mark.parametrize("column", [c for c in columns() if c.calculator in vars(naive)], ids=lambda c: c.name)
def test_our_own_calculators_equal_their_plain_loops(column: Column) -> None:
    rng = np.random.default_rng(2)
    length = lengths()[column.view]
    made = [make(rng, length) for make in ADVERSARIAL.values()]
    made += [np.cumsum(rng.normal(size=length)) / 4.0 for _ in range(20)]
    parameters = dict(column.parameters)
    # Swings of exactly the least height, where `above` and `at or above` differ.
    made.append(np.arange(length) % 2 * parameters.get("least", 1.0))
    matrix = np.array(made + [row[column.view] for row in drawn_views()[:150] if column.view in row])
    found = getattr(own, column.calculator)(matrix, **parameters)
    expected = [getattr(naive, column.calculator)(row.tolist(), **parameters) for row in matrix]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("view", "calculator", "message"),
    [
        ("train_level", "wobble", r"train_level asks for 'wobble'.*calculators"),
        ("train_mood", "maximum", r"no view 'train_mood'.*views_"),
    ],
)
def test_what_is_declared_and_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, view: str, calculator: str, message: str
) -> None:
    declared = (Column(f"{view}__{calculator}", view, calculator, ()),)
    monkeypatch.setattr(engine, "columns", lambda: declared)
    engine.plan.cache_clear()
    try:
        with pytest.raises(CurvedxError, match=message):
            features([full_curve()])
    finally:
        engine.plan.cache_clear()


def test_a_view_without_a_reason_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_room, "_file", lambda: {"train_level": {"maximum": []}})
    reasons.cache_clear()
    settings.cache_clear()
    try:
        with pytest.raises(CurvedxError, match="'train_level' gives no reason; add `why`"):
            settings()
    finally:
        reasons.cache_clear()
        settings.cache_clear()


def test_every_view_is_explained_and_why_is_no_calculator() -> None:
    assert set(reasons()) == set(settings())
    assert all(reason.endswith(".") for reason in reasons().values())
    assert not any("why" in calculators for calculators in settings().values())


def test_every_declared_view_exists_and_every_view_of_a_full_log_is_measured() -> None:
    declared = {column.view for column in columns()}
    assert declared == set(lengths())
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("parts", [("val_loss",), ("lr",), ("grad_norm",), ("task_loss/a",), ("class_accuracy/cat",)])
def test_a_missing_channel_is_nan_in_its_own_columns_and_nowhere_else(parts: tuple[str, ...]) -> None:
    whole = full_curve()
    prefix = {"val_loss": "val_", "lr": "lr_", "grad_norm": "grad_"}.get(parts[0], parts[0].split("_")[0] + "_")
    without = Curve({name: channel for name, channel in whole.channels.items() if name not in parts})
    full, less = features([whole, without])
    of_channel = np.array([name.startswith(prefix) for name in NAMES])
    of_definition = np.array([name.startswith("degree_") for name in NAMES])
    cannot = unassessed(without)
    unknown = np.array([name.removeprefix("degree_").removesuffix("__maximum") in cannot for name in NAMES])
    assert of_channel.any()
    assert not np.isnan(full).any()
    assert np.array_equal(np.isnan(less), of_channel | unknown)
    # A definition may read several channels.
    same = ~of_channel & ~of_definition
    assert np.array_equal(less[same], full[same])


def test_a_batch_gives_exactly_what_one_by_one_gives() -> None:
    rows = drawn_views()[:300]
    together = features_of_views(rows)
    alone = np.vstack([features_of_views([row]) for row in rows])
    assert np.array_equal(together, alone, equal_nan=True)


def test_no_curves_are_no_rows() -> None:
    empty: list[Views] = []
    assert features([]).shape == (0, len(NAMES))
    assert reference_features(empty).shape == (0, len(NAMES))


def test_computing_features_imports_no_heavy_library() -> None:
    heavy = ("tsfresh", "pandas", "sklearn", "scipy", "matplotlib", "torch")
    code = (
        "import sys, numpy as np\n"
        "from curvedx.curve import Curve\n"
        "from curvedx.features.engine import features\n"
        "features([Curve({'train_loss': np.linspace(2, 1, 50), 'val_loss': np.linspace(2, 1, 50)})])\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "[]"
