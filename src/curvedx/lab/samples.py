"""The sample logs of `data/logs`: which run makes which file. ``python -m curvedx.lab.samples --out data/logs``."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from pathlib import Path

import click

from curvedx.errors import CurvedxError, MissingExtraError


@dataclass(frozen=True)
class Sample:
    """One run: its name, the file or folder that its logger writes, and ``module:function`` of this room."""

    name: str
    path: str
    maker: str

    def make(self, out: Path) -> None:
        """Train the run and write its log below `out`.

        Raises
        ------
        MissingExtraError
            If its framework is not installed.
        """
        module, function = self.maker.split(":")
        try:
            makers = importlib.import_module(f"curvedx.lab.{module}")
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("curvedx"):
                raise
            raise MissingExtraError("lab", f"the sample {self.name} ({error.name})") from error
        target = out / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        getattr(makers, function)(target)


SAMPLES = (
    Sample("hf-healthy", "hf/healthy/trainer_state.json", "with_hf:healthy"),
    Sample("hf-overfitting", "hf/overfitting/trainer_state.json", "with_hf:overfitting"),
    Sample("hf-diverged", "hf/diverged/trainer_state.json", "with_hf:diverged"),
    Sample("hf-zero-rate", "hf/zero_rate/trainer_state.json", "with_hf:zero_rate"),
    Sample("hf-console", "text/hf_console.txt", "with_hf:console"),
    Sample("nanogpt", "text/nanogpt.txt", "plain:nanogpt"),
    Sample("tb-spikes", "tensorboard/spikes", "plain:spikes"),
    Sample("tb-step-decay", "tensorboard/step_decay", "plain:step_decay"),
    Sample("lightning-undertrained", "lightning/version_0/metrics.csv", "with_lightning:undertrained"),
    Sample("lightning-plateau", "lightning/version_1/metrics.csv", "with_lightning:plateau"),
    Sample("keras-dropout", "keras/dropout.csv", "with_keras:val_below_train"),
    Sample("keras-overfitting", "keras/overfitting_history.json", "with_keras:overfitting"),
    Sample("ultralytics", "ultralytics/results.csv", "detection:results"),
    Sample("two-tasks", "table/two_tasks.jsonl", "plain:forgetting"),
    Sample("dead-class", "table/dead_class.parquet", "plain:dead_class"),
    Sample("grokking", "table/grokking.csv", "plain:grokking"),
    Sample("small-batches", "table/small_batches.csv", "plain:small_batches"),
    Sample("unshuffled", "table/unshuffled.csv", "plain:unshuffled"),
    Sample("no-warmup", "table/no_warmup.csv", "plain:no_warmup"),
    Sample("vanishing", "table/vanishing.csv", "plain:vanishing"),
    Sample("leak", "table/leak.jsonl", "plain:leak"),
    Sample("resumed", "table/resumed.csv", "plain:resumed"),
    Sample("staircase", "table/staircase.jsonl", "plain:staircase"),
    Sample("restarts", "table/restarts.jsonl", "plain:restarts"),
)


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
@click.option("--only", type=click.Choice([s.name for s in SAMPLES]), multiple=True, help="Make these runs only.")
def main(out: Path, only: tuple[str, ...]) -> None:
    """Train every sample run again and write its log below OUT."""
    for sample in SAMPLES:
        if not only or sample.name in only:
            began = time.perf_counter()
            try:
                sample.make(out)
            except CurvedxError as error:
                raise click.ClickException(str(error)) from error
            click.echo(f"{sample.name}: {time.perf_counter() - began:.0f} s", err=True)


if __name__ == "__main__":
    main()
