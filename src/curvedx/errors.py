"""The error family: every error a user can cause is a `CurvedxError` whose text says what to do next."""


class CurvedxError(Exception):
    """Base of all errors that the input, not the library, is the reason for.

    The text names the thing (file, run, channel), the value found, what was expected and the next step.
    """


class CurveError(CurvedxError):
    """The values given are not a curve: wrong shape, no train loss, text that is no number."""


class ReadError(CurvedxError):
    """A file could not be read as a log: unknown format, truncated, no loss column, two that could be meant."""


class NoLossError(ReadError):
    """What was read holds no column that could be a loss: a table or a text, but not of a run."""


class NoRunsError(CurvedxError):
    """No run was found under the paths given."""


class CatalogueError(CurvedxError):
    """A file of the pattern catalogue breaks its schema."""


class ModelError(CurvedxError):
    """A model file is damaged, of another format, or does not fit this version's features."""


class MissingExtraError(CurvedxError):
    """A library of an optional extra is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'curvedx[{extra}]'")
