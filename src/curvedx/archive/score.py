"""Judge every run of an archive, a batch at a time; one bad run never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Unpack

from curvedx.archive.discover import discover
from curvedx.curve import Curve
from curvedx.diagnosis.result import Diagnosis
from curvedx.errors import CurvedxError, ModelError, NoLossError
from curvedx.objectives import Expectations, Known


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One run of an archive: judged, or the reason why not."""

    run: str
    """The run's name; where it could not be read, the name of its file."""
    source: Path
    """The file or directory it was read from."""
    diagnosis: Diagnosis | None
    """None where it could not be read or judged."""
    error: str | None
    """Why there is no diagnosis."""
    is_run: bool = True
    """False for a table or text without a loss: found while looking for runs, but not one."""

    @property
    def where(self) -> str:
        """Path, and the run's name where the path does not say it."""
        said = self.run in self.source.parts or self.run == self.source.stem
        return str(self.source) if said else f"{self.source}: {self.run}"


def score(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    model: str | PathLike[str] | None = None,
    batch: int = 256,
    on_progress: Callable[[int], None] | None = None,
    **known: Unpack[Known],
) -> Iterator[Scored]:
    """Judge every run under the paths.

    Parameters
    ----------
    paths
        One or more directories or files.
    model
        Folder of a model; None for the one that is shipped.
    batch
        How many runs are judged, and held in memory, at a time.
    on_progress
        Called with the number of runs done so far, after each batch.
    **known
        What is known of every run, as `classify_curve` takes it: ``objective="GRPO"``.

    Yields
    ------
    Scored
        One for every run and every file that could not be read, in the order in which they were found.

    Raises
    ------
    ReadError
        If one of the paths does not exist.
    ModelError
        If the model cannot be used; without it there is nothing to say about any run.
    CurvedxError
        If what is known cannot be meant.
    """
    # Said once and first: below, an error is that of one run.
    Expectations(**known)
    roots = [paths] if isinstance(paths, str | PathLike) else list(paths)
    waiting: list[tuple[Path, Curve | Scored]] = []
    done = 0
    for source in dict.fromkeys(source for root in roots for source in discover(root)):
        waiting += [(source, found) for found in _read(source)]
        if len(waiting) >= batch:
            yield from _judge(waiting, model, known)
            done += _runs(waiting)
            waiting = []
            if on_progress:
                on_progress(done)
    yield from _judge(waiting, model, known)
    if on_progress and waiting:
        on_progress(done + _runs(waiting))


def _runs(found: list[tuple[Path, Curve | Scored]]) -> int:
    return sum(isinstance(one, Curve) or one.is_run for _, one in found)


def _read(source: Path) -> list[Curve | Scored]:
    from curvedx.readers import read_runs  # noqa: PLC0415 - finding runs needs no parser

    try:
        return list(read_runs(source))
    except NoLossError as error:
        return [_failed(source.name, source, error, is_run=False)]
    except Exception as error:  # a damaged file must not end the scoring of ten thousand others
        return [_failed(source.name, source, error)]


def _judge(waiting: list[tuple[Path, Curve | Scored]], model: str | PathLike[str] | None, known: Known) -> list[Scored]:
    from curvedx.diagnosis.classify import classify_curves  # noqa: PLC0415 - the runtime only where runs are judged

    curves = [found for _, found in waiting if isinstance(found, Curve)]
    try:
        judged: list[Diagnosis | Exception] = list(classify_curves(curves, model=model, **known)) if curves else []
    except ModelError:
        raise
    except Exception:  # which run it was is found out below
        judged = [_alone(curve, model, known) for curve in curves]
    answers = iter(judged)
    return [found if isinstance(found, Scored) else _scored(source, found, next(answers)) for source, found in waiting]


def _alone(curve: Curve, model: str | PathLike[str] | None, known: Known) -> Diagnosis | Exception:
    from curvedx.diagnosis.classify import classify_curve  # noqa: PLC0415 - as above

    try:
        return classify_curve(curve, model=model, **known)
    except Exception as error:
        return error


def _scored(source: Path, curve: Curve, answer: Diagnosis | Exception) -> Scored:
    if isinstance(answer, Exception):
        return _failed(curve.name, source, answer)
    return Scored(run=curve.name, source=source, diagnosis=answer, error=None)


def _failed(run: str, source: Path, error: Exception, *, is_run: bool = True) -> Scored:
    said = str(error) if isinstance(error, CurvedxError) else f"{source}: {type(error).__name__}: {error}"
    return Scored(run=run, source=source, diagnosis=None, error=said, is_run=is_run)
