"""What several commands share: options, exit codes, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvedx.errors import CurvedxError

if TYPE_CHECKING:
    from curvedx.catalogue import Severity

FOUND = 1
UNREADABLE = 2
NO_RUNS = 3

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of a model that `curvedx train` wrote; the one that is shipped when not given.",
)

labels_option = click.option(
    "--labels",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    metavar="FILE.csv",
    help="The true labels, a row a run.",
)

_COLUMNS = {
    "loss": "is the train loss",
    "val_loss": "is the validation loss",
    "lr": "is the learning rate",
    "grad_norm": "is the gradient norm",
    "step": "counts the steps",
}


def column_options(where: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the options that name columns; the command gets them as ``columns``, a `readers.Columns`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def collected(*given: Any, **options: Any) -> Any:
            from curvedx.readers import Columns  # noqa: PLC0415 - start-up stays light

            columns = Columns(**{role: options.pop(role) for role in _COLUMNS})
            return command(*given, columns=columns, **options)

        for role, what in reversed(_COLUMNS.items()):
            option = click.option(
                f"--{role.replace('_', '-')}", metavar="COLUMN", help=f"The column that {what}{where}."
            )
            collected = option(collected)
        return collected

    return decorate


def known_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Make the options that say what the user knows of a run; the command gets them as ``known``."""

    @wraps(command)
    def collected(*given: Any, prior: str | None, **options: Any) -> Any:
        known = {name: options.pop(name) for name in ("objective", "classes", "vocabulary", "clip")}
        known["prior"] = None if prior is None else prior.split(",")
        return command(*given, known={name: value for name, value in known.items() if value is not None}, **options)

    for option in (
        click.option("--clip", type=float, metavar="NORM", help="Limit at which the gradient norm was clipped."),
        click.option("--prior", metavar="P,P,...", help="Share of each class, such as 0.9,0.1."),
        click.option("--vocabulary", type=int, metavar="V", help="Number of tokens: chance is ln V."),
        click.option("--classes", type=int, metavar="C", help="Number of classes: chance is ln C."),
        click.option(
            "--objective",
            metavar="NAME",
            help="What is trained, such as GRPO or diffusion: sets what is normal; guessed from the metrics otherwise.",
        ),
    ):
        collected = option(collected)
    return collected


def fail_on_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the option that says which findings end in exit code 1."""
    return click.option(
        "--fail-on",
        type=click.Choice(["error", "warning", "info", "never"]),
        default=default,
        show_default=True,
        help="Exit with 1 when a finding is at least this grave.",
    )


def exit_code(gravest: Severity, fail_on: str) -> int:
    """Return 1 when the gravest finding reaches the threshold, else 0."""
    from curvedx.catalogue import SEVERITIES  # noqa: PLC0415 - start-up stays light

    order: list[str] = [*SEVERITIES, "never"]
    return FOUND if order.index(gravest) >= order.index(fail_on) else 0


def echo_json(data: object) -> None:
    """Write JSON on stdout; a NaN in it would be an error of ours, not of the reader's."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


def write(path: Path, text: str) -> None:
    """Write a text file, making its directory.

    Raises
    ------
    CurvedxError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CurvedxError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error


def progress(done: int) -> None:
    """Show on stderr how many runs are done: on one line of a terminal, as lines of a log elsewhere."""
    terminal = sys.stderr.isatty()
    click.echo(f"\r{done} runs" if terminal else f"{done} runs", err=True, nl=not terminal)


def end_progress() -> None:
    """Leave the line on which a terminal showed the progress."""
    if sys.stderr.isatty():
        click.echo(err=True)
