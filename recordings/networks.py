"""The networks of `acoustic.classify`, trained with torch (the training extra) and exported as plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import KERNELS, LABELS, STRIDE, Layers, Rows
from acoustic.features import FEATURES, PICTURE_BANDS

Array = NDArray[np.float64]
CHANNELS, PICTURED = (32, 48, 48), 64
WIDTHS = (128, 64)  # of the dense networks
SIGHT_EPOCHS, NUMBER_EPOCHS, BATCH = 8, 10, 256
MIXED = 0.4  # both parameters of the beta distribution that two pictures are mixed by


def convolutional(seen: Rows, labels: NDArray[np.intp], seed: int) -> Layers:
    """A network of pictures (n, PICTURE_BANDS, frames), the same for the same seed.

    Half of the batches lack a few bands, and half are mixed in pairs (Zhang et al., mixup, 2018).
    """
    import torch  # only the training extra has it

    def altered(some: Any, truth: Any) -> tuple[Any, Any]:
        if torch.rand(1).item() < 0.5:
            low, wide = int(torch.randint(0, 26, (1,))), int(torch.randint(1, 7, (1,)))
            some[:, low : low + wide] = -1
        if torch.rand(1).item() < 0.5:
            share, other = torch.distributions.Beta(MIXED, MIXED).sample(), torch.randperm(len(some))
            some, truth = share * some + (1 - share) * some[other], share * truth + (1 - share) * truth[other]
        return some, truth

    _seeded(seed)
    net = in_torch()
    _fit(net, seen, labels, SIGHT_EPOCHS, 4e-3, 1e-2, altered)
    return exported(net)


def dense(rows: Rows, labels: NDArray[np.intp], seed: int) -> Layers:
    """A network of features (n, FEATURES) of mean 0 and deviation 1, the same for the same seed."""
    import torch

    _seeded(seed)
    net = dense_in_torch()
    _fit(net, rows, labels, NUMBER_EPOCHS, 3e-3, 3e-2, lambda some, truth: (some + 0.1 * torch.randn_like(some), truth))
    return plain(net)


def _seeded(seed: int) -> None:
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # sums in one order: the same bytes for the same seed


def _fit(
    net: Any,
    inputs: Rows,
    labels: NDArray[np.intp],
    epochs: int,
    rate: float,
    decay: float,
    altered: Callable[[Any, Any], tuple[Any, Any]],
) -> None:
    """Train a network, batch by batch of what `altered` makes of inputs and of the labels' odds."""
    import torch

    x, y = torch.from_numpy(inputs), torch.nn.functional.one_hot(torch.from_numpy(labels), len(LABELS)).float()
    optimiser = torch.optim.AdamW(net.parameters(), rate / 2, weight_decay=decay)
    batch = min(BATCH, len(x))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * (len(x) // batch))
    net.train()
    for _ in range(epochs):
        for part in torch.split(torch.randperm(len(x))[: len(x) // batch * batch], batch):
            some, truth = altered(x[part], y[part])
            loss = torch.nn.functional.cross_entropy(net(some), truth, label_smoothing=0.05)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    net.eval()


def dense_in_torch() -> Any:
    """A dense network of features, untrained."""
    from torch import nn

    first, second = WIDTHS
    hidden = nn.Linear(FEATURES, first), nn.ReLU(), nn.Dropout(0.3), nn.Linear(first, second), nn.ReLU()
    return nn.Sequential(*hidden, nn.Dropout(0.3), nn.Linear(second, len(LABELS)))


def in_torch() -> Any:
    """The network of `acoustic.classify.convolved`, untrained, for pictures (n, PICTURE_BANDS, frames)."""
    import torch
    from torch import nn

    class Pooled(nn.Module):
        """Mean and maximum over time."""

        def forward(self, x: Any) -> Any:
            return torch.cat([x.mean(2), x.amax(2)], 1)

    stack: list[nn.Module] = []
    channels = PICTURE_BANDS
    for size, wide in zip(KERNELS, CHANNELS, strict=True):
        stack += [nn.Conv1d(channels, wide, size, STRIDE, size // 2), nn.BatchNorm1d(wide), nn.ReLU()]
        channels = wide
    stack += [Pooled(), nn.Dropout(0.2), nn.Linear(2 * channels, PICTURED), nn.ReLU()]
    return nn.Sequential(*stack, nn.Dropout(0.2), nn.Linear(PICTURED, len(LABELS)))


def plain(net: Any) -> Layers:
    """What `dense_in_torch` built, as matrices."""
    return tuple(_plain(_array(m.weight).T, _array(m.bias)) for m in net if hasattr(m, "weight"))


def exported(net: Any) -> Layers:
    """What `in_torch` built, as matrices: the norms folded into the convolutions, channels last."""
    modules = [m for m in net if hasattr(m, "weight")]
    layers: list[tuple[Rows, Rows]] = []
    for convolution, norm in zip(modules[0 : 2 * len(KERNELS) : 2], modules[1 : 2 * len(KERNELS) : 2], strict=True):
        gain = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        weights = _array(convolution.weight).transpose(2, 1, 0).reshape(-1, len(gain))
        layers.append(
            _plain(weights * gain, (_array(convolution.bias) - _array(norm.running_mean)) * gain + _array(norm.bias))
        )
    layers += [_plain(_array(m.weight).T, _array(m.bias)) for m in modules[2 * len(KERNELS) :]]
    return tuple(layers)


def scaled(layers: Layers, mean: Rows, scale: Rows) -> Layers:
    """A network of features as they are, from one of features of mean 0 and deviation 1."""
    (weights, bias), *rest = layers
    folded = weights.astype(float) / scale[:, None]
    return _plain(folded[0], bias[0, 0] - mean @ folded[0]), *rest


def together(networks: list[Layers]) -> Layers:
    """Networks of one kind side by side."""
    return tuple(
        (np.concatenate([w for w, _ in layer]), np.concatenate([b for _, b in layer]))
        for layer in zip(*networks, strict=True)
    )


def _plain(weights: Array, bias: Array) -> tuple[Rows, Rows]:
    return np.ascontiguousarray(weights, dtype=np.float32)[None], bias.astype(np.float32)[None, None]


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().numpy(), dtype=np.float64)
