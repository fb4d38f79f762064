"""`curvedx atlas`: the clickable page of patterns."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("atlas")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.html",
    help="The page: one file, which works offline.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed shows other runs.")
def atlas_command(*, out: Path, seed: int) -> None:
    """Write a page to look patterns up by eye.

    Each pattern is drawn, with sliders that move what makes it, beside the curves it is mistaken for, with its causes,
    checks and fixes. Takes about a quarter of a minute. Needs the extra 'train'.

    \b
    Example:
      curvedx atlas --out atlas.html
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.show.atlas import write_atlas  # noqa: PLC0415 - start-up stays light

    write_atlas(out, seed=seed, progress=lambda name: click.echo(name, err=True))
    click.echo(out)
