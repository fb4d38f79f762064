"""The frame of a self-contained HTML page: it works offline, without a script, on light and dark screens."""

from __future__ import annotations

from html import escape

_STYLE = """
:root{color-scheme:light dark;--edge:#d0d0d0;--ink:#1b1b1b;--paper:#fff;--bad:#b3261e;--warn:#8a5a00;--good:#00664a}
@media (prefers-color-scheme:dark){:root{--edge:#444;--ink:#e6e6e6;--paper:#161616;--bad:#ff8a80;--warn:#f0b95b;
--good:#5fd3a8}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:56rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2em}h2{font-size:1.15rem;margin-top:2em}
"""


def opening(title: str, style: str) -> str:
    """Write all that stands before the content: head, style and heading."""
    said = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{said}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}{style}</style></head><body><h1>{said}</h1>"
    )


CLOSING = "</body></html>\n"
"""All that stands behind the content."""
