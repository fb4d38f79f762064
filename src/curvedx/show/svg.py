"""A run as a small inline SVG: no library, no script, light enough to put hundreds on one page."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.diagnosis.evidence import say_step
from curvedx.show.thin import broken, smooth, thin, wants_log
from curvedx.show.words import Report

TRAIN = "#0072B2"
VALIDATION = "#D55E00"
BROKEN = "#CC79A7"
"""Okabe and Ito's blue, vermillion and purple: told apart by every common kind of colour vision, on any ground."""

_WIDTH, _HEIGHT = 480.0, 170.0
_WIDEST = 640
"""Pixels at most. A picture less wide than that keeps its letters legible when a phone shows it at 400."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 10.0, 18.0, 20.0
_APART = 18.0
_POINTS = 600
_STRETCHES = 50


class _Frame:
    """Maps steps and losses to the picture."""

    def __init__(self, channels: list[Channel], *, log: bool) -> None:
        self.log = log
        steps = np.concatenate([c.steps for c in channels])
        values = np.concatenate([c.values for c in channels])
        finite = values[np.isfinite(values)]
        self.first, self.last = (float(steps.min()), float(steps.max())) if len(steps) else (0.0, 1.0)
        self.low, self.high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)

    def x(self, at: float) -> float:
        share = (at - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        at = math.log(value) if self.log else value
        # Halved so that the difference of two losses near the largest float does not overflow.
        share = (at / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    def line(self, channel: Channel, style: str) -> str:
        """Draw one polyline a finite stretch, so that a gap stays a gap."""
        steps, values = thin(channel, _POINTS)
        out = []
        for part in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(np.isfinite(values))) + 1):
            if not len(part) or not np.isfinite(values[part[0]]):
                continue
            points = [f"{self.x(steps[i]):.1f},{self.y(values[i]):.1f}" for i in part]
            if len(points) == 1:
                points *= 2
            out.append(f'<polyline points="{" ".join(points)}" style="{style}"/>')
        return "".join(out)


def sparkline(report: Report, curve: Curve) -> str:
    """Draw train and validation loss, the findings' beginnings by number, and where values are not finite.

    Parameters
    ----------
    report
        What `Diagnosis.to_dict` returned; its findings are numbered from 1.
    curve
        What was judged.
    """
    train, validation = curve[TRAIN_LOSS], curve.get(VAL_LOSS)
    drawn = [train] if validation is None else [train, validation]
    log = wants_log(drawn)
    frame = _Frame(drawn, log=log)
    line = "fill:none;stroke-linejoin:round;stroke-linecap:round;"
    trend = smooth(train, log=log)
    raw = "stroke-width:1;opacity:.5" if trend else "stroke-width:2"
    parts = [_axes(frame), frame.line(train, f"{line}stroke:{TRAIN};{raw}")]
    if trend:
        parts.append(frame.line(trend, f"{line}stroke:{TRAIN};stroke-width:2"))
    if validation is not None:
        parts.append(frame.line(validation, f"{line}stroke:{VALIDATION};stroke-width:2;stroke-dasharray:6 4"))
    parts += [_gap(frame, *stretch) for channel in drawn for stretch in broken(channel)[:_STRETCHES]]
    parts.append(_marks(frame, report["findings"]))
    said = escape(f"Loss of {report['name'] or 'this run'}, {'log' if log else 'linear'} axis")
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{said}" '
        f'style="width:100%;max-width:{_WIDEST}px;height:auto;font:11px sans-serif">{"".join(parts)}</svg>'
    )


def _axes(frame: _Frame) -> str:
    bottom = _HEIGHT - _BOTTOM
    ends = f"{_LEFT},{_TOP} {_LEFT},{bottom} {_WIDTH - _RIGHT},{bottom}"
    axes = f'<polyline points="{ends}" style="fill:none;stroke:currentColor;opacity:.4"/>'
    axes += _text(_LEFT - 5, _TOP + 8, f"{frame.high:.3g}", "end") + _text(_LEFT - 5, bottom, f"{frame.low:.3g}", "end")
    axes += _text(_LEFT, _HEIGHT - 6, f"step {say_step(frame.first)}", "start")
    return axes + _text(_WIDTH - _RIGHT, _HEIGHT - 6, say_step(frame.last), "end")


def _marks(frame: _Frame, findings: list[Report]) -> str:
    """Draw where each finding begins, by its number; numbers that would run into each other are written as one."""
    begun = sorted(
        ((frame.x(f["onset"]), number, f) for number, f in enumerate(findings, 1) if f["onset"] is not None),
        key=lambda mark: mark[:2],
    )
    style = "stroke:currentColor;stroke-dasharray:2 3;opacity:.8"
    parts: list[str] = []
    together: list[list[tuple[float, int]]] = []
    for x, number, finding in begun:
        line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" style="{style}"/>'
        parts.append(f"<g><title>{escape(finding['title'])}</title>{line}</g>")
        if together and x - together[-1][-1][0] < _APART:
            together[-1].append((x, number))
        else:
            together.append([(x, number)])
    for marks in together:
        middle = (marks[0][0] + marks[-1][0]) / 2
        parts.append(_text(middle, _TOP - 5, ", ".join(str(number) for _, number in marks), "middle"))
    return "".join(parts)


def _gap(frame: _Frame, first: float, last: float) -> str:
    x = frame.x(first)
    width = max(frame.x(last) - x, 3.0)
    return (
        f'<rect x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="5" fill="{BROKEN}"><title>not finite</title></rect>'
    )


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor" opacity=".8">{escape(said)}</text>'
    )
