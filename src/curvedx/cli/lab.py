"""`curvedx lab`: train the campaign of the fault lab and write its curves and labels."""

from __future__ import annotations

from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import click

from curvedx.errors import MissingExtraError, NoRunsError


@click.command("lab")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where runs.parquet and labels.csv are written; votes.csv and README.md are read there.",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Make these runs only, as 'digits-*.frozen.*'.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".curvedx-cache/lab"),
    show_default=True,
    metavar="FOLDER",
    help="Keep every step of every run here; given again, only what is missing is trained.",
)
@click.option(
    "--sheets",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also draw contact sheets, for the review by eye.",
)
def lab_command(*, out: Path, workers: int, only: tuple[str, ...], cache: Path, sheets: Path | None) -> None:
    """Train small models with faults put in, and write what they log.

    Needs the extra 'lab'. The result does not depend on the number of workers. A run that fails is named, and the
    others go on.

    \b
    Examples:
      curvedx lab --out data/lab --workers 2
      curvedx lab --out /tmp/lab --only 'chirp-mlp.*' --sheets /tmp/lab/sheets
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.lab import campaign, plan  # noqa: PLC0415 - start-up stays light

    runs = [run for run in plan.runs() if not only or any(fnmatch(run.run_id, pattern) for pattern in only)]
    if not runs:
        raise NoRunsError(
            f"--only {' '.join(only)}: no run of the plan is called so; names are like {plan.runs()[0].run_id}"
        )
    for library in ("torch", "sklearn"):
        try:
            import_module(library)
        except ModuleNotFoundError as error:
            raise MissingExtraError("lab", f"curvedx lab ({error.name} is not installed)") from error

    failed = campaign.conduct(runs, cache, workers=workers, tell=lambda line: click.echo(line, err=True))

    from curvedx.lab import sheet, tables  # noqa: PLC0415 - as above

    found = list(tables.entries(runs, cache, out / "votes.csv"))
    if found:
        tables.write(found, out)
    if not only and (out / "README.md").exists():
        sheet.update(out / "README.md", found)
    if sheets is not None:
        from curvedx.lab import contact  # noqa: PLC0415 - as above

        try:
            contact.sheets(found, sheets)
        except ModuleNotFoundError as error:
            raise MissingExtraError("plot", f"curvedx lab --sheets ({error.name} is not installed)") from error
    click.echo(f"{len(found)} runs: {out}")
    if failed:
        raise click.ClickException(f"{len(failed)} runs failed: {'; '.join(f'{k}: {v}' for k, v in failed.items())}")
