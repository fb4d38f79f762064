"""One number, whatever a training loop holds it in."""

from __future__ import annotations

from curvedx.errors import CurvedxError


def scalar(what: str, given: object) -> float:
    """Return a number as a float; arrays and tensors of one element are numbers, text is none.

    Parameters
    ----------
    what
        What it is, for the message.
    given
        A Python or numpy number, or an array or tensor with one element on any device.

    Raises
    ------
    CurvedxError
        If it is no single number.
    """
    # A tensor's own float() warns where it still carries a gradient; item() does not.
    item = getattr(given, "item", None)
    try:
        value = item() if callable(item) else given
        number = None if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]  # has __float__
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = None
    if number is None:
        raise CurvedxError(f"{what} is {_shown(given)}; expected one number")
    return number


def _shown(given: object) -> str:
    shown = " ".join(repr(given).split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
