"""The group of commands, and how errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from curvedx.cli.archive import demo_command, score_command
from curvedx.cli.atlas import atlas_command
from curvedx.cli.classify import classify_command
from curvedx.cli.compare import compare_command
from curvedx.cli.develop import evaluate_command, recalibrate_command, train_command
from curvedx.cli.facts import formats_command, patterns_command
from curvedx.cli.lab import lab_command
from curvedx.cli.shared import NO_RUNS, UNREADABLE
from curvedx.errors import CurvedxError, NoRunsError

_INTERRUPTED = 130
_PIPE_CLOSED = 141


@click.group(
    context_settings={"max_content_width": 100},
    epilog="Exit codes: 0 nothing found, 1 findings, 2 could not read or bad usage, 3 no runs found.",
)
@click.version_option(package_name="curvedx", message="curvedx %(version)s")
def cli() -> None:
    """Read the curves a training run logged and say what is wrong with the run.

    \b
    curvedx demo                          see what it does, on sample logs
    curvedx classify train.log            one run: is it all right, since when not, why, what to do
    curvedx compare new.csv good.csv      what a run shows that its healthy baseline did not
    curvedx score runs/ --out runs.parquet --report runs.html
                                          every run under a directory
    curvedx patterns overfitting          what a label means
    curvedx atlas --out atlas.html        all patterns drawn, on a page to click through

    Results go to stdout, progress and errors to stderr.
    """  # noqa: D301 - click's mark for a block left as it is


for _command in (
    classify_command,
    compare_command,
    score_command,
    demo_command,
    patterns_command,
    atlas_command,
    formats_command,
    train_command,
    recalibrate_command,
    evaluate_command,
    lab_command,
):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the console entry point.

    Parameters
    ----------
    arguments
        Those of the process when not given.
    """
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what the input is to blame for is one line on stderr."""
    given = list(arguments) if arguments is not None else None
    try:
        code = cli.main(args=given, prog_name="curvedx", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return UNREADABLE
    except click.Abort:
        click.echo("curvedx: interrupted", err=True)
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # The reader of the output has left, of which click makes SystemExit(1), our code for findings. What the
        # interpreter still flushes at its end must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except CurvedxError as error:
        click.echo(f"curvedx: error: {' '.join(str(error).split())}", err=True)
        return NO_RUNS if isinstance(error, NoRunsError) else UNREADABLE
    return code if isinstance(code, int) else 0
