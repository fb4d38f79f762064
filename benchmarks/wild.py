"""Public logs as they come: ``python benchmarks/wild.py FOLDER``.

`wild.csv` beside this file names each log by repository, path and commit, with its labels. FOLDER holds the logs
themselves, which are not ours to publish, as ``<owner>__<repository>/<path>``.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import click
from readme import TOP, fill, results

from curvedx.curve import Curve
from curvedx.errors import CurvedxError
from curvedx.models.runtime import model
from curvedx.readers import Columns, read
from curvedx.readers.labelled import LabelledRun

LOGS = Path(__file__).with_name("wild.csv")

PAGE = """# Public logs as they come

{kept} training logs of as many public repositories, taken in the order in which an index of files lists them by their
usual names (`trainer_state.json`, `results.csv`, `training_log.csv`, ...), whatever they look like: those of 8 points
and more that are short enough to be copied by hand (130 points in a first round, 260 in a second). So problems are
as rare here as people have them, and the rarest do not occur; [other real runs](results.md) were chosen to hold all.

Two annotators, language models, read every log by the definitions of [the patterns](patterns.md), apart from each other
and blind to model and rules. Both found 51 labels present beside `healthy`; of 18 more that one found the other was
unsure, and these are grey and not scored; nowhere did they contradict each other. (One log holds nothing but NaN, and
nobody was asked.)

The logs were collected when curvedx 54e5425ff712 had been trained, and it scored what the model below scores:
macro-F1 .90, headline .96, none of 81 flagged, calibration error .037. One of them, the loss of a policy gradient,
showed that no signal was known to be no loss once a learning rate stood beside it; a missed step led to a look at how
drawn staircases are told from steps. Both were mended on drawn curves before the model below was trained; nothing
else that it learns from was touched with an eye on these logs. The readers are the better for them: not read at
first, and read now, are scalars that TensorBoard saves as CSV, YOLO without its scores, a running mean beside the
loss, tables without a header, printed tensors, and lists that are called `losses`.

`benchmarks/wild.csv` names each log by repository, path and commit, with its labels; `benchmarks/wild.py` made this
page, with {model}.

{results}

## Headlines that are wrong

{misjudged}

## Logs that are not read

{unread}
"""


def log_of(folder: Path, row: dict[str, str]) -> Curve:
    """Read the log of a row as a user would, with its losses named where the row names them."""
    path = folder / row["owner_repo"].replace("/", "__") / row["path"]
    curve = read(path, columns=Columns(loss=row["loss"] or None, val_loss=row["val_loss"] or None))
    return replace(curve, name=row["owner_repo"])


def labelled(row: dict[str, str], curve: Curve) -> LabelledRun:
    """Return a log with what both annotators say of it."""
    present, grey = (frozenset(filter(None, row[key].split(";"))) for key in ("present", "grey"))
    return LabelledRun(
        curve=curve,
        present=present,
        grey=grey,
        cluster=row["owner_repo"],
        not_a_loss=row["not_a_loss"] == "1",
        onsets={},
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Score the released model on the logs in FOLDER and write `docs/wild.md` and its block of the README."""
    rows = list(csv.DictReader(LOGS.read_text(encoding="utf-8").splitlines()))
    runs, unread = [], ["| log | why |", "| --- | --- |"]
    for row in rows:
        try:
            runs.append(labelled(row, log_of(folder, row)))
        except CurvedxError as error:
            why = str(error).partition(": ")[2].replace("|", "\\|")
            unread.append(f"| {row['owner_repo']}, `{row['path']}` | {why} |")
    full, main_lines, misjudged = results(runs)
    fill(TOP / "README.md", "wild results", "\n".join(main_lines))
    page = PAGE.format(
        kept=len(rows),
        model=model().title,
        results=full.rstrip(),
        misjudged=misjudged,
        unread="\n".join(unread),
    )
    (TOP / "docs" / "wild.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
