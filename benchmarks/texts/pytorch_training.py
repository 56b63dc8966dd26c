"""The optimizer and schedule of the tasks on texts in PyTorch."""

import math
from typing import Any

import torch
from torch import Tensor

_BETAS = (0.9, 0.95)


def optimizers_of(
    matrices: list[Tensor], others: list[Tensor], rate: float, adam_share: float, weight_decay: float
) -> list[tuple[Any, float]]:
    """Muon for the matrices of the blocks, Adam for the others; each with its peak rate."""
    muon = torch.optim.Muon(matrices, rate, weight_decay=weight_decay, momentum=0.95, nesterov=True)
    return [(muon, rate), (torch.optim.Adam(others, rate * adam_share, betas=_BETAS), rate * adam_share)]


def set_rates(optimizers: list[tuple[Any, float]], step: int, steps: int, warm: int) -> None:
    """Linear warm-up, then a cosine to 0."""
    done = min((step - warm) / max(1, steps - warm), 1.0)
    share = (step + 1) / (warm + 1) if step < warm else 0.5 * (1 + math.cos(math.pi * done))
    for optimizer, peak in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = peak * share
