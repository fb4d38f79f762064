"""`curvedx compare`: what a run shows that its baseline did not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvedx.cli.classify import chosen_of, curves_in
from curvedx.cli.shared import column_options, echo_json, exit_code, fail_on_option, model_option
from curvedx.errors import ReadError

if TYPE_CHECKING:
    from curvedx.curve import Curve
    from curvedx.readers import Columns


@click.command("compare")
@click.argument("run")
@click.argument("baseline")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--run", "run_name", metavar="NAME", help="Of several runs in RUN, the one to compare.")
@click.option("--baseline-run", metavar="NAME", help="Of several runs in BASELINE, the one to compare with.")
@column_options(", in both")
@fail_on_option("warning")
@model_option
@click.pass_context
def compare_command(
    context: click.Context,
    *,
    run: str,
    baseline: str,
    as_json: bool,
    run_name: str | None,
    baseline_run: str | None,
    columns: Columns,
    fail_on: str,
    model: Path | None,
) -> None:
    """Say what RUN shows that the healthy BASELINE did not, on the same steps.

    Each is a log file or the directory of one run; one of them may be - for text on stdin. Lengths and logging
    intervals may differ. Only new findings count for --fail-on.

    \b
    Examples:
      curvedx compare out/new/trainer_state.json out/good/trainer_state.json
      curvedx compare nightly.csv baseline.csv --fail-on error --json
      curvedx compare sweep.csv sweep.csv --run lr-0.3 --baseline-run lr-0.03
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.diagnosis.classify import classify_curves  # noqa: PLC0415 - start-up stays light
    from curvedx.diagnosis.compare import compare  # noqa: PLC0415 - as above

    if run == baseline == "-":
        raise click.UsageError("only one of RUN and BASELINE can be stdin")
    curves = [_one(run, columns, run_name, "--run"), _one(baseline, columns, baseline_run, "--baseline-run")]
    found = compare(*classify_curves(curves, model=model))
    if as_json:
        echo_json(found.to_dict())
    else:
        click.echo(str(found))
    context.exit(exit_code(found.severity, fail_on))


def _one(path: str, columns: Columns, name: str | None, option: str) -> Curve:
    curves = chosen_of(curves_in(path, None, columns, name), path, name)
    if len(curves) > 1:
        names = ", ".join(repr(curve.name) for curve in curves)
        raise ReadError(f"{path}: holds {len(curves)} runs ({names}); choose one with {option}")
    return curves[0]
