"""`curvedx score` and `curvedx demo`: every run of an archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvedx.cli.classify import echo_diagnosis
from curvedx.cli.shared import (
    UNREADABLE,
    end_progress,
    exit_code,
    fail_on_option,
    known_options,
    model_option,
    progress,
)
from curvedx.errors import NoRunsError

if TYPE_CHECKING:
    from curvedx.catalogue import Severity
    from curvedx.diagnosis.result import Diagnosis
    from curvedx.objectives import Known
    from curvedx.show.tally import Tally


@click.command("score")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.parquet",
    help="The table: a row a run.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also a page to look through, which works offline.",
)
@known_options
@fail_on_option("never")
@model_option
@click.pass_context
def score_command(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    out: Path,
    report: Path | None,
    known: Known,
    fail_on: str,
    model: Path | None,
) -> None:
    """Judge every run under directories and files.

    Writes a Parquet table with a row for each run, and prints how many runs are all right and which are worst.
    A file that cannot be read becomes a row with its error and stops nothing. What you know (--objective, --classes,
    --vocabulary, --prior, --clip) holds for every run, and changes no label.

    \b
    Examples:
      curvedx score runs/ --out runs.parquet
      curvedx score lightning_logs/ wandb/ --out all.parquet --report all.html
      curvedx score runs/ --out runs.parquet --fail-on error
    """  # noqa: D301 - click's mark for a block left as it is
    title = ", ".join(map(str, paths))
    tally, gravest, _ = score_into(paths, out=out, report=report, title=title, model=model, known=known)
    if not tally.runs and not tally.unreadable:
        strangers = f" ({tally.strangers} files without a loss)" if tally.strangers else ""
        raise NoRunsError(f"{title}: no run found{strangers}; `curvedx formats` lists what can be read")
    click.echo(tally.render())
    click.echo(f"\ntable: {out}" + (f"\nreport: {report}" if report else ""))
    context.exit(exit_code(gravest, fail_on) if tally.runs else UNREADABLE)


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("curvedx-report"),
    show_default=True,
    metavar="DIR",
    help="Where to write diagnoses.parquet and report.html.",
)
@model_option
def demo_command(out: Path, model: Path | None) -> None:
    """Judge the sample logs that come with curvedx.

    They are small real logs, one or more for each format that is read.

    Prints the summary and one diagnosis in full, and writes the table and the page that `curvedx score` would.
    """
    from curvedx.assets import asset  # noqa: PLC0415 - start-up stays light

    table, page = out / "diagnoses.parquet", out / "report.html"
    with as_file(asset("data/logs")) as logs:
        tally, _, worst = score_into([logs], out=table, report=page, title="curvedx demo", model=model)
    click.echo(tally.render())
    if worst is not None:
        click.echo("\nOne of them in full:\n")
        echo_diagnosis(worst)
    click.echo(f"\ntable: {table}\nreport: {page}\nNext, on your own runs: curvedx score DIR --out runs.parquet")


def score_into(
    paths: Iterable[Path],
    *,
    out: Path,
    report: Path | None,
    title: str,
    model: Path | None,
    known: Known | None = None,
) -> tuple[Tally, Severity, Diagnosis | None]:
    """Score into a table and, where asked for, a page.

    Returns
    -------
    tally, gravest, worst
        The counts, the gravest severity, and the diagnosis that most needs a look.
    """
    from curvedx.archive import score  # noqa: PLC0415 - start-up stays light
    from curvedx.archive.table import Table  # noqa: PLC0415 - as above
    from curvedx.show.report import write_report  # noqa: PLC0415 - as above
    from curvedx.show.tally import Tally, gravity  # noqa: PLC0415 - as above

    tally, skipped = Tally(), list[tuple[str, str]]()
    worst: list[Diagnosis] = []

    def judged(table: Table) -> Iterator[Diagnosis]:
        for one in score(paths, model=model, on_progress=progress, **(known or {})):
            if one.source.resolve() == out.resolve():  # begun before it was found below the paths
                continue
            table.add(one)
            if one.diagnosis is None:
                tally.fail(one.error or "", is_run=one.is_run)
                skipped.append((str(one.source), one.error or ""))
                continue
            said = one.diagnosis.to_dict()
            tally.add(said, one.where)
            if not worst or gravity(said) > gravity(worst[0].to_dict()):
                worst[:] = [one.diagnosis]
            # Many runs of an archive are called version_0; on the page they need their path.
            yield replace(one.diagnosis, name=one.where)

    with Table(out) as table:
        if report is None:
            for _ in judged(table):
                pass
        else:
            write_report(judged(table), report, title=title, skipped=skipped)
    end_progress()
    return tally, worst[0].severity if worst else "none", worst[0] if worst else None
