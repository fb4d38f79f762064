"""`curvedx train`, `recalibrate` and `evaluate`: make a model, fit its confidence to own runs, and measure it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from curvedx.cli.shared import echo_json, labels_option, model_option, write
from curvedx.errors import MissingExtraError

_model_folder = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("models/local"),
    show_default=True,
    metavar="DIR",
    help="Where the model is written: its trees, its passport and, by train, its card.",
)


@click.command("train")
@click.option("--curves", type=click.IntRange(min=1), default=40000, show_default=True, help="Synthetic runs to draw.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same curves.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@_model_folder
@click.option(
    "--labelled",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="FILE",
    help="Parquet of your own labelled runs to learn from as well; may be repeated.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep drawn curves and features here; given again, training resumes from it.",
)
def train_command(
    *, curves: int, seed: int, workers: int, out: Path, labelled: tuple[Path, ...], cache: Path | None
) -> None:
    """Make a model from synthetic runs.

    Draws labelled curves, extracts features, fits, calibrates and measures a model, and writes it with its card.
    Needs the extra 'train'. Use the model with `--model` of the other commands.

    \b
    Examples:
      curvedx train --workers 8 --out models/mine
      curvedx train --curves 2000 --out models/quick --cache .curvedx-cache
      curvedx train --labelled my-runs.parquet --out models/ours
    """  # noqa: D301 - click's mark for a block left as it is
    with _extra("curvedx train"):
        from curvedx.models.train import train  # noqa: PLC0415 - the libraries of the extra

    train(curves=curves, seed=seed, workers=workers, out=out, labelled=labelled, cache=cache)
    click.echo(f"model: {out}")


@click.command("recalibrate")
@click.argument("runs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@labels_option
@_model_folder
@model_option
def recalibrate_command(runs: Path, labels: Path, *, out: Path, model: Path | None) -> None:
    """Fit the confidence of a model to your own labelled runs.

    What the model has learned stays; how sure it is of each pattern and of the headline is adapted, the more the more
    runs there are. RUNS and the labels are files as `curvedx evaluate` reads them. Needs the extra 'train'.

    Prints what it brings on runs that were left out, whole repositories at a time.

    \b
    Examples:
      curvedx recalibrate runs.parquet --labels labels.csv --out models/ours
      curvedx classify trainer_state.json --model models/ours
    """  # noqa: D301 - click's mark for a block left as it is
    with _extra("curvedx recalibrate"):
        from curvedx.models.recalibrate import recalibrate  # noqa: PLC0415 - the libraries of the extra

    before, after = recalibrate(runs, labels, model=model, out=out)
    click.echo(f"log loss of the labels of runs left out: {before:.4f} before, {after:.4f} after")
    if after >= before:
        click.echo("It did not help: the runs are too few, or the model was well calibrated on them already.", err=True)
    click.echo(f"model: {out}")


@contextmanager
def _extra(what: str) -> Iterator[None]:
    """Say which extra to install where one of its libraries is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "curvedx":
            raise
        raise MissingExtraError("train", f"{what} ({error.name} is not installed)") from error


@click.command("evaluate")
@click.argument("runs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@labels_option
@click.option("--half", metavar="NAME", help="Only runs of this half, where the labels have a column half.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of Markdown.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write one page with pictures of the calibration and the runs that were misjudged; it works offline.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write evaluation.json and evaluation.md there.",
)
@model_option
def evaluate_command(
    runs: Path,
    labels: Path,
    *,
    half: str | None,
    as_json: bool,
    html: Path | None,
    out: Path | None,
    model: Path | None,
) -> None:
    """Measure the model on runs whose labels are known.

    RUNS is a Parquet file in long form: run_id, channel, step, value. The labels are a CSV file with the columns run_id
    and present, and where they are known grey, onsets, owner_repo and not_a_loss; only runs with a row there count.

    Printed as Markdown, each with an interval from resampling whole repositories: F1 by label and in all, headline
    accuracy, false alarms, calibration, conformal sets, onset errors. Baselines that need no model stand beside it:
    always healthy, the commonest headline, one obvious rule a label, and the definitions of the labels as rules.

    \b
    Examples:
      curvedx evaluate runs.parquet --labels labels.csv
      curvedx evaluate data/lab/runs.parquet --labels data/lab/labels.csv --half test
      curvedx evaluate runs.parquet --labels labels.csv --html evaluation.html
      curvedx evaluate runs.parquet --labels labels.csv --model models/mine --json > mine.json
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.diagnosis.classify import classify_curves  # noqa: PLC0415 - start-up stays light
    from curvedx.evaluate import evaluate, load  # noqa: PLC0415 - as above
    from curvedx.show.evaluation import markdown  # noqa: PLC0415 - as above
    from curvedx.show.evaluation_page import page  # noqa: PLC0415 - as above

    labelled = load(runs, labels, half=half)
    result = evaluate(labelled, classify_curves([run.curve for run in labelled], model=model))
    text = markdown(result)
    if out is not None:
        write(out / "evaluation.json", json.dumps(result, indent=2, allow_nan=False) + "\n")
        write(out / "evaluation.md", text)
    if html is not None:
        write(html, page(result, f"Evaluation on {labels.name}"))
    if as_json:
        echo_json(result)
    else:
        click.echo(text)
