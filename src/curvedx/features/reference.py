"""The declared features by tsfresh itself, which defines them and explores further ones (extra `train`).

The batch engine is held equal to this module by the tests. Nothing here is imported where curves are classified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from inspect import isfunction
from typing import TYPE_CHECKING, Any

import numpy as np

from curvedx.curve import FloatArray
from curvedx.errors import MissingExtraError
from curvedx.features import own
from curvedx.features.settings import columns, settings
from curvedx.features.sheet import Views

if TYPE_CHECKING:
    import pandas as pd

Calculator = Callable[..., Any]


def reference_features(rows: Sequence[Views]) -> FloatArray:
    """Return the declared features of ready views, one row a curve, each by tsfresh's calculator or one of our own.

    Parameters
    ----------
    rows
        The views of each curve, as `curvedx.features.views.views` gives them.

    Returns
    -------
    Matrix with the columns of `curvedx.features.settings.columns`; NaN where a curve lacks the view, and where the
    calculator itself says NaN (the autocorrelation of a constant).

    Raises
    ------
    MissingExtraError
        If tsfresh is not installed.
    """
    wanted = [(column, _calculator(column.calculator)) for column in columns()]
    out = np.full((len(rows), len(wanted)), np.nan)
    for row, view_of in enumerate(rows):
        for at, (column, calculator) in enumerate(wanted):
            values = view_of.get(column.view)
            if values is not None:
                out[row, at] = _measure(calculator, values, dict(column.parameters))
    return out


def reference_settings() -> dict[str, dict[str | Calculator, list[dict[str, Any]] | None]]:
    """Return the settings as `tsfresh.extract_features` takes them (``kind_to_fc_parameters``).

    tsfresh's calculators stand by name, our own as functions, which is how tsfresh takes features it does not know.

    Raises
    ------
    MissingExtraError
        If tsfresh is not installed.
    """
    ours = own_calculators()
    return {
        view: {ours.get(name, name): parameters for name, parameters in declared.items()}
        for view, declared in settings().items()
    }


def extract(rows: Sequence[Views], parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return what `tsfresh.extract_features` makes of the views: one row a curve, columns named by tsfresh.

    A curve that lacks a view has NaN there.

    Parameters
    ----------
    rows
        The views of each curve.
    parameters
        ``kind_to_fc_parameters``: which calculators run on which view; the declared ones by default. Views that it
        does not name are left out. To explore, give a view tsfresh's ``EfficientFCParameters()``.

    Raises
    ------
    MissingExtraError
        If tsfresh is not installed.
    """
    _calculators()
    import pandas as pd  # noqa: PLC0415 - only where tsfresh runs
    from tsfresh import extract_features  # noqa: PLC0415 - an optional extra, slow to import

    chosen = reference_settings() if parameters is None else parameters
    pieces = [(row, view, rows[row][view]) for row in range(len(rows)) for view in chosen if view in rows[row]]
    lengths = [len(values) for _, _, values in pieces]
    frame = pd.DataFrame(
        {
            "run": np.repeat([row for row, _, _ in pieces], lengths),
            "view": np.repeat([view for _, view, _ in pieces], lengths),
            "place": np.concatenate([np.arange(length) for length in lengths]),
            "value": np.concatenate([values for _, _, values in pieces]),
        }
    )
    # One process: tsfresh's own workers would start a pool for a few seconds of work.
    features: pd.DataFrame = extract_features(
        frame,
        column_id="run",
        column_kind="view",
        column_sort="place",
        column_value="value",
        kind_to_fc_parameters=chosen,
        n_jobs=0,
        disable_progressbar=True,
    )
    # tsfresh leaves out a curve that has none of the views.
    return features.reindex(range(len(rows)))


@cache
def own_calculators() -> dict[str, Calculator]:
    """Return the calculators of `curvedx.features.own` in tsfresh's custom-feature form: one array in, one number out.

    Raises
    ------
    MissingExtraError
        If tsfresh is not installed.
    """
    set_property = _calculators().set_property
    return {
        name: set_property("fctype", "simple")(_single(function))
        for name, function in vars(own).items()
        if isfunction(function) and function.__module__ == own.__name__ and not name.startswith("_")
    }


def _single(batch: Callable[..., FloatArray]) -> Calculator:
    """Turn a calculator of a matrix of views into one of a single view."""

    @wraps(batch)
    def calculator(x: FloatArray, **parameters: Any) -> float:
        return float(batch(np.asarray(x)[np.newaxis, :], **parameters)[0])

    return calculator


def _calculators() -> Any:
    try:
        from tsfresh.feature_extraction import feature_calculators  # noqa: PLC0415 - an optional extra, slow to import
    except ImportError as error:
        raise MissingExtraError("train", "computing features by tsfresh") from error
    return feature_calculators


def _calculator(name: str) -> Calculator:
    found: Calculator = own_calculators().get(name) or getattr(_calculators(), name)
    return found


def _measure(calculator: Calculator, values: FloatArray, parameters: dict[str, Any]) -> float:
    """Call a calculator as tsfresh does: its combiners take all parameter sets at once and return named results."""
    given: Any = values
    if getattr(calculator, "input", None) == "pd.Series":
        import pandas as pd  # noqa: PLC0415 - only where tsfresh runs

        given = pd.Series(values)
    if getattr(calculator, "fctype", None) == "combiner":
        return float(dict(calculator(given, param=[parameters])).popitem()[1])
    return float(calculator(given, **parameters))
