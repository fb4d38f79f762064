"""`curvedx classify`: one log, its diagnosis."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvedx.cli.shared import column_options, echo_json, exit_code, fail_on_option, known_options, model_option
from curvedx.errors import CurvedxError, NoRunsError, ReadError

if TYPE_CHECKING:
    from curvedx.curve import Curve
    from curvedx.diagnosis.result import Diagnosis
    from curvedx.objectives import Known
    from curvedx.readers import Columns

_PICTURES = (".png", ".svg", ".pdf")
_COLOURS: dict[bool | None, str] = {True: "green", False: "red", None: "yellow"}


@click.command("classify")
@click.argument("path", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON; an array when the log holds several runs.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Also draw it, as .png, .svg or .pdf.")
@click.option("--format", "format_name", metavar="NAME", help="The log's format, where it is not recognised.")
@click.option("--run", metavar="NAME", help="Of several runs, the one to judge.")
@column_options()
@known_options
@fail_on_option("warning")
@model_option
@click.pass_context
def classify_command(
    context: click.Context,
    *,
    path: str | None,
    as_json: bool,
    plot: Path | None,
    format_name: str | None,
    run: str | None,
    columns: Columns,
    known: Known,
    fail_on: str,
    model: Path | None,
) -> None:
    """Say what is wrong with one run.

    PATH is a log file, the directory of one run, or - for text on stdin: pasted console output, CSV, JSON or JSONL.
    The format is recognised; `curvedx formats` lists those known.

    What you know of the run (--objective, --classes, --vocabulary, --prior, --clip) changes no label and no
    probability: it orders the causes, names the level at which a loss stands, and says what is normal.

    \b
    Examples:
      curvedx classify lightning_logs/version_0
      curvedx classify trainer_state.json --plot run.png
      curvedx classify run.csv --loss my_loss --val-loss my_eval
      curvedx classify run.csv --objective GRPO
      curvedx classify run.csv --classes 2 --prior 0.9,0.1
      pbpaste | curvedx classify -
      curvedx classify run.csv --json --fail-on error > diagnosis.json
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.diagnosis.classify import classify_curves  # noqa: PLC0415 - start-up stays light

    if plot is not None and plot.suffix.lower() not in _PICTURES:
        raise click.UsageError(f"--plot {plot}: cannot tell the kind of picture; end it in {', '.join(_PICTURES)}")
    if path is None and sys.stdin.isatty():
        raise click.UsageError("give the PATH of a log, or - and paste the text")
    curves = chosen_of(curves_in(path, format_name, columns, run), path or "stdin", run)
    if plot is not None and len(curves) > 1:
        names = ", ".join(repr(curve.name) for curve in curves)
        raise click.UsageError(f"--plot draws one run, but there are {len(curves)} ({names}); choose one with --run")
    diagnoses = classify_curves(curves, model=model, **known)
    if plot is not None:
        _draw(diagnoses[0], plot)
    if as_json:
        reports = [diagnosis.to_dict() for diagnosis in diagnoses]
        echo_json(reports if len(reports) > 1 else reports[0])
    else:
        for index, diagnosis in enumerate(diagnoses):
            echo_diagnosis(diagnosis, first=index == 0)
    context.exit(max(exit_code(diagnosis.severity, fail_on) for diagnosis in diagnoses))


def echo_diagnosis(diagnosis: Diagnosis, *, first: bool = True) -> None:
    """Write a diagnosis on stdout, its verdict in colour on a terminal unless NO_COLOR is set."""
    verdict, _, rest = str(diagnosis).partition("\n")
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        verdict = click.style(verdict, fg=_COLOURS[diagnosis.ok], bold=True)
    click.echo(("" if first else "\n") + verdict + "\n" + rest)


def curves_in(path: str | None, format_name: str | None, columns: Columns, run: str | None) -> list[Curve]:
    """Read the runs of a log, of the directory of one run, or of stdin."""
    from curvedx.readers import read_runs, read_text  # noqa: PLC0415 - start-up stays light

    if path is None or path == "-":
        if format_name is not None:
            raise click.UsageError("--format is for files; pasted text is recognised by its lines")
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
        if not text.strip():
            raise ReadError("stdin: nothing was given; paste a log or name a file")
        return read_text(text, columns=columns)
    if Path(path).is_dir() and format_name is None:
        return _in_folder(Path(path), columns, run)
    return read_runs(path, format=format_name, columns=columns)


def _in_folder(folder: Path, columns: Columns, run: str | None) -> list[Curve]:
    """Read the only run of a directory; files that turn out to be no logs do not count."""
    from curvedx.archive import discover  # noqa: PLC0415 - start-up stays light
    from curvedx.readers import read_runs  # noqa: PLC0415 - as above

    readable: dict[Path, list[Curve]] = {}
    failed: list[CurvedxError] = []
    for source in discover(folder):
        try:
            curves = read_runs(source, columns=columns)
        except CurvedxError as error:
            failed.append(error)
            continue
        if run is not None and any(curve.name == run for curve in curves):
            return curves
        readable[source] = curves
    if len(readable) > 1:
        names = [str(source.relative_to(folder)) for source in readable]
        shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        raise ReadError(f"{folder}: holds {len(names)} runs ({shown}); name one, or judge all: curvedx score {folder}")
    if readable:
        return next(iter(readable.values()))
    if len(failed) == 1:
        raise failed[0]
    tried = f" ({len(failed)} files looked like logs; the first: {failed[0]})" if failed else ""
    raise NoRunsError(f"{folder}: no run found{tried}; `curvedx formats` lists what can be read")


def chosen_of(curves: list[Curve], source: str, run: str | None) -> list[Curve]:
    """Keep the run asked for; all where none is."""
    if run is None:
        return curves
    chosen = [curve for curve in curves if curve.name == run]
    if not chosen:
        names = ", ".join(repr(curve.name) for curve in curves)
        raise ReadError(f"{source}: no run {run!r} (found {names}); give one of these to --run")
    return chosen


def _draw(diagnosis: Diagnosis, path: Path) -> None:
    figure = diagnosis.plot()
    try:
        figure.savefig(path)
    except OSError as error:
        raise CurvedxError(f"{path}: cannot be written ({error.strerror or error}); choose another --plot") from error
