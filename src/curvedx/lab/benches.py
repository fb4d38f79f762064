"""What the campaign trains: each bench is a task with one architecture and the recipe that suits them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

from curvedx.lab import networks, tasks
from curvedx.lab.faults import mislabelled
from curvedx.lab.loop import Recipe
from curvedx.lab.tasks import BYTES, Split, Task, Tensor, mlp


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A task with an architecture."""

    make: Callable[[int], Task]
    """The task, its data split by a seed."""
    recipe: Recipe
    """What trains it well: the healthy run that conditions start from."""
    sgd: float
    """The learning rate at which SGD with momentum trains it well."""


def identity(output: Tensor, y: Tensor) -> Tensor:  # noqa: ARG001
    """Average what the network gives as its loss already."""
    return output.mean()


def squares(output: Tensor, y: Tensor) -> Tensor:  # noqa: ARG001
    """Average the squares of what the network gives as its error."""
    return output.square().mean()


def gaussian(output: Tensor, y: Tensor) -> Tensor:
    """Return the negative log-likelihood of y under a normal distribution of the mean and log width given."""
    mean, log_sigma = output.chunk(2, dim=1)
    return (((y - mean) / log_sigma.exp()).square() / 2 + log_sigma).mean()


def margin(output: Tensor, y: Tensor) -> Tensor:
    """Return the contrastive loss of distances: alike pairs together, others at least 1 apart."""
    return torch.where(y == 1, output, (1 - output).clamp(min=0)).mean()


def digits_deep(seed: int) -> Task:
    """Read digits through eight sigmoid layers."""
    return replace(tasks.digits(seed=seed), model=lambda: mlp(64, *[32] * 8, 10, activation=nn.Sigmoid))


def digits_noisy(seed: int) -> Task:
    """Read digits with a linear layer, three labels in ten drawn at random: what is left is a floor of noise."""
    task = replace(tasks.digits(seed=seed), model=lambda: mlp(64, 10))
    return mislabelled(task, share=0.3, classes=10, seed=seed)


def autoencoder(seed: int) -> Task:
    """Squeeze digits through eight numbers."""
    return _own_target(tasks.digits(seed=seed), lambda: mlp(64, 48, 8, 48, 64), nn.functional.mse_loss)


def _own_target(task: Task, model: Callable[[], nn.Module], loss: Callable[[Tensor, Tensor], Tensor]) -> Task:
    sides = (Split(x=side.x, y=side.x) for side in (task.train, task.val))
    return Task(name="digits", train=next(sides), val=next(sides), model=model, loss=loss)


