"""Layers, optimizers and schedules from names and numbers, for the settings of tasks and estimators."""

from collections.abc import Callable, Mapping

from chainrule.nn import (
    PRESETS,
    Activation,
    AddWeightDecay,
    BatchNorm,
    ColorJitter,
    CosineDecay,
    Dense,
    Dropout,
    ExponentialDecay,
    Initializer,
    Layer,
    OneCycle,
    ReduceOnPlateau,
    ScaleByLearningRate,
    Schedule,
    StepDecay,
    Transform,
    chain,
    glorot_uniform,
    lecun_normal,
)

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

DECAYING = ("adamw", "lion", "muon", "lars", "lamb", "schedule_free_adamw")
"""The presets with a setting for weight decay."""


def usual_epochs(examples: int, presented: int, fewest: int, most: int) -> int:
    """Epochs in which training sees about `presented` examples in all, from `fewest` to `most`."""
    return min(max(round(presented / examples), fewest), most)


def optimizer_for(name: str, rate: float | Schedule, weight_decay: float | None) -> Transform:
    """The preset of this name with decoupled weight decay; None: with the preset's default, if any."""
    if weight_decay is None:
        return PRESETS[name](rate)
    if name in DECAYING:
        return PRESETS[name](rate, weight_decay=weight_decay)
    links = PRESETS[name](rate).transforms
    place = next(i for i, link in enumerate(links) if isinstance(link, ScaleByLearningRate))
    return chain(*links[:place], AddWeightDecay(weight_decay), *links[place:])


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


def colour_layers(colour: float) -> list[Layer]:
    """The layer that changes brightness, contrast and saturation of raw images at random; none for 0."""
    return [ColorJitter(colour, colour, colour)] if colour else []
