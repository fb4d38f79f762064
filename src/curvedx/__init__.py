"""curvedx reads the curves a training run logged and says what is wrong with the run.

`classify_curve` and `classify_curves` give a `Diagnosis`, which holds a `Finding` for each pattern present; `compare`
lays two runs beside each other, and `forensics` draws the four plots that tell most about one. The rest are small
tools for the training loop.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from curvedx.errors import CurvedxError

if TYPE_CHECKING:
    from curvedx.curve import Curve
    from curvedx.diagnosis.classify import classify_curve, classify_curves
    from curvedx.diagnosis.compare import compare
    from curvedx.diagnosis.result import Diagnosis, Finding
    from curvedx.show.forensics import forensics
    from curvedx.tools.early_stop import EarlyStop
    from curvedx.tools.gap import generalization_gap
    from curvedx.tools.health import log_health
    from curvedx.tools.sharpness import sharpness
    from curvedx.tools.smooth import smooth

__version__ = version("curvedx")

__all__ = [
    "Curve", "CurvedxError", "Diagnosis", "EarlyStop", "Finding", "classify_curve", "classify_curves", "compare",
    "forensics", "generalization_gap", "log_health", "sharpness", "smooth",
]  # fmt: skip

_HOMES = {
    "Curve": "curvedx.curve",
    "Diagnosis": "curvedx.diagnosis.result",
    "EarlyStop": "curvedx.tools.early_stop",
    "Finding": "curvedx.diagnosis.result",
    "classify_curve": "curvedx.diagnosis.classify",
    "classify_curves": "curvedx.diagnosis.classify",
    "compare": "curvedx.diagnosis.compare",
    "forensics": "curvedx.show.forensics",
    "generalization_gap": "curvedx.tools.gap",
    "log_health": "curvedx.tools.health",
    "sharpness": "curvedx.tools.sharpness",
    "smooth": "curvedx.tools.smooth",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'curvedx' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
