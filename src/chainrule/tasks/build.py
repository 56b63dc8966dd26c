"""Layers, optimizers and schedules from names and numbers, for the settings of tasks and estimators."""

from collections.abc import Callable, Mapping

from chainrule.nn import (
    PRESETS,
    Activation,
    AddWeightDecay,
    BatchNorm,
    CosineDecay,
    Dense,
    Dropout,
    ExponentialDecay,
    Initializer,
    Layer,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    Transform,
    chain,
    glorot_uniform,
    lecun_normal,
)
from chainrule.training.attending import MODES

SCHEDULES: Mapping[str, Callable[[float, int, int], float | Schedule]] = {
    "constant": lambda rate, steps, patience: rate,
    "cosine": lambda rate, steps, patience: CosineDecay(rate, steps),
    "one_cycle": lambda rate, steps, patience: OneCycle(rate, max(steps, 2)),
    "step": lambda rate, steps, patience: StepDecay(rate, max(1, steps // 3)),
    "exponential": lambda rate, steps, patience: ExponentialDecay(rate, steps),
    "plateau": lambda rate, steps, patience: ReduceOnPlateau(
        rate, factor=0.5, patience=max(1, patience // 2)
    ),
    "adaptive": lambda rate, steps, patience: ReduceOnPlateau(rate, factor=0.2, patience=2),
}
"""Name -> a function of the first rate, the steps of all epochs and the patience of early stopping.

'plateau' halves the rate after half the patience without a lower validation loss; 'adaptive' divides it by 5,
as scikit-learn does.
"""

DOCTOR_HELP = (
    f"one of {', '.join(MODES)}: watch reports what looks wrong with the training, advise also tries on "
    "copies of it what helps, repair also applies that"
)
"""What the setting `doctor` of tasks means."""

DECAYING = ("adamw", "lion", "muon")
"""The presets with a setting for weight decay."""


def optimizer_for(name: str, rate: float | Schedule, weight_decay: float | None) -> Transform:
    """The preset of this name with decoupled weight decay; None: with the preset's default, if any."""
    if weight_decay is None:
        return PRESETS[name](rate)
    if name in DECAYING:
        return PRESETS[name](rate, weight_decay=weight_decay)
    *links, descent = PRESETS[name](rate).transforms
    return chain(*links, AddWeightDecay(weight_decay), descent)


def usual_weight(activation: str) -> Initializer:
    """Glorot's initializer, as in MLPClassifier; for selu LeCun's (Klambauer et al. 2017)."""
    return lecun_normal() if activation == "selu" else glorot_uniform()


def hidden_layer(
    units: int,
    activation: str,
    dropout: float,
    *,
    batch_norm: bool = False,
    weight: Initializer | None = None,
) -> list[Layer]:
    """A dense layer, followed by batch normalization and dropout if set. weight: None for `usual_weight`."""
    weight = usual_weight(activation) if weight is None else weight
    if batch_norm:
        layers: list[Layer] = [Dense(units, weight=weight), BatchNorm(), Activation(activation)]
    else:
        layers = [Dense(units, activation, weight=weight)]
    return [*layers, Dropout(dropout)] if dropout else layers


def output_layer(units: int) -> Layer:
    """The last layer, linear: its outputs are what the loss takes."""
    return Dense(units, weight=glorot_uniform())