def wave(seed: int) -> Task:
    """Tell the distribution of a noisy wave: mean and width at each place."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (900, 1))
    y = np.sin(5 * x) + (0.02 + 0.08 * (x > 0)) * rng.standard_normal(x.shape)
    return _table(x, y, 700, lambda: mlp(1, 48, 48, 2, activation=nn.Tanh), gaussian)


def chirp(seed: int) -> Task:
    """Fit a smooth function without noise, whose loss falls over many decades."""
    x = np.random.default_rng(seed).uniform(-1, 1, (384, 1))
    y = np.sin(4 * x + 2 * x**2)
    return _table(x, y, 256, lambda: mlp(1, 32, 32, 1, activation=nn.Tanh), nn.functional.mse_loss)


def oscillator(seed: int) -> Task:
    """Solve the equation of a damped oscillator over two units of time."""
    times = np.random.default_rng(seed).uniform(0, 2, (192, 1))
    return _table(times, times, 128, networks.Oscillator, squares)


def spectrum(seed: int, *, loud: int, rows: int, hidden: int = 0) -> Task:
    """Regress on many loud features and a few faint ones: noise in the first is fitted before the second are learned.

    The validation loss then falls, rises and falls again (Heckel and Yilmaz, "Early stopping in deep networks: double
    descent and how to eliminate it", section 2). With `hidden` the linear model has two layers.
    """
    rng = np.random.default_rng(seed)
    counts, sizes, scales = (loud, 30), (2.5, 1.8), (1.0, 0.18)
    blocks = [rng.standard_normal((rows + 300, count)) for count in counts]
    y = 0.3 * rng.standard_normal(rows + 300)
    for block, count, size in zip(blocks, counts, sizes, strict=True):
        y += size * block @ rng.standard_normal(count) / np.sqrt(count)
    x = np.concatenate([scale * block for block, scale in zip(blocks, scales, strict=True)], axis=1)
    model = lambda: mlp(x.shape[1], *[hidden] * bool(hidden), 1, activation=nn.Identity)  # noqa: E731 - a factory
    return _table(x, y[:, None], rows, model, nn.functional.mse_loss)


def cancer(seed: int, *, deep: bool = False) -> Task:
    """Tell malign from benign by thirty measurements."""
    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    order = np.random.default_rng(seed).permutation(len(y))
    layers = [24] * 10 if deep else [32]
    model = lambda: mlp(30, *layers, 2, activation=nn.Sigmoid if deep else nn.ReLU)  # noqa: E731 - a factory
    return _table(x[order], y[order], 400, model, nn.functional.cross_entropy)


def _table(
    x: object, y: object, rows: int, model: Callable[[], nn.Module], loss: Callable[[Tensor, Tensor], Tensor]
) -> Task:
    xs, ys = torch.tensor(np.asarray(x, dtype=np.float32)), torch.tensor(np.asarray(y))
    ys = ys.float() if ys.is_floating_point() else ys
    return Task(
        name="table", train=Split(x=xs[:rows], y=ys[:rows]), val=Split(x=xs[rows:], y=ys[rows:]), model=model, loss=loss
    )


def characters(seed: int) -> Task:
    """Predict the next byte from the twelve before it, validated on places all over the manual."""
    task = tasks.characters(size=300_000)
    x, y = torch.cat([task.train.x, task.val.x]), torch.cat([task.train.y, task.val.y])
    order = torch.tensor(np.random.default_rng(seed).permutation(len(x)))
    train, val = order[:120_000], order[120_000:][:2000]
    return replace(task, train=Split(x=x[train], y=y[train]), val=Split(x=x[val], y=y[val]))


def text(model: Callable[[], nn.Module]) -> Callable[[int], Task]:
    """Predict each next byte of the manual; the seed chooses where the text begins."""

    def make(seed: int) -> Task:
        rows = tasks.windows(tasks.manual(400_000)[seed % 7 * 20_000 :], networks.WINDOW + 1, networks.WINDOW)
        # Its chapters differ too much for one of them to validate the others.
        rows = rows[np.random.default_rng(seed).permutation(len(rows))]
        cut = len(rows) * 9 // 10
        held_out = rows[cut:][:128]
        return Task(
            name="manual",
            train=Split(x=rows[:cut, :-1], y=rows[:cut, 1:]),
            val=Split(x=held_out[:, :-1], y=held_out[:, 1:]),
            model=model,
        )

    return make


def multiplication(seed: int, *, p: int = 47, share: float = 0.32) -> Task:
    """Predict ``a * b mod p`` from the sum of two embeddings, so that the order of a and b cannot matter."""
    task = tasks.modular_addition(p, share=share, seed=seed)
    train, val = (Split(x=side.x, y=side.x.prod(dim=1) % p) for side in (task.train, task.val))
    return replace(task, train=train, val=val, model=lambda: networks.Summed(p))


def recall(seed: int, *, rows: int = 5000, classes: int = 8) -> Task:
    """Remember which class each of many names has been given: every row is a name of its own, met once in a pass."""
    rng = np.random.default_rng(seed)
    names = torch.arange(rows)
    y = torch.tensor(rng.integers(classes, size=rows))
    strangers = torch.arange(rows, rows + 200)
    return Task(
        name="recall",
        train=Split(x=names, y=y),
        val=Split(x=strangers, y=torch.tensor(rng.integers(classes, size=200))),
        model=lambda: networks.Recall(rows + 200, classes),
    )


def half_of_digits(seed: int, *, upper: bool) -> Task:
    """Tell the lower or the upper five digits apart, with all ten outputs."""
    task = replace(tasks.digits(seed=seed), model=networks.cnn)
    sides = [Split(x=s.x[kept], y=s.y[kept]) for s in (task.train, task.val) for kept in [(s.y > 4) == upper]]
    return replace(task, train=sides[0], val=sides[1])


def pairs(seed: int) -> Task:
    """Tell whether two digits are the same, with a body that has learned to tell five digits apart."""
    torch.manual_seed(seed)
    known = half_of_digits(seed, upper=False)
    body = mlp(64, 64, 32)
    head = nn.Linear(32, 10)
    optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=3e-3)
    for _ in range(100):
        rows = torch.randint(len(known.train), (64,))
        loss = nn.functional.cross_entropy(head(body(known.train.x[rows]).relu()), known.train.y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    learned = {name: value.clone() for name, value in body.state_dict().items()}

    def pretrained() -> nn.Module:
        fresh = mlp(64, 64, 32)
        fresh.load_state_dict(learned)
        return networks.Siamese(fresh)

    whole = tasks.digits(seed=seed)
    rng = np.random.default_rng(seed)
    train, val = (_paired(side, rng, count) for side, count in ((whole.train, 3000), (whole.val, 600)))
    return Task(name="pairs", train=train, val=val, model=pretrained, loss=margin)


def _paired(side: Split, rng: np.random.Generator, count: int) -> Split:
    left, right = torch.tensor(rng.integers(len(side), size=(2, 8 * count)))
    same = side.y[left] == side.y[right]
    kept = torch.cat([same.nonzero()[: count // 3], (~same).nonzero()[: count - count // 3]])[:, 0]
    kept = kept[torch.tensor(rng.permutation(len(kept)))]
    return Split(x=torch.cat([side.x[left[kept]], side.x[right[kept]]], dim=1), y=same[kept].long())


BENCHES: Mapping[str, Bench] = MappingProxyType(
    {
        "digits-mlp": Bench(
            make=lambda seed: tasks.digits(seed=seed), recipe=Recipe(steps=1000, lr=1e-3, batch=64), sgd=0.03
        ),
        "digits-cnn": Bench(
            make=lambda seed: replace(tasks.digits(seed=seed), model=networks.cnn),
            recipe=Recipe(steps=800, lr=1e-3, batch=48),
            sgd=0.02,
        ),
        "digits-linear": Bench(
            make=digits_noisy, recipe=Recipe(steps=10_000, lr=0.8, batch=8, optimizer="sgd"), sgd=0.1
        ),
        "digits-deep-sigmoid": Bench(make=digits_deep, recipe=Recipe(steps=800, lr=1e-3, batch=128), sgd=0.1),
        "cancer-deep-sigmoid": Bench(
            make=lambda seed: cancer(seed, deep=True), recipe=Recipe(steps=800, lr=1e-3, batch=128), sgd=0.1
        ),
        "cancer-mlp": Bench(make=cancer, recipe=Recipe(steps=600, lr=3e-4), sgd=0.01),
        "diabetes-mlp": Bench(
            make=lambda seed: tasks.diabetes(seed=seed), recipe=Recipe(steps=500, lr=1e-3, batch=64), sgd=0.003
        ),
        "autoencoder-mlp": Bench(make=autoencoder, recipe=Recipe(steps=1200, lr=2e-3), sgd=0.3),
        "vae-mlp": Bench(
            make=lambda seed: _own_target(tasks.digits(seed=seed), networks.Vae, identity),
            recipe=Recipe(steps=1500, lr=4e-3, batch=64),
            sgd=0.02,
        ),
        "denoising-mlp": Bench(
            make=lambda seed: _own_target(tasks.digits(seed=seed), networks.Denoiser, squares),
            recipe=Recipe(steps=1200, lr=1e-3, batch=64),
            sgd=0.1,
        ),
        "manual-mlp": Bench(
            make=characters,
            recipe=Recipe(steps=1200, lr=2e-3, batch=64),
            sgd=0.1,
        ),
        "manual-transformer": Bench(make=text(networks.ByteGpt), recipe=Recipe(steps=600, lr=3e-3, batch=8), sgd=0.05),
        "manual-gru": Bench(make=text(networks.ByteGru), recipe=Recipe(steps=500, lr=1e-2, batch=8), sgd=0.5),
        "addition-mlp": Bench(
            make=lambda seed: tasks.modular_addition(47, share=0.4, width=32, hidden=128, seed=seed),
            recipe=Recipe(steps=1800, lr=1e-2, batch=None, weight_decay=1.0),
            sgd=0.5,
        ),
        "digits-permuted-mlp": Bench(
            make=lambda seed: tasks.digits(seed=seed), recipe=Recipe(steps=900, lr=1e-3), sgd=0.03
        ),
        "digits-halves-cnn": Bench(
            make=lambda seed: half_of_digits(seed, upper=False), recipe=Recipe(steps=600, lr=1e-3), sgd=0.02
        ),
        "multiplication-summed": Bench(
            make=multiplication, recipe=Recipe(steps=1500, lr=1e-2, batch=None, weight_decay=1.0), sgd=0.5
        ),
        "recall-embedding": Bench(make=recall, recipe=Recipe(steps=470, lr=1e-2, batch=128, passes=True), sgd=0.1),
        "rows-mlp": Bench(
            make=lambda seed: tasks.random_pairs(rows=1200, width=256, seed=seed),
            recipe=Recipe(steps=600, lr=1e-3, batch=16),
            sgd=0.02,
        ),
        "wave-density": Bench(make=wave, recipe=Recipe(steps=1500, lr=3e-3, batch=64), sgd=0.001),
        "chirp-mlp": Bench(make=chirp, recipe=Recipe(steps=2500, lr=3e-3, batch=None), sgd=0.05),
        "oscillator-physics": Bench(make=oscillator, recipe=Recipe(steps=1500, lr=5e-3, batch=None), sgd=0.01),
        "spectrum-linear": Bench(
            make=lambda seed: spectrum(seed, loud=200, rows=257),
            recipe=Recipe(steps=5000, lr=0.01, batch=None, optimizer="sgd"),
            sgd=0.001,
        ),
        "spectrum-two-layers": Bench(
            make=lambda seed: spectrum(seed, loud=150, rows=197, hidden=48),
            recipe=Recipe(steps=4000, lr=0.003, batch=None, optimizer="sgd"),
            sgd=0.0003,
        ),
        "pairs-siamese": Bench(make=pairs, recipe=Recipe(steps=600, lr=5e-4), sgd=0.02),
    }
)
"""Every bench that is trained by steps; `boosting` has those that grow trees."""

CLASSES: Mapping[str, int] = MappingProxyType(
    {
        "digits-mlp": 10,
        "digits-linear": 10,
        "digits-cnn": 10,
        "digits-deep-sigmoid": 10,
        "cancer-mlp": 2,
        "cancer-deep-sigmoid": 2,
        "manual-mlp": BYTES,
        "manual-transformer": BYTES,
        "manual-gru": BYTES,
        "digits-permuted-mlp": 10,
        "digits-halves-cnn": 10,
        "addition-mlp": 47,
        "multiplication-summed": 47,
        "recall-embedding": 8,
        "rows-mlp": 10,
        "pairs-siamese": 2,
    }
)
"""How many classes the labels of a bench have; the others predict numbers."""
