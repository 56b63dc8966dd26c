"""The learning-rate range test: a short run with a rising rate, whose losses show which rates work."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.calls import naming_settings
from chainrule.data import Arrays, Ragged, batches, epoch_order
from chainrule.errors import ConfigError
from chainrule.executors import DEFAULT
from chainrule.nn.layer import Layer
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.optimizers.descent import with_rate
from chainrule.nn.regularizers import Penalty
from chainrule.nn.schedules import Schedule
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.training.fitting import check_data, split_validation
from chainrule.training.objective import Objective
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import initial_tree
from chainrule.training.words import LossGiven, objective_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DIVERGED = 4.0  # times the best smoothed loss so far


@dataclass(frozen=True, eq=False)
class RangeTest:
    """The result of a learning-rate range test.

    rates: (steps,) the rate of each step, rising. losses: (steps,) the loss of each step's batch, before its
    update. There are fewer steps than requested if the loss diverged. smoothed: moving averages of the
    losses.
    suggestion: the rate at which the smoothed loss falls most steeply against the logarithm of the rate; None
    if it never falls. It is a good constant rate for most networks, and a good peak for OneCycle.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None

    def plot(self) -> "Figure":
        """The losses over the rates as a plotly figure, with the suggestion as a line."""
        import plotly.graph_objects as go

        x = self.rates.tolist()
        lines = [
            go.Scatter(x=x, y=self.losses.tolist(), name="each batch", line={"color": "#8b919b", "width": 1}),
            go.Scatter(x=x, y=self.smoothed.tolist(), name="smoothed", line={"color": "#2f7fc4"}),
        ]
        figure = go.Figure(lines)
        figure.update_layout(template="none", hovermode="x unified", height=300)
        figure.update_xaxes(type="log", title="learning rate", exponentformat="power")
        figure.update_yaxes(title="loss")
        if self.suggestion is not None:
            text = f"suggested: {self.suggestion:.2g}"
            figure.add_vline(x=self.suggestion, line_width=1, line_dash="dot", annotation_text=text)
        return figure


@naming_settings()
def learning_rate_range_test(
    model: Layer | Objective,
    data: Any,
    *,
    loss: LossGiven | None = None,
    optimizer: Transform | None = None,
    penalties: Sequence[Penalty] = (),
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int = 32,
    seed: int = 0,
    dtype: str = "float32",
    executor: str = DEFAULT,
) -> RangeTest:
    """Train for some steps while the learning rate grows from lowest to highest by a constant factor.

    Smith 2017, section 3.3, with a geometric instead of a linear increase, as has become usual. It stops when
    a loss is not finite, or four times the lowest so far. The trained network is discarded.
    model, data, loss, optimizer, penalties, batch_size, seed, dtype, executor: as in `chainrule.train`; the
    rising rate replaces every learning rate in the optimizer. lowest: above 0. highest: above lowest. steps:
    at least 10.
    Raises ConfigError, ShapeError and DataError before the first step.
    """
    check_number("learning_rate_range_test", "lowest", lowest, above=0)
    check_number("learning_rate_range_test", "highest", highest, above=lowest)
    check_whole("learning_rate_range_test", "steps", steps, at_least=10)
    climbing = with_rate(adam() if optimizer is None else optimizer, _Climb(lowest, highest, steps))
    recipe = Recipe(
        objective=objective_of(model, loss, None),
        optimizer=climbing,
        penalties=penalties,  # type: ignore[arg-type] (Recipe makes the tuple)
        batch_size=batch_size,
        seed=seed,
        dtype=dtype,
    )
    arrays, _ = split_validation(recipe, data, None)
    if not isinstance(arrays, Arrays) or any(isinstance(each, Ragged) for each in arrays.named.values()):
        raise ConfigError("the range test takes plain arrays", remedy="give it some of the examples")
    programs, rows = Programs(recipe, executor), min(recipe.batch_size, len(arrays))
    check_data(recipe, programs, arrays, None)
    tree = initial_tree(recipe, programs.step(arrays, rows))
    session = programs.training(arrays, rows).bind(tree)
    rate_name = next((name for name in tree if name.endswith(".learning_rate")), None)
    if rate_name is None:
        raise ConfigError(
            "learning_rate_range_test: the optimizer has no learning rate",
            remedy="give one that ends in ScaleByLearningRate, such as adam()",
        )
    rates: list[float] = []
    losses: list[float] = []
    for order in _orders(len(arrays), rows, seed):
        loss_now = float(session.run_many(arrays.named, order)["loss"][0])
        if not np.isfinite(loss_now) or loss_now > _DIVERGED * min(losses, default=np.inf) > 0:
            break
        rate = float(session.read([rate_name])[rate_name])
        if rate > max(rates, default=0.0):  # while gradients are accumulated, it stands
            rates.append(rate)
            losses.append(loss_now)
        if len(rates) == steps:
            break
    smoothed = _smoothed(np.array(losses))
    return RangeTest(np.array(rates), np.array(losses), smoothed, _steepest(np.array(rates), smoothed))


@dataclass(frozen=True)
class _Climb(Schedule):
    """rate = lowest (highest / lowest)^(step / (steps - 1))."""

    lowest: float
    highest: float
    steps: int

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return self.lowest * (self.highest / self.lowest) ** (step / (self.steps - 1))


def _orders(examples: int, rows: int, seed: int) -> Iterator[np.ndarray]:
    """(1, rows) indices for every step, epoch after epoch, without end."""
    for epoch in itertools.count(1):
        full, _ = batches(epoch_order(examples, rows, seed, epoch), rows)
        yield from full[:, None]


def _smoothed(losses: np.ndarray) -> np.ndarray:
    """Means over a window of about a tenth, centred, so that falls stay at their rates."""
    window = np.ones(2 * (len(losses) // 20) + 1)
    if len(losses) <= len(window):
        return losses.copy()
    return np.convolve(losses, window, "same") / np.convolve(np.ones(len(losses)), window, "same")


def _steepest(rates: np.ndarray, smoothed: np.ndarray) -> float | None:
    """The rate of the steepest fall before the lowest point."""
    lowest = int(smoothed.argmin()) if len(smoothed) else 0
    if lowest < 2:
        return None
    slopes = np.gradient(smoothed, np.log(rates))[: lowest + 1]
    return float(rates[slopes.argmin()]) if slopes.min() < 0 else None
