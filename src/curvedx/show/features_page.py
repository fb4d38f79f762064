"""The table of docs/features.md, from `features/settings.toml`.

``python -m curvedx.show.features_page docs/features.md`` writes it anew between its two markers.
"""

from __future__ import annotations

from pathlib import Path

import click

from curvedx.features.settings import columns, reasons

BEGIN, END = "<!-- views: begin -->", "<!-- views: end -->"


def table() -> str:
    """Return one row a view: its name, why it is measured, and the features taken of it."""
    rows = ["| view | why | features |", "| --- | --- | --- |"]
    for view, reason in reasons().items():
        names = [column.name.removeprefix(f"{view}__") for column in columns() if column.view == view]
        rows.append(f"| `{view}` | {reason} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join(rows)


def renewed(page: str) -> str:
    """Return a page with the table between its markers renewed.

    Raises
    ------
    ValueError
        If the page has not both markers.
    """
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}; put them where the table belongs")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


@click.command()
@click.argument("page", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(page: Path) -> None:
    """Renew the table of PAGE."""
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
