"""The U-Net of chainrule's masks in plain PyTorch, eager: same layers, moves, loss, schedule and optimizer.

Written as its users write it when they want speed on a processor: channels last, all images in memory, a
batch moved by one `grid_sample`.
"""

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chainrule import nn as ours
from chainrule.data.images.mask_source import VOID, mask_source
from chainrule.tasks.minutes import FORWARD, KEPT
from chainrule.tasks.segment.evaluate import mean_iou
from chainrule.tasks.segment.objective import Segmentation
from chainrule.tasks.segment.prepare import PreparedMasks
from chainrule.tasks.segment.recipe import Choices
from chainrule.tasks.segment.settings import SegmentSettings

_GREY = (0.299, 0.587, 0.114)


def train_pytorch(prepared: PreparedMasks, settings: SegmentSettings, minutes: float) -> dict[str, Any]:
    """Mean intersection over union on the test part after so many minutes, their timing included."""
    begun = time.perf_counter()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(2)
    objective, chosen = prepared.recipe(settings).objective, prepared.choices(settings)
    assert isinstance(objective, Segmentation)
    images, masks = _part(prepared, "train")
    rows = chosen.batch_size
    trial = UNet(objective.network, images.shape[1])
    left = KEPT * 60 * minutes - (time.perf_counter() - begun)
    seconds = _seconds_of_a_step(trial, objective, settings, images[:rows], masks[:rows])
    counted = len(images) + FORWARD * len(prepared.rows["validation"])
    epochs = max(1, int((left * rows / seconds - 2 * FORWARD * len(prepared.rows["test"])) / counted))
    network = UNet(objective.network, images.shape[1])
    train(network, objective, chosen, settings, epochs, images, masks)
    images, masks = _part(prepared, "test")
    said = answers(network, images, mirrored=chosen.views == "mirrored")
    return {
        "mean_iou": mean_iou(masks.numpy(), said.numpy()),
        "seconds": time.perf_counter() - begun,
        "network": chosen.network,
        "epochs": epochs,
    }


