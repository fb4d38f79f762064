"""Facts in TOML, read strictly: every key is asked for, and what is left over is an error."""

from __future__ import annotations

import tomllib
from typing import Any, TypeVar

from curvedx.errors import CatalogueError

_T = TypeVar("_T")


def read_toml(file: str, text: str) -> Table:
    """Read a file as the table at its top.

    Raises
    ------
    CatalogueError
        If the text is no TOML; the message names the file and the line.
    """
    try:
        return Table(file, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: not readable as TOML: {error}") from error


class Table:
    """A TOML table whose keys are taken out one by one, so that what is left over is unknown.

    Parameters
    ----------
    where
        The file, and what else an error should name before the key.
    table
        What the file holds.
    path
        Put before each key in errors, such as ``"causes[0]."``.
    """

    def __init__(self, where: str, table: dict[str, Any], path: str = "") -> None:
        self.where = where
        self.left = dict(table)
        self._path = path

    def wrong(self, key: str, value: object, expected: str) -> CatalogueError:
        """Return the error that a value is not what was expected."""
        return CatalogueError(f"{self.where}: {self._path}{key} is {value!r}; expected {expected}")

    def of(self, key: str, kind: type[_T]) -> _T:
        """Take out a value of one type."""
        value = self.left.pop(key, None)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, value, f"a {kind.__name__}")
        return value

    def number(self, key: str) -> float | None:
        """Take out a finite number; None where the key is not there."""
        value = self.left.pop(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
            raise self.wrong(key, value, "a finite number")
        return float(value)

    def flag(self, key: str) -> bool:
        """Take out true or false; false where the key is not there."""
        value = self.left.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, value, "true or false")
        return value

    def text(self, key: str) -> str:
        """Take out a text, its line breaks and runs of spaces as one space."""
        return self._one_line(key, self.left.pop(key, None))

    def word(self, key: str, known: tuple[Any, ...]) -> Any:
        """Take out one of the known words."""
        value = self.left.pop(key, None)
        if value not in known:
            raise self.wrong(key, value, f"one of {', '.join(known)}")
        return value

    def words(self, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """Take out a list of known words; an empty one where the key is not there."""
        found = self.texts(key) if key in self.left else ()
        for index, value in enumerate(found):
            if value not in known:
                raise self.wrong(f"{key}[{index}]", value, f"one of {', '.join(known)}")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """Take out a list of texts."""
        return tuple(self._one_line(f"{key}[{index}]", value) for index, value in enumerate(self.of(key, list)))

    def tables(self, key: str) -> list[Table]:
        """Take out an array of tables."""
        found = []
        for index, row in enumerate(self.of(key, list)):
            if not isinstance(row, dict):
                raise self.wrong(f"{key}[{index}]", row, "a table")
            found.append(Table(self.where, row, f"{self._path}{key}[{index}]."))
        return found

    def finish(self) -> None:
        """Refuse what is left over.

        Raises
        ------
        CatalogueError
            If a key was not asked for.
        """
        if self.left:
            raise CatalogueError(
                f"{self.where}: unknown key {self._path + next(iter(self.left))!r}; remove it or add it to the schema"
            )

    def _one_line(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, value, "a text")
        return " ".join(value.split())
