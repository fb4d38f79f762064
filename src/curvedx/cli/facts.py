"""`curvedx patterns` and `curvedx formats`: what is known."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from curvedx.cli.shared import echo_json

if TYPE_CHECKING:
    from curvedx.catalogue import Pattern


@click.command("patterns")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def patterns_command(name: str | None, as_json: bool) -> None:
    """List the patterns, or explain the one called NAME.

    \b
    Examples:
      curvedx patterns
      curvedx patterns loss_spikes
    """  # noqa: D301 - click's mark for a block left as it is
    from curvedx.catalogue import patterns  # noqa: PLC0415 - start-up stays light
    from curvedx.show.catalogue_text import render_list, render_pattern  # noqa: PLC0415 - as above

    known = patterns()
    if name is None:
        chosen = list(known.values())
    elif name.replace("-", "_") in known:
        chosen = [known[name.replace("-", "_")]]
    else:
        raise click.UsageError(f"no pattern {name!r}; known are {', '.join(known)}")
    if as_json:
        data = [_as_dict(pattern) for pattern in chosen]
        echo_json(data if name is None else data[0])
    else:
        click.echo(render_list(chosen) if name is None else render_pattern(chosen[0]))


def _as_dict(pattern: Pattern) -> dict[str, Any]:
    said = asdict(replace(pattern, ranges=dict(pattern.ranges), fewest=dict(pattern.fewest)))
    for row in (*said["causes"], *said["look_alikes"]):
        # These two speak of a run, and here is none.
        del row["moved"], row["because"]
    return said


@click.command("formats")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def formats_command(as_json: bool) -> None:
    """List the log formats that are recognised.

    A name goes to `curvedx classify --format`.
    """
    from curvedx.readers import formats  # noqa: PLC0415 - start-up stays light

    rows = [
        {"name": known.name, "title": known.title, "patterns": list(known.patterns), "reads": known.reads}
        for known in formats()
    ]
    if as_json:
        echo_json(rows)
        return
    width = max(len(str(row["name"])) for row in rows) + 2
    for row in rows:
        click.echo(f"{row['name']:<{width}}{row['title']} ({', '.join(row['patterns'])})")
        for line in textwrap.wrap(str(row["reads"]), 100 - width):
            click.echo(" " * width + line)
