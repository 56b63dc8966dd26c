"""The networks of chainrule's images in plain PyTorch, eager: same layers, augmentation, schedule, optimizer.

Written as its users write it when they want speed on a processor: channels last, all images in memory,
augmentation of a whole epoch at once.
"""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chainrule.nn import BatchNorm, Conv2D, Dense, MaxPool2D, PatchWhitening, Sequential, Standardize
from chainrule.nn.layers.global_pooling import GlobalMaxPool2D
from chainrule.tasks.image.network import CALM
from chainrule.tasks.image.prepare import PreparedImages
from chainrule.tasks.image.settings import ImageSettings

_KEPT = 0.92
"""Of the minutes, for the steps, as chainrule keeps them."""
_SHIFTS = 64.0
_MOMENTUM = 0.85


def train_pytorch(prepared: PreparedImages, settings: ImageSettings, minutes: float) -> dict[str, Any]:
    """Accuracy on the test part after so many minutes, the timing of the first steps included."""
    begun = time.perf_counter()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(2)
    chosen = prepared.choices(settings)
    recipe_model = prepared.recipe(settings).objective.model  # type: ignore[attr-defined]
    network = built(recipe_model, prepared)
    images, labels = _part(prepared, "train", recipe_model)
    test_images, test_labels = _part(prepared, "test", recipe_model)
    rows = chosen.batch_size
    steps_per_epoch = -(-len(images) // rows)
    seconds = _seconds_of_a_step(network, images[:rows], labels[:rows], settings.label_smoothing)
    network = built(recipe_model, prepared)
    left = _KEPT * 60 * minutes - (time.perf_counter() - begun)
    per_image = seconds / rows
    epochs = max(1, int((left - per_image / 3 * 2 * len(test_images)) / (per_image * len(images))))
    optimizer = torch.optim.SGD(
        _groups(network, chosen.learning_rate), 0.1, momentum=_MOMENTUM, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=epochs * steps_per_epoch + 1,
        cycle_momentum=False,
    )
    half = torch.rand(len(images)) < 0.5
    network.train()
    for epoch in range(epochs):
        seen = _augmented(images, half, epoch, chosen.shift, flip=chosen.flip == "alternating")
        for batch in torch.randperm(len(images)).split(rows):
            loss = functional.cross_entropy(
                network(seen[batch].contiguous(memory_format=torch.channels_last)) / CALM,
                labels[batch],
                label_smoothing=settings.label_smoothing,
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            _decay(optimizer, chosen.weight_decay)
            optimizer.step()
            schedule.step()
    accuracy = _accuracy(network, test_images, test_labels, mirrored=chosen.views == "mirrored")
    return {"accuracy": accuracy, "seconds": time.perf_counter() - begun, "epochs": epochs}


def built(model: Sequential, prepared: PreparedImages) -> nn.Sequential:
    """The layers after those that change the images, in PyTorch's words; fresh weights."""
    layers: list[nn.Module] = []
    channels = prepared.shape.channels
    for layer in (each.placed() for each in model.layers):
        if isinstance(layer, PatchWhitening):
            filters = torch.tensor(layer.images, dtype=torch.float32).permute(0, 3, 1, 2)
            conv = nn.Conv2d(channels, 2 * len(filters), layer.size)
            with torch.no_grad():
                conv.weight.copy_(torch.cat([filters, -filters]))
                nn.init.zeros_(conv.bias)  # type: ignore[arg-type] (it has one)
            conv.weight.requires_grad_(False)
            channels = 2 * len(filters)
            layers += [conv, nn.GELU()]
        elif isinstance(layer, Conv2D):
            conv = nn.Conv2d(channels, layer.filters, 3, padding=1, bias=False)
            nn.init.dirac_(conv.weight[: min(channels, layer.filters)])
            channels = layer.filters
            layers.append(conv)
        elif isinstance(layer, MaxPool2D):
            layers.append(nn.MaxPool2d(2))
        elif isinstance(layer, BatchNorm):
            layers += [nn.BatchNorm2d(channels, momentum=1 - layer.momentum), nn.GELU()]
        elif isinstance(layer, GlobalMaxPool2D):
            layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten()]
        elif isinstance(layer, Dense):
            layers.append(nn.Linear(channels, layer.units))
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _part(prepared: PreparedImages, part: str, model: Sequential) -> tuple[Tensor, Tensor]:
    """Standardized images, (images, channels, height, width), and their classes."""
    from chainrule.data.images import read_pixels

    shape = prepared.shape
    pixels = read_pixels(prepared.images, prepared.rows[part], shape.size, shape.channels)
    standardize = next(layer for layer in model.layers if isinstance(layer, Standardize))
    x = (pixels - np.array(standardize.mean, np.float32)) / np.array(standardize.deviation, np.float32)
    images = torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2).contiguous()
    return images, torch.from_numpy(prepared.truth(part))


def _seconds_of_a_step(network: nn.Module, x: Tensor, y: Tensor, smoothing: float) -> float:
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        loss = functional.cross_entropy(
            network(x.contiguous(memory_format=torch.channels_last)), y, label_smoothing=smoothing
        )
        loss.backward()
        taken.append(time.perf_counter() - start)
    return min(taken[1:])


def _groups(network: nn.Sequential, rate: float) -> list[dict[str, Any]]:
    """Shifts of batch normalization learn faster; the last layer as chainrule's, whose logits are calm."""
    norms = [m for m in network if isinstance(m, nn.BatchNorm2d)]
    shifts = [m.bias for m in norms]
    rest = [p for p in network.parameters() if p.requires_grad and all(p is not s for s in shifts)]
    return [{"params": rest, "lr": rate}, {"params": shifts, "lr": rate * _SHIFTS}]


@torch.no_grad()
def _decay(optimizer: torch.optim.Optimizer, decay: float) -> None:
    """Decoupled weight decay: w ← (1 - rate decay) w."""
    for group in optimizer.param_groups:
        torch._foreach_mul_(group["params"], 1 - group["lr"] * decay)


def _augmented(images: Tensor, half: Tensor, epoch: int, shift: int, *, flip: bool) -> Tensor:
    """All images of an epoch: every other epoch mirrored, and shifted, reflected at the borders."""
    x = images
    if flip:
        mirrored = half if epoch % 2 else ~half
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    if not shift:
        return x
    height, width = x.shape[2:]
    padded = functional.pad(x, (shift,) * 4, mode="reflect")
    places = torch.randint(2 * shift + 1, (2, len(x)))
    result = torch.empty_like(x)
    for down in range(2 * shift + 1):
        for right in range(2 * shift + 1):
            chosen = (places[0] == down) & (places[1] == right)
            result[chosen] = padded[chosen, :, down : down + height, right : right + width]
    return result


@torch.no_grad()
def _accuracy(network: nn.Module, images: Tensor, labels: Tensor, *, mirrored: bool) -> float:
    network.eval()
    right = 0
    for x, y in zip(images.split(1000), labels.split(1000), strict=True):
        x = x.contiguous(memory_format=torch.channels_last)
        said = network(x) + network(x.flip(3)) if mirrored else network(x)
        right += int((said.argmax(1) == y).sum())
    return right / len(images)
