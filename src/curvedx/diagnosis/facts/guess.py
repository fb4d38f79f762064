"""What a run was trained for, guessed from the names of its metrics."""

from __future__ import annotations

from functools import lru_cache

from curvedx.objectives import objectives


@lru_cache(maxsize=256)
def guess(names: tuple[str, ...]) -> tuple[str, str] | None:
    """Guess the objective of a run from what it logged.

    Parameters
    ----------
    names
        Names of the channels that are not judged, as they were logged: ``"train/rewards/margins"``.

    Returns
    -------
    objective, metric
        The first objective of `synth/objectives.toml` one of whose groups of metrics was logged in full, and the first
        metric of that group; None where no name gives anything away.
    """
    from curvedx.readers.roles import plain  # noqa: PLC0415 - only where a log has names that are not judged

    logged: dict[str, str] = {}
    for name in names:
        words = plain(name).split("_")
        # A split or a group may stand before a metric: train/rewards/margins, val_accuracy.
        for first in range(len(words)):
            logged.setdefault("_".join(words[first:]), name)
    for objective in objectives():
        for group in objective.metrics:
            if all(metric in logged for metric in group):
                return objective.name, logged[group[0]]
    return None