class UNet(nn.Module):
    """The layers that chainrule trains, from images (batch, channels, height, width), 0 to 255, to logits."""

    def __init__(self, model: ours.Layer, channels: int) -> None:
        super().__init__()
        assert isinstance(model, ours.Sequential)
        standardize, padded = model.layers[-2:]
        assert isinstance(standardize, ours.Standardize)
        assert isinstance(padded, ours.Padded)
        self.multiple = padded.multiple
        self.mean, self.deviation = (
            torch.tensor(np.broadcast_to(np.array(each, np.float32), channels).copy())[:, None, None]
            for each in (standardize.mean, standardize.deviation)
        )
        self.layers = built(padded.layers, channels)[0].to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        x = ((x - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        height, width = x.shape[2:]
        down, right = -height % self.multiple, -width % self.multiple
        y = self.layers(functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2)))
        return y[:, :, down // 2 : down // 2 + height, right // 2 : right // 2 + width]


class Joined(nn.Module):
    """What a level hands across beside what comes up from below."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def built(layers: Sequence[ours.Layer], channels: int) -> tuple[nn.Sequential, int]:
    """The layers in PyTorch's words with fresh weights of chainrule's distributions, and their channels."""
    made: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, ours.Conv2D):
            conv = nn.Conv2d(channels, layer.filters, layer.kernel_size, padding="same", bias=layer.use_bias)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
            channels = layer.filters
            made.append(conv)
        elif isinstance(layer, ours.BatchNorm):
            made.append(nn.BatchNorm2d(channels, momentum=1 - layer.momentum))
        elif isinstance(layer, ours.Activation):
            made.append(nn.ReLU(inplace=True))
        elif isinstance(layer, ours.MaxPool2D):
            made.append(nn.MaxPool2d(2))
        elif isinstance(layer, ours.Upsample):
            made.append(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
        elif isinstance(layer, ours.Concatenate):
            branches = [built(each.layers, channels) for each in layer.layers]  # type: ignore[attr-defined]
            made.append(Joined([branch for branch, _ in branches]))
            channels = sum(width for _, width in branches)
        else:
            raise NotImplementedError(type(layer).__name__)  # the task's networks have no other layer
    return nn.Sequential(*made), channels


def train(
    network: UNet,
    objective: Segmentation,
    chosen: Choices,
    settings: SegmentSettings,
    epochs: int,
    images: Tensor,
    masks: Tensor,
) -> None:
    """All epochs: AdamW, whose decay is of the weights alone, with one cycle of the rate."""
    matrices = [each for each in network.parameters() if each.ndim > 1]
    vectors = [each for each in network.parameters() if each.ndim == 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, chosen.learning_rate, weight_decay=chosen.weight_decay, fused=True)
    rows = chosen.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        chosen.learning_rate,
        total_steps=epochs * -(-len(images) // rows) + 1,
        cycle_momentum=False,
    )
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(rows):
            loss = loss_of(network, objective, settings, images[batch].float(), masks[batch].long())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()


def loss_of(
    network: UNet, objective: Segmentation, settings: SegmentSettings, images: Tensor, masks: Tensor
) -> Tensor:
    """Of a batch that is moved and coloured first. images: in [0, 255]. masks: (batch, height, width)."""
    images, masks = _moved(images, masks, objective.moves)
    if objective.part is not None:
        height, width = objective.part
        top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
        images = images[:, :, top : top + height, left : left + width]
        masks = masks[:, top : top + height, left : left + width]
    return cross_entropy_dice(network(_coloured(images, settings.colour)), masks, objective.loss)


def cross_entropy_dice(z: Tensor, true: Tensor, loss: ours.CrossEntropyDice) -> Tensor:
    """The mean over the batch; see `CrossEntropyDice`. z: (batch, classes, height, width)."""
    classes = z.shape[1]
    counts = true != VOID
    log_p = functional.log_softmax(z, 1)
    weight = None if loss.class_weights is None else torch.tensor(loss.class_weights, dtype=z.dtype)
    each = functional.nll_loss(log_p, true, weight, ignore_index=VOID, reduction="none")
    entropy = each.sum((1, 2)) / counts.sum((1, 2)).clamp(min=1)
    one_hot = functional.one_hot(torch.where(counts, true, classes), classes + 1)[..., :classes]
    u = one_hot.permute(0, 3, 1, 2).to(z.dtype)
    p = log_p.exp() * counts[:, None]
    sizes = u.sum((2, 3))
    both = (p * u).sum((2, 3))
    missed = 1 - (2 * both + loss.smooth) / (p.sum((2, 3)) + sizes + loss.smooth)
    shown = sizes > 0
    dice = (missed * shown).sum(1) / shown.sum(1).clamp(min=1)
    return (entropy + loss.dice * dice).mean()


@torch.no_grad()
def answers(network: UNet, images: Tensor, *, mirrored: bool) -> Tensor:
    """(images, height, width): the likeliest class of each pixel."""
    network.eval()
    said = []
    for x in images.float().split(8):
        p = network(x).softmax(1)
        if mirrored:
            p = p + network(x.flip(3)).softmax(1).flip(3)
        said.append(p.argmax(1).to(torch.uint8))
    return torch.cat(said)


def _part(prepared: PreparedMasks, part: str) -> tuple[Tensor, Tensor]:
    """Images (images, channels, height, width) and masks (images, height, width), both uint8."""
    shape, masks = prepared.shape, prepared.subject.masks.take(prepared.rows[part])
    source = mask_source(masks, prepared.canvas, shape.channels, longest=shape.longest)
    (chunk,) = source.chunks(None, 0)
    images = torch.from_numpy(chunk.arrays["x"]).permute(0, 3, 1, 2).contiguous()
    return images, torch.from_numpy(chunk.arrays["y"])


def _moved(images: Tensor, masks: Tensor, moves: ours.RandomAffine) -> tuple[Tensor, Tensor]:
    """Scaled, shifted and mirrored, each by chance. Rotation is not needed by default and is left out."""
    rows, _, height, width = images.shape
    low, high = (math.log(each) for each in moves.scale)
    smaller = torch.exp(-(low + (high - low) * torch.rand(rows)))
    signs = torch.where(torch.rand(rows) < 0.5, -1.0, 1.0) if moves.flip == "horizontal" else torch.ones(rows)
    right, down = (torch.randint(-moves.shift, moves.shift + 1, (rows,)) for _ in range(2))
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = signs * smaller, smaller
    matrix[:, 0, 2], matrix[:, 1, 2] = 2 * right / width, 2 * down / height
    grid = functional.affine_grid(matrix, [rows, 1, height, width], align_corners=False)
    x = functional.grid_sample(images, grid, "bilinear", "reflection", align_corners=False)
    # Void is 0 while it moves, which is also what comes in from outside.
    numbers = torch.where(masks == VOID, 0, masks + 1)[:, None].float()
    y = functional.grid_sample(numbers, grid, "nearest", "zeros", align_corners=False)[:, 0].long()
    return x, torch.where(y == 0, VOID, y - 1)


def _coloured(images: Tensor, much: float) -> Tensor:
    """Brightness, contrast and saturation by chance; see `ColorJitter`."""
    brightness, contrast, saturation = (
        (1 - much + 2 * much * torch.rand(len(images)))[:, None, None, None] for _ in range(3)
    )
    x = images * brightness
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * contrast
    if x.shape[1] != 3:
        return x
    grey = (x * torch.tensor(_GREY)[:, None, None]).sum(1, keepdim=True)
    return grey + (x - grey) * saturation


def _seconds_of_a_step(
    network: UNet, objective: Segmentation, settings: SegmentSettings, images: Tensor, masks: Tensor
) -> float:
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        loss_of(network, objective, settings, images.float(), masks.long()).backward()
        taken.append(time.perf_counter() - start)
    return min(taken[1:])
