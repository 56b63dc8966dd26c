"""The network of a forecast: it encodes the past once, and decodes each step with what is known of it."""

from dataclasses import dataclass

from chainrule.nn import Dense, Dropout, Embedding, Layer, Residual, zeros
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ForecastNetwork(Layer):
    """Quantiles of every step at once: y_h = b_h + R(p_h, s_h) + L s_h, where (p_1, …, p_H) = E(past).

    A small variant of TiDE (Das et al. 2023, "Long-term forecasting with TiDE"). A residual encoder E of the
    past and of an embedding of the series gives a plan p_h for each step. A residual decoder R, the same for
    all steps, combines it with s_h, what is known ahead of the step; L is linear. Unlike in TiDE, the encoder
    does not get what is known ahead, so step h does not depend on what is known of other steps.

    past: number of inputs on the past. series: number of series; for one there is no embedding. horizon:
    steps, H. features: number of inputs on a step. quantiles: their number. base: indices of the inputs of a
    step whose mean is b_h, the initial forecast; () for 0. units: width of the hidden layers. plan: width of
    p_h.
    dropout: share of hidden units set to 0 in training.
    x: (batch, past + 1 + horizon * features), in the order of `data.Windows` -> (batch, horizon, quantiles).
    """

    past: int
    series: int
    horizon: int
    features: int
    quantiles: int
    base: tuple[int, ...] = ()
    units: int = 64
    plan: int = 16
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in ("past", "series", "horizon", "features", "quantiles", "units", "plan"):
            check_whole(self, name, getattr(self, name))
        check_number(self, "dropout", self.dropout, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        batch = x.shape[0]
        past = x[:, : self.past]
        steps = x[:, self.past + 1 :].reshape(batch, self.horizon, self.features)
        if self.series > 1:
            number = x[:, self.past : self.past + 1].reshape(batch).cast("int32")
            width = min(16, 1 + round(self.series**0.5))
            past = f.concatenate([past, Embedding(self.series, width)(number)])
        read = self._block(Dense(self.units, "relu")(past))
        plan = Dense(self.horizon * self.plan)(read).reshape(batch, self.horizon, self.plan)
        told = self._block(Dense(self.units, "relu")(f.concatenate([plan, steps])))
        # Kernels of zeros: learning begins at the base, which is hard to better from a few windows.
        change = Dense(self.quantiles, weight=zeros)(told) + Dense(self.quantiles, weight=zeros)(steps)
        base = [steps[..., index : index + 1] for index in self.base]  # (batch, horizon, 1) each
        return change + sum(base[1:], base[0]) / len(base) if base else change

    def _block(self, x: Tensor) -> Tensor:
        return Residual([Dense(self.units, "relu"), Dropout(self.dropout), Dense(self.units)])(x)
