"""Frames of pandas, polars and pyarrow."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from curvedx.errors import ReadError
from curvedx.readers import Columns, curve_from_frame

NAN = math.nan
SPARSE = {
    "step": [1, 2, 2, 3, 4, 4],
    "train_loss": [0.9, 0.8, None, NAN, 0.6, None],
    "val_loss": [None, None, 0.95, None, None, NAN],
}


@pytest.mark.parametrize("frame", [pa.table(SPARSE), pl.DataFrame(SPARSE, strict=False)], ids=["pyarrow", "polars"])
def test_an_arrow_null_was_not_logged_and_nan_was(frame: object) -> None:
    curve = curve_from_frame(frame, name="a")
    assert curve.name == "a"
    assert curve["train_loss"].steps.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(curve["train_loss"].values, [0.9, 0.8, NAN, 0.6])
    np.testing.assert_array_equal(curve["val_loss"].values, [0.95, NAN])


def test_a_pandas_frame_that_diverged_keeps_its_nan() -> None:
    frame = pd.DataFrame({"loss": [3, 2, NAN, NAN], "grad_norm": [1.0, 9.0, NAN, NAN], "lr": [0.1] * 4})
    curve = curve_from_frame(frame)
    np.testing.assert_array_equal(curve["train_loss"].values, [3, 2, NAN, NAN])
    assert not any("not logged" in note for note in curve.caveats)


def test_a_nan_tail_beside_a_finite_gradient_norm_was_logged() -> None:
    frame = pd.DataFrame({"step": range(6), "loss": [3, 2, 1, NAN, NAN, NAN], "grad_norm": [1.0, 1, 1, 1, 0, 0]})
    assert len(curve_from_frame(frame)) == 6


def test_rows_that_hold_only_a_validation_loss_have_no_train_loss() -> None:
    frame = pd.DataFrame(
        {"step": [1, 2, 2, 3, 4, 4], "loss": [4, 3, NAN, 2, NAN, NAN], "val_loss": [NAN, NAN, 5, NAN, NAN, 4]}
    )
    curve = curve_from_frame(frame)
    np.testing.assert_array_equal(curve["train_loss"].values, [4, 3, 2, NAN])
    assert curve["val_loss"].steps.tolist() == [2, 4]
    assert any("2 NaN in 'loss' taken as not logged" in note for note in curve.caveats)


def test_a_last_row_that_holds_only_the_test_loss_has_no_train_loss() -> None:
    frame = pd.DataFrame({"step": [1, 2, 3, 3], "loss": [4, 3, 2, NAN], "test_loss": [NAN, NAN, NAN, 2.5]})
    curve = curve_from_frame(frame)
    assert curve["train_loss"].values.tolist() == [4, 3, 2]
    assert curve["val_loss"].values.tolist() == [2.5]


def test_a_loss_logged_every_few_rows_beside_a_dense_metric_is_sparse() -> None:
    loss = [float(10 - at) if at % 3 == 0 else NAN for at in range(10)]
    frame = pd.DataFrame({"step": range(10), "loss": loss, "grad_norm": np.ones(10)})
    assert curve_from_frame(frame)["train_loss"].steps.tolist() == [0, 3, 6, 9]


def test_a_dense_validation_loss_keeps_its_nan_and_a_sparse_one_has_gaps() -> None:
    dense = pd.DataFrame({"loss": [5, 4, 3, 2, 1.0], "val_loss": [5, 4, 3, NAN, NAN]})
    assert len(curve_from_frame(dense)["val_loss"]) == 5
    sparse = pd.DataFrame({"loss": [5, 4, 3, 2, 1.0], "val_loss": [5, NAN, 3, NAN, 2]})
    assert curve_from_frame(sparse)["val_loss"].steps.tolist() == [0, 2, 4]


def test_a_missing_value_of_a_nullable_column_was_not_logged() -> None:
    frame = pd.DataFrame({"step": [1, 2, 3], "loss": pd.array([3.0, None, 1.0], dtype="Float64")})
    assert curve_from_frame(frame)["train_loss"].steps.tolist() == [1, 3]


def test_a_named_index_can_be_the_step() -> None:
    frame = pd.DataFrame({"loss": [3.0, 2.0]}, index=pd.Index([10, 20], name="step"))
    assert curve_from_frame(frame)["train_loss"].steps.tolist() == [10, 20]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_long_frame_is_turned_into_channels(make: type) -> None:
    frame = make({"step": [1, 1, 2], "tag": ["loss", "val_loss", "loss"], "value": [3.0, 4.0, NAN]})
    curve = curve_from_frame(frame)
    np.testing.assert_array_equal(curve["train_loss"].values, [3.0, NAN])
    assert curve["val_loss"].values.tolist() == [4.0]


def test_columns_override_the_guess() -> None:
    frame = pd.DataFrame({"t": [5, 6], "a": [3.0, 2.0], "loss": [0.0, 0.0]})
    curve = curve_from_frame(frame, columns=Columns(loss="a", step="t"))
    assert curve["train_loss"].values.tolist() == [3, 2]
    assert curve["train_loss"].steps.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "frame: a list; expected a pandas, polars or pyarrow frame"),
        (pd.DataFrame({"loss": []}), "frame without a row"),
        (pd.DataFrame({"loss": ["a", "b"]}), "row 1 of column 'loss' is 'a'"),
        (pa.table({"run": ["a", "b"], "loss": [1.0, 2.0]}), r"2 runs \('a', 'b'\)"),
    ],
)
def test_what_cannot_be_read_says_why(frame: object, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        curve_from_frame(frame)
