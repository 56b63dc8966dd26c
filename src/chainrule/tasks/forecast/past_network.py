"""Networks for long horizons: every series is continued from its own past alone, normalized and put back."""

from dataclasses import dataclass

from chainrule.nn import AvgPool1D, Dense, Dropout, Layer, Residual, zeros
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

NORMALIZATIONS = ("window", "mean", "last")
EPSILON = 1e-5


@dataclass(frozen=True)
class PastNetwork(Layer):
    """ŷ = level + spread · (z W + R(z) + q), z = (past - level) / spread: each series from its own past.

    One map for all series ("channel independence", Nie et al. 2023). W: a linear map from all steps of the
    past to all steps ahead (Zeng et al. 2023, "Are transformers effective for time series forecasting?"). It
    has no bias, unlike theirs: in back-tests the drift that it learns does not last. R: a residual network
    that starts at 0, as in TiDE (Das et al. 2023), or none. q: for each step and quantile a number, so the
    band is wider where the past is.

    lags: steps of the past. horizon: steps ahead. quantiles: their number.
    normalization: 'window': level and spread are mean and standard deviation of the past (Kim et al. 2022,
    "Reversible instance normalization", without its trained scale and shift). 'mean': the level alone, spread
    is 1. 'last': the level is the last value, spread is 1 (NLinear).
    average: width of the moving average that splits z into trend and remainder, with a linear map each
    (DLinear; at both ends of z it averages over what is there, the paper repeats the end). 0 for one map.
    units: width of R; 0 for none. blocks: residual blocks of R. dropout: share of units of R set to 0 in
    training.
    x: (batch, lags + others), the past first -> (batch, horizon, quantiles).
    """

    lags: int
    horizon: int
    quantiles: int
    normalization: str = "window"
    average: int = 0
    units: int = 0
    blocks: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in ("lags", "horizon", "quantiles", "blocks"):
            check_whole(self, name, getattr(self, name))
        for name in ("average", "units"):
            check_whole(self, name, getattr(self, name), at_least=0)
        check_choice("forecast", "normalization", self.normalization, NORMALIZATIONS)
        check_number(self, "dropout", self.dropout, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        past = x[:, : self.lags]
        level = past[:, -1:] if self.normalization == "last" else past.mean(1, keepdims=True)
        z = past - level
        if self.normalization == "window":
            spread = f.sqrt((z * z).mean(1, keepdims=True) + EPSILON)
            z = z / spread
        ahead = self._linear(z)
        if self.units:
            ahead = ahead + self._residual(z)
        change = ahead.reshape(x.shape[0], self.horizon, 1)
        if self.quantiles > 1:
            change = change + self.param("quantiles", (self.horizon, self.quantiles), zeros, x.dtype)
        if self.normalization == "window":
            change = change * spread.reshape(x.shape[0], 1, 1)
        return change + level.reshape(x.shape[0], 1, 1)

    def _linear(self, z: Tensor) -> Tensor:
        weight = self.param("weight", (self.lags, self.horizon), zeros, z.dtype)
        if not self.average:
            return z @ weight
        width = min(self.average, self.lags)
        trend = AvgPool1D(width, stride=1, padding="same")(z.reshape(*z.shape, 1)).reshape(*z.shape)
        return (z - trend) @ weight + trend @ self.param("trend", weight.shape, zeros, z.dtype)

    def _residual(self, z: Tensor) -> Tensor:
        read = Dense(self.units, "relu")(z)
        for _ in range(self.blocks):
            block = [Dense(self.units, "relu"), Dropout(self.dropout), Dense(self.units)]
            read = Residual(block)(read)
        return Dense(self.horizon, weight=zeros)(Dropout(self.dropout)(read))
