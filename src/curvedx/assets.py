"""Where the facts are: inside the installed wheel, or at the top of a checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


def asset(path: str) -> Traversable:
    """Find a shipped file or folder by its path from the top of the repository.

    Parameters
    ----------
    path
        Such as ``"synth/patterns"`` or ``"models/released/model.onnx"``.

    Raises
    ------
    FileNotFoundError
        If neither the wheel nor the checkout holds it.
    """
    shipped = files("curvedx").joinpath("_shipped", *path.split("/"))
    if shipped.is_file() or shipped.is_dir():
        return shipped
    local = _CHECKOUT / path
    if local.exists():
        return local
    raise FileNotFoundError(f"{path}: neither in the installed package nor in {_CHECKOUT}; reinstall curvedx")
