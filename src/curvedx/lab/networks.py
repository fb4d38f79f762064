"""The networks that are more than a stack of linear layers, each small enough for a few milliseconds a step."""

from __future__ import annotations

import torch
from torch import nn

from curvedx.lab.tasks import BYTES, Tensor, mlp

WINDOW = 32
"""Bytes that a language model sees at once."""


class Network(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The base of all, so that torch's missing types are excused once."""


def cnn(classes: int = 10) -> nn.Module:
    """Build two convolutions and a linear layer for rows of 64 pixels."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * 16, classes),
    )  # fmt: skip


class ByteGpt(Network):
    """A transformer decoder on bytes; logits come as (batch, byte, place), as cross entropy wants them."""

    def __init__(self, width: int = 48, depth: int = 2) -> None:
        super().__init__()
        self.symbols = nn.Embedding(BYTES, width)
        self.places = nn.Parameter(0.02 * torch.randn(WINDOW, width))
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])
        self.head = nn.Linear(width, BYTES)

    def forward(self, x: Tensor) -> Tensor:
        """Predict the byte after each."""
        hidden = self.symbols(x) + self.places[: x.shape[1]]
        return self.head(self.blocks(hidden)).transpose(1, 2)


class Block(Network):
    """Causal attention with four heads, then two linear layers; normalised before each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = mlp(width, 4 * width, width, activation=nn.GELU)

    def forward(self, hidden: Tensor) -> Tensor:
        """Attend, then think."""
        rows, places, width = hidden.shape
        heads = self.mix(self.first(hidden)).view(rows, places, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(*heads, is_causal=True)
        hidden = hidden + self.join(seen.transpose(1, 2).reshape(rows, places, width))
        return hidden + self.think(self.second(hidden))


class ByteGru(Network):
    """A gated recurrent network on bytes; logits come as (batch, byte, place)."""

    def __init__(self, width: int = 24, hidden: int = 48) -> None:
        super().__init__()
        self.symbols = nn.Embedding(BYTES, width)
        self.memory = nn.GRU(width, hidden, batch_first=True)
        self.head = nn.Linear(hidden, BYTES)

    def forward(self, x: Tensor) -> Tensor:
        """Predict the byte after each."""
        return self.head(self.memory(self.symbols(x))[0]).transpose(1, 2)


class Vae(Network):
    """A variational autoencoder for rows of 64 pixels with a Gaussian likelihood of learned width."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp(64, 48, 16), mlp(8, 48, 64)
        self.log_sigma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return a pixel's share of the negative evidence lower bound, row by row."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        error = (x - self.decoder(code)) / self.log_sigma.exp()
        likelihood = (error.square() / 2 + self.log_sigma).sum(dim=1)
        divergence = (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1) / 2
        return (likelihood + divergence) / 64


class Denoiser(Network):
    """Predict the noise that was mixed into an image, at a random strength that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.net = mlp(65, 128, 128, 64, activation=nn.GELU)

    def forward(self, x: Tensor) -> Tensor:
        """Return the error of the prediction."""
        place = torch.rand(len(x), 1)
        angle = place * torch.pi / 2
        noise = torch.randn_like(x)
        mixed = angle.cos() * (2 * x - 1) + angle.sin() * noise
        return self.net(torch.cat([mixed, place], dim=1)) - noise


class Oscillator(Network):
    """A physics-informed network: how far it is from a damped oscillator, at the times given, and at its start."""

    def __init__(self, stiffness: float = 20.0, damping: float = 1.0) -> None:
        super().__init__()
        self.net = mlp(1, 32, 32, 1, activation=nn.Tanh)
        self.stiffness, self.damping = stiffness, damping

    def forward(self, x: Tensor) -> Tensor:
        """Return the residual of the equation and, weighted, of position 1 and speed 0 at time 0."""
        with torch.enable_grad():
            time = torch.cat([torch.zeros(1, 1), x]).requires_grad_()
            position = self.net(time)
            (speed,) = torch.autograd.grad(position.sum(), time, create_graph=True)
            (force,) = torch.autograd.grad(speed.sum(), time, create_graph=True)
        residual = (force + self.damping * speed + self.stiffness * position) / self.stiffness
        start = torch.stack([position[0] - 1, speed[0]]) * len(x) ** 0.5
        return torch.cat([residual[1:], start])


class Siamese(Network):
    """The distance between the embeddings of two images that lie side by side in a row."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Embed both and return how far they are apart."""
        left, right = (nn.functional.normalize(self.body(part), dim=1) for part in x.chunk(2, dim=1))
        return (left - right).square().sum(dim=1)


class Summed(Network):
    """One embedding for both numbers, added, and two layers on top."""

    def __init__(self, p: int, width: int = 48, hidden: int = 128) -> None:
        super().__init__()
        self.numbers = nn.Embedding(p, width)
        self.think = mlp(width, hidden, p)

    def forward(self, x: Tensor) -> Tensor:
        """Predict the result."""
        return self.think(self.numbers(x).sum(dim=1))


class Recall(Network):
    """An embedding for each name, of a spread that lets one pass move it, and two layers on top."""

    def __init__(self, names: int, classes: int, width: int = 24) -> None:
        super().__init__()
        self.names = nn.Embedding(names, width)
        nn.init.normal_(self.names.weight, std=0.5)
        self.think = mlp(width, 64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Name the class."""
        return self.think(self.names(x))


def with_dropout(model: nn.Module, share: float) -> nn.Module:
    """Put dropout behind every activation and embedding of a network, in place, and return it."""
    for name, part in model.named_children():
        if isinstance(part, nn.ReLU | nn.GELU | nn.Tanh | nn.Embedding):
            setattr(model, name, nn.Sequential(part, nn.Dropout(share)))
        else:
            with_dropout(part, share)
    return model
