"""DLinear in PyTorch (Zeng et al. 2023), to time a fit beside ours; written after the paper's equations."""

import time
from dataclasses import dataclass

import numpy as np

from benchmarks import long_horizons

LAGS, AVERAGE = 336, 25
_EPOCHS, _PATIENCE, _BATCH, _RATE = 10, 3, 32, 0.005


@dataclass(frozen=True)
class Fitted:
    """What a fit took and reached. squared: mean squared error over all test windows. epochs: trained."""

    seconds: float
    squared: float
    epochs: int


def fit_dlinear(values: np.ndarray, horizon: int, seed: int) -> Fitted:
    """Adam with the paper's settings, up to ten epochs, until three do not validate better; then the test.

    The rate is halved after each epoch, as in the paper's own program.

    values: (times, series), standardized. A window holds all series, which share two linear maps: of the
    moving average over 25 steps, whose ends are repeated, and of the remainder.
    """
    import torch

    torch.manual_seed(seed)
    data = torch.tensor(values, dtype=torch.float32)
    trend, rest = torch.nn.Linear(LAGS, horizon), torch.nn.Linear(LAGS, horizon)
    parameters = [*trend.parameters(), *rest.parameters()]

    def windows(begin: int, end: int) -> torch.Tensor:
        return data[begin:end].unfold(0, LAGS + horizon, 1)  # (windows, series, LAGS + horizon)

    def forecast(past: torch.Tensor) -> torch.Tensor:
        ends = [past[..., :1].expand(*past.shape[:-1], AVERAGE // 2), past]
        ends.append(past[..., -1:].expand(*past.shape[:-1], AVERAGE // 2))
        mean = torch.nn.functional.avg_pool1d(torch.cat(ends, -1), AVERAGE, stride=1)
        return trend(mean) + rest(past - mean)

    def error(part: torch.Tensor) -> float:
        with torch.no_grad():
            sums = [
                torch.square(forecast(each[..., :LAGS]) - each[..., LAGS:]).sum().item()
                for each in part.split(512)
            ]
        return sum(sums) / part[..., LAGS:].numel()

    trained, validated = long_horizons.TRAINED, long_horizons.VALIDATED
    start = time.perf_counter()
    training, validation = windows(0, trained), windows(trained - LAGS, validated)
    optimizer = torch.optim.Adam(parameters, _RATE)
    best, kept, bad, epoch = float("inf"), [each.detach().clone() for each in parameters], 0, 0
    while epoch < _EPOCHS and bad < _PATIENCE:
        for rows in torch.randperm(len(training)).split(_BATCH):
            batch = training[rows]
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(forecast(batch[..., :LAGS]), batch[..., LAGS:]).backward()
            optimizer.step()
        epoch, reached = epoch + 1, error(validation)
        optimizer.param_groups[0]["lr"] = _RATE * 0.5**epoch
        bad += 1
        if reached < best:
            best, kept, bad = reached, [each.detach().clone() for each in parameters], 0
    seconds = time.perf_counter() - start
    with torch.no_grad():
        for each, old in zip(parameters, kept, strict=True):
            each.copy_(old)
    return Fitted(seconds, error(windows(validated - LAGS, long_horizons.TESTED)), epoch)
