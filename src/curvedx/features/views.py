"""Views: what a curve looks like, freed of its scale and length, one fixed-length row a view.

Knowledge of loss curves enters here. Each view expresses one quantity of the definitions on its own scale (the drop,
the noise, the local level), so that plain calculators measure what the definitions ask for. A view whose channel was
not logged is absent. The rooms `train`, `validation` and `others` hold the views of each channel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curvedx.curve import Curve, FloatArray
from curvedx.features.views_others import class_views, gradient_views, rate_views, task_views
from curvedx.features.views_train import Train, train_views
from curvedx.features.views_val import validation_views

Views = dict[str, FloatArray]


def views(curve: Curve) -> Views:
    """Return every view of one curve by name; each is finite and of the length its name always has.

    A curve whose train loss holds fewer than four finite points has only the views of what broke.
    """
    train = Train.of(curve)
    found = train_views(train)
    found |= validation_views(curve, train)
    found |= rate_views(curve)
    found |= gradient_views(curve, train)
    found |= task_views(curve)
    found |= class_views(curve)
    return found


def stack(rows: Sequence[Views], name: str, length: int) -> FloatArray:
    """Return the named view of many curves as one matrix; a row of NaN where a curve lacks it."""
    out = np.full((len(rows), length), np.nan)
    for index, row in enumerate(rows):
        view = row.get(name)
        if view is not None:
            out[index] = view
    return out
