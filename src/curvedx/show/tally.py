"""The summary of an archive: how many runs are all right, which are worst, what could not be read."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator

from curvedx.catalogue import SEVERITIES
from curvedx.show import words
from curvedx.show.words import Report

_WORST = 10
_NAMED = 10


def gravity(report: Report) -> tuple[int, float]:
    """Order runs by how much they need a look: the gravest severity first, then the surest."""
    return SEVERITIES.index(report["severity"]), report["confidence"] or 0.0


class Tally:
    """Counts runs as they are judged; holds a bounded number of names however large the archive."""

    def __init__(self) -> None:
        self.labels: Counter[str] = Counter()
        """Runs by headline."""
        self.states: Counter[bool | None] = Counter()
        """Runs all right, not all right, and (None) not assessed."""
        self.strangers = 0
        """Files that hold no run."""
        self.unreadable = 0
        """Files that could not be read."""
        self._errors: list[str] = []
        self._worst: list[tuple[tuple[int, float], int, str]] = []

    @property
    def runs(self) -> int:
        """Runs that were judged, or found too short to be."""
        return self.states.total()

    def add(self, report: Report, source: str) -> None:
        """Count one run."""
        self.labels[report["label"]] += 1
        self.states[report["ok"]] += 1
        if report["ok"] is False:
            line = f"{report['severity']:<8} {_headline(report)}  {source}"
            # Of equal gravity the earlier stays: the count runs backwards.
            item = (gravity(report), -self.runs, line)
            (heapq.heappush if len(self._worst) < _WORST else heapq.heappushpop)(self._worst, item)

    def fail(self, error: str, *, is_run: bool = True) -> None:
        """Count one file that gave no run."""
        if not is_run:
            self.strangers += 1
            return
        self.unreadable += 1
        if len(self._errors) < _NAMED:
            self._errors.append(error)

    def sentence(self) -> str:
        """Say the numbers in one line."""
        parts = [f"{self.states[True]} all right"]
        parts += [f"{count} {what}" for state, what in _STATES.items() if (count := self.states[state])]
        said = f"{self.runs} run{'' if self.runs == 1 else 's'}: {', '.join(parts)}"
        if self.unreadable:
            said += f"; {self.unreadable} could not be read"
        if self.strangers:
            said += f"; {self.strangers} file{'' if self.strangers == 1 else 's'} without a loss passed over"
        return said

    def render(self) -> str:
        """Write the summary as text: counts for each headline, the worst runs, what could not be read."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.sentence()
        if self.labels:
            yield ""
            width = len(str(max(self.labels.values())))
            for name, count in self.labels.most_common():
                yield f"  {count:>{width}}  {words.label(name)}"
        if self._worst:
            yield ""
            yield "Worst first:"
            for _, _, line in sorted(self._worst, reverse=True):
                yield f"  {line}"
        if self._errors:
            yield ""
            yield "Could not be read:"
            for error in self._errors:
                yield f"  {error}"
            if self.unreadable > len(self._errors):
                yield f"  and {self.unreadable - len(self._errors)} more"


_STATES: dict[bool | None, str] = {False: "not all right", None: "not assessed"}


def _headline(report: Report) -> str:
    confidence = report["confidence"]
    sure = "" if confidence is None else f" {words.percent(confidence)}"
    return f"{words.label(report['label']) + sure:<32}"
