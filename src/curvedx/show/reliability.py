"""A reliability diagram: what was said against what came true, as a small SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from curvedx.show.svg import TRAIN

_WIDTH, _LEFT, _TOP, _SIDE, _COUNTS = 330.0, 52.0, 14.0, 250.0, 46.0
_BOTTOM = _TOP + _SIDE

Bin = Mapping[str, Any]
"""What was ``said`` and what came ``true`` on average; where known also the bin's ``low``, ``high`` and ``count``."""


def diagram(bins: Sequence[Bin], *, said: str, true: str, alone: bool = False) -> str:
    """Draw the bins; those that are calibrated lie on the diagonal.

    Parameters
    ----------
    bins
        In the order of what was said; where they have counts, these stand below as bars.
    said, true
        What the two axes are called.
    alone
        Whether it is a file of its own, with a ground of its own, rather than part of a page.
    """
    counted = all("count" in one for one in bins)
    height = _BOTTOM + 36.0 + (_COUNTS + 14.0 if counted else 0.0)
    points = [(_x(one["said"]), _y(one["true"])) for one in bins]
    parts = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" style="fill:none;stroke:currentColor;'
        'opacity:.4"/>',
        f'<line x1="{_LEFT}" y1="{_BOTTOM}" x2="{_LEFT + _SIDE}" y2="{_TOP}" style="stroke:currentColor;opacity:.4;'
        'stroke-dasharray:4 4"/>',
        f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" style="fill:none;stroke:{TRAIN};'
        'stroke-width:2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill:{TRAIN}"/>' for x, y in points),
        *(_text(_LEFT - 6, _y(at) + 4, f"{at:g}", "end") for at in (0.0, 0.5, 1.0)),
        *(_text(_x(at), _BOTTOM + 15, f"{at:g}", "middle") for at in (0.0, 0.5, 1.0)),
        _text(_LEFT + _SIDE / 2, _BOTTOM + 30, said, "middle"),
        f'<g transform="translate(14 {_TOP + _SIDE / 2}) rotate(-90)">{_text(0, 0, true, "middle")}</g>',
    ]
    if counted:
        parts += _bars(bins, height - 2.0)
    size = f'viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(f"{true} against {said}")}"'
    if alone:
        own = f'xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:.0f}" height="{height:.0f}"'
        look = "color:#1b1b1b;background:#fff;font:12px sans-serif"
    else:
        own, look = "", f"width:100%;max-width:{_WIDTH:.0f}px;height:auto;font:12px sans-serif"
    return f'<svg {own} {size} style="{look}">{"".join(parts)}</svg>'


def _bars(bins: Sequence[Bin], floor: float) -> list[str]:
    most = max((one["count"] for one in bins), default=1)
    parts = []
    for one in bins:
        left, right, tall = _x(one["low"]), _x(one["high"]), max(1.0, (_COUNTS - 14.0) * one["count"] / most)
        bar = f'x="{left + 1:.1f}" y="{floor - tall:.1f}" width="{right - left - 2:.1f}" height="{tall:.1f}"'
        parts.append(f'<rect {bar} style="fill:{TRAIN};opacity:.6"/>')
        parts.append(_text((left + right) / 2, floor - tall - 3, str(one["count"]), "middle", size=9))
    return parts


def _x(share: float) -> float:
    return _LEFT + _SIDE * share


def _y(share: float) -> float:
    return _BOTTOM - _SIDE * share


def _text(x: float, y: float, said: str, anchor: str, size: int = 12) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="currentColor">{escape(said)}</text>'
