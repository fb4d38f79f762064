"""Trackers that take what the real ones take and keep it, with the signatures of their own documentation."""

# ruff: noqa: ARG002 - the signatures are those of the real ones

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any


class WandbRun:
    """`wandb.Run`: one row a step; steps must not go back."""

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []

    def log(self, data: dict[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        at = self.history[-1]["_step"] + 1 if step is None and self.history else step or 0
        assert not self.history or at >= self.history[-1]["_step"], "wandb drops steps that go back"
        self.history.append({"_step": at, **data})


class Mlflow:
    """The module ``mlflow``."""

    def __init__(self) -> None:
        self.logged: list[tuple[str | None, str, float, int]] = []

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        raise AssertionError("one call a step is enough")

    def log_metrics(
        self,
        metrics: Mapping[str, float],
        step: int | None = None,
        synchronous: bool | None = None,
        run_id: str | None = None,
    ) -> None:
        self.logged += [(run_id, key, float(value), step or 0) for key, value in metrics.items()]


class MlflowClient:
    """`mlflow.tracking.MlflowClient`."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, str, float, int]] = []

    def log_metric(
        self, run_id: str, key: str, value: float, timestamp: int | None = None, step: int | None = None
    ) -> None:
        self.logged.append((run_id, key, value, step or 0))

    def get_metric_history(self, run_id: str, key: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(key=k, value=v, step=s) for r, k, v, s in self.logged if (r, k) == (run_id, key)]
