"""Regression targets: transformed if they are skewed, and scaled."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.data.values import mean_and_deviation, numbers_of, refuse_infinite
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SKEWED = 2.0
"""A target whose skewness, the third standardized moment, is beyond this is transformed.

That of an exponential distribution is 2. A network learns milder ones as they are, and its squared errors are
then small in the target's own unit, which a logarithm would give up for small relative errors.
"""


@dataclass(frozen=True)
class TargetScale:
    """(g(value) - mean) / scale; g is the identity, ln(1 + value), or Yeo and Johnson's power (2000).

    power: λ of 'yeo_johnson', else 1. lowest, highest: of g(value) in the training rows. Before g is
    inverted, predictions are limited to this range, extended by half its length at both ends, as g's inverse
    grows fast.
    """

    transform: Literal["none", "log1p", "yeo_johnson"]
    power: float
    mean: float
    scale: float
    lowest: float
    highest: float

    def applied(self, values: np.ndarray) -> np.ndarray:
        """The same shape; values below -1 of 'log1p' count as -1 + 1e-9."""
        return (_forward(self.transform, self.power, values) - self.mean) / self.scale

    def inverted(self, scaled: np.ndarray) -> np.ndarray:
        """The same shape, in the target's own unit."""
        values = scaled * self.scale + self.mean
        if self.transform == "none":
            return values
        room = (self.highest - self.lowest) / 2
        values = np.clip(values, self.lowest - room, self.highest + room)
        return np.expm1(values) if self.transform == "log1p" else _yeo_johnson_inverse(values, self.power)


def fit_target(series: "pd.Series", source: str, *, transform: bool) -> TargetScale:
    """The scale of a regression target, computed from training rows.

    transform: if the skewness of the target is beyond 2, take ln(1 + value) if no value is negative, or Yeo
        and Johnson's power (scikit-learn's PowerTransformer), if that at least halves the skewness.
    Raises DataError for missing and infinite values.
    """
    numbers = numbers_of(series, source)
    refuse_infinite(series, numbers, source)
    if len(numbers) == 0 or np.isnan(numbers).any():
        raise DataError(
            f"{source}: the target column {series.name!r} has missing values in training rows",
            remedy="leave those rows out",
        )
    chosen, power = _transform_of(numbers) if transform else ("none", 1.0)
    changed = _forward(chosen, power, numbers)
    mean, scale = mean_and_deviation(changed)
    low, high = float(changed.min()), float(changed.max())
    return TargetScale(chosen, power, mean, scale if scale > 0 else 1.0, low, high)  # type: ignore[arg-type]


def skewness(numbers: np.ndarray) -> float:
    """The third standardized moment; 0 where all are equal."""
    mean, spread = mean_and_deviation(numbers)
    return float((((numbers - mean) / spread) ** 3).mean()) if spread > 0 else 0.0


def _transform_of(numbers: np.ndarray) -> tuple[str, float]:
    skew = skewness(numbers)
    if not abs(skew) > SKEWED:
        return "none", 1.0
    if numbers.min() >= 0 and abs(skewness(np.log1p(numbers))) < abs(skew) / 2:
        return "log1p", 1.0
    from sklearn.preprocessing import PowerTransformer

    learned: Any = PowerTransformer(standardize=False).fit(numbers.reshape(-1, 1))
    power = float(learned.lambdas_[0])
    halved = abs(skewness(_forward("yeo_johnson", power, numbers))) < abs(skew) / 2
    return ("yeo_johnson", power) if halved else ("none", 1.0)


def _forward(transform: str, power: float, values: np.ndarray) -> np.ndarray:
    if transform == "none":
        return values
    if transform == "log1p":
        return np.log1p(np.maximum(values, -1 + 1e-9))
    from scipy.stats import yeojohnson

    return np.asarray(yeojohnson(values, lmbda=power))


def _yeo_johnson_inverse(values: np.ndarray, power: float) -> np.ndarray:
    """Values whose transform these are; the ends of the scale where there are none."""
    above, below = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    up = np.expm1(above) if power == 0 else np.maximum(above * power + 1, 0.0) ** (1 / power) - 1
    other = 2 - power
    down = np.expm1(below) if other == 0 else np.maximum(below * other + 1, 0.0) ** (1 / other) - 1
    return np.where(values >= 0, up, -down)
