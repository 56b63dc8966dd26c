"""The settings of a table run, as people write them on the command line and in config.toml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn import (
    ACTIVATIONS,
    L1,
    L2,
    PRESETS,
    ClipByGlobalNorm,
    Huber,
    Initializer,
    Layer,
    Loss,
    MeanAbsoluteError,
    MeanOfMembers,
    MeanSquaredError,
    Penalty,
    Sequential,
    SoftmaxCrossEntropy,
    Transform,
    chain,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    orthogonal,
)
from chainrule.nn.settings import check_choice, plain_fields
from chainrule.tasks.build import SCHEDULES, hidden_layer, optimizer_for, output_layer
from chainrule.tasks.settings import AUTO, Auto, check_rest, common_help, with_given
from chainrule.tasks.table.network import Choices, table_choices
from chainrule.training import Recipe, Supervised
from chainrule.training.attending import MODES, OFF

PLAIN = Choices(0.2, "adam", 0.001, "constant", 200, 32, 20)
"""The values for 'auto' if the settings name the layers."""

_MEANINGS: Mapping[str, str] = {
    "problem": "classification, regression, or auto: inferred from the target column",
    "missing": "texts that mean a missing value in columns of text, such as NA,?; auto: the usual ones, "
    "unless one is as frequent in the target as a class",
    "test": "share of the rows held out for the final evaluation, never seen in training",
    "validation": "share of the rows for validation during training, to choose the best epoch",
    "layers": "units of each hidden layer; [] for none; auto: an ensemble with shared weights, and "
    "embeddings of numbers and categories. The other settings that are auto depend on it",
    "activation": f"of the hidden layers: {', '.join(ACTIVATIONS)}",
    "initializer": "of the weights: auto (glorot_uniform; lecun_normal for selu), he_uniform, orthogonal …",
    "dropout": "share of each hidden layer's outputs set to 0 in training, 0 to below 1",
    "l1": "strength of the penalty Σ|w|; 0 for none",
    "l2": "strength of the penalty ½ Σw²; 0 for none",
    "weight_decay": "strength of decoupled weight decay, as in AdamW; 0 for the optimizer's default",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "optimizer": f"one of {', '.join(PRESETS)}",
    "learning_rate": "learning rate at the start or at the peak of its schedule, above 0",
    "schedule": "of the learning rate: constant, cosine (to 0 over all epochs), one_cycle (up and down), "
    "step (a tenth after each third of the epochs), exponential (a tenth over all epochs), plateau (a half "
    "when validation stalls), adaptive (a fifth when it stalls for 2 epochs)",
    "clip": "largest norm of the gradient over all parameters; 0 for no limit",
    "loss": "auto, softmax_cross_entropy, mean_squared_error, mean_absolute_error, huber",
    "epochs": "most passes over the training rows, at least 1",
    "batch_size": "rows per step, at least 1",
    "patience": "epochs without a lower validation loss before training stops",
    "class_weight": "balanced: rows of rare classes have larger weights, so that all classes count alike; "
    "none; auto: balanced if the most frequent class has 10 times the rows of the rarest",
    "target_transform": "auto: a skewed target is learned as its logarithm or a power of it; none",
    **common_help("doctor"),
    "seed": "seed of the split, the initial weights, the order of the rows and dropout",
}
HELP: Mapping[str, str] = {
    name: f"{text}; auto: {getattr(PLAIN, name)} if layers are named" if name in vars(PLAIN) else text
    for name, text in _MEANINGS.items()
}

_INITIALIZERS: Mapping[str, Callable[[], Initializer]] = {
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
}
_REGRESSION_LOSSES: Mapping[str, Callable[[], Loss]] = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "problem": ("auto", "classification", "regression"),
    "activation": tuple(ACTIVATIONS),
    "initializer": ("auto", *_INITIALIZERS),
    "optimizer": (AUTO, *PRESETS),
    "class_weight": (AUTO, "balanced", "none"),
    "target_transform": (AUTO, "none"),
    "schedule": (AUTO, *SCHEDULES),
    "loss": ("auto", "softmax_cross_entropy", *_REGRESSION_LOSSES),
}


@dataclass(frozen=True)
class TableSettings:
    """How a table is split, and how a network is trained on it; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown, suggesting the nearest known
    one.
    """

    problem: str = "auto"
    missing: tuple[str, ...] | Auto = AUTO
    test: float = 0.2
    validation: float = 0.15
    layers: tuple[int, ...] | Auto = AUTO
    activation: str = "relu"
    initializer: str = "auto"
    dropout: float | Auto = AUTO
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    optimizer: str = AUTO
    learning_rate: float | Auto = AUTO
    schedule: str = AUTO
    clip: float = 0.0
    loss: str = "auto"
    epochs: int | Auto = AUTO
    batch_size: int | Auto = AUTO
    patience: int | Auto = AUTO
    class_weight: str = AUTO
    target_transform: str = AUTO
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_choice("table", "doctor", self.doctor, MODES)
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        if self.missing != AUTO:
            given = self.missing.split(",") if isinstance(self.missing, str) else self.missing
            for text in given:
                _check("missing", text, str, lambda v: True, 'a list of texts, such as ["NA", "?"], or auto')
            object.__setattr__(self, "missing", tuple(text for text in given if text))
        for name in ("epochs", "batch_size", "patience"):
            _check_or_auto(name, getattr(self, name), int, lambda v: v >= 1, "a whole number, at least 1")
        _check("seed", self.seed, int, lambda v: 0 <= v < 2**32, "a whole number from 0 to 2**32 - 1")
        for name in ("test", "validation"):
            _check(name, getattr(self, name), float, lambda v: 0 < v < 1, "a share above 0 and below 1")
        check_rest(self)
        _check("label_smoothing", self.label_smoothing, float, _is_share, "a share from 0 to below 1")
        _check_or_auto("dropout", self.dropout, float, _is_share, "a share from 0 to below 1")
        for name in ("l1", "l2", "weight_decay", "clip"):
            _check(name, getattr(self, name), float, lambda v: 0 <= v < float("inf"), "a number, at least 0")
        _check_or_auto(
            "learning_rate", self.learning_rate, float, lambda v: 0 < v < float("inf"), "a number above 0"
        )
        if self.layers == AUTO:
            if self.initializer != AUTO:
                raise ConfigError(
                    "initializer is for layers of your own", remedy="set layers, or leave it out"
                )
            return
        units = self.layers if isinstance(self.layers, tuple | list) else (self.layers,)
        for number in units:
            _check(
                "layers", number, int, lambda v: v >= 1, "a list of whole numbers, such as [64, 64], or auto"
            )
        object.__setattr__(self, "layers", tuple(units))

    def choices(self, task: str, rows: int) -> Choices:
        """The settings of training, with values in place of 'auto'. rows: number of training rows."""
        known = table_choices(rows, task) if self.layers == AUTO else PLAIN
        return with_given(known, self)


def recipe_for(
    settings: TableSettings, task: str, outputs: int, rows: int, ensemble: Layer | None = None
) -> Recipe:
    """The recipe of these settings.

    task: 'classification' or 'regression'. outputs: units of the last layer. rows: number of training rows.
    ensemble: the network (`table_network`) if layers is 'auto'.
    """
    choices, loss = settings.choices(task, rows), _loss(settings, task)
    return Recipe(
        Supervised(
            _layers(settings, choices.dropout, outputs) if ensemble is None else ensemble,
            loss if ensemble is None else MeanOfMembers(loss),
        ),
        optimizer=_optimizer(settings, choices, -(-rows // choices.batch_size)),
        penalties=_penalties(settings),
        epochs=choices.epochs,
        batch_size=choices.batch_size,
        seed=settings.seed,
        patience=choices.patience,
    )


def _layers(settings: TableSettings, dropout: float, outputs: int) -> Sequential:
    if isinstance(settings.layers, str):
        raise ConfigError("layers is 'auto'", remedy="name the units of each layer")
    weight = None if settings.initializer == AUTO else _INITIALIZERS[settings.initializer]()
    hidden = [hidden_layer(units, settings.activation, dropout, weight=weight) for units in settings.layers]
    return Sequential([*(layer for layers in hidden for layer in layers), output_layer(outputs)])


def _loss(settings: TableSettings, task: str) -> Loss:
    name = settings.loss
    if task == "classification":
        if name in _REGRESSION_LOSSES:
            raise ConfigError(
                f"loss {name} is for regression",
                remedy="set {loss}, or {problem}",
                settings={"loss": AUTO, "problem": "regression"},
            )
        return SoftmaxCrossEntropy(settings.label_smoothing)
    if name == "softmax_cross_entropy" or settings.label_smoothing:
        wrong = "label_smoothing" if settings.label_smoothing else f"loss {name}"
        raise ConfigError(
            f"{wrong} is for classification",
            remedy="leave it out, or set {problem}",
            settings={"problem": "classification"},
        )
    return _REGRESSION_LOSSES["mean_squared_error" if name == "auto" else name]()


def _optimizer(settings: TableSettings, choices: Choices, steps_per_epoch: int) -> Transform:
    steps = choices.epochs * steps_per_epoch
    rate = SCHEDULES[choices.schedule](choices.learning_rate, steps, choices.patience)
    optimizer = optimizer_for(choices.optimizer, rate, settings.weight_decay or None)
    return chain(ClipByGlobalNorm(settings.clip), optimizer) if settings.clip else optimizer


def _penalties(settings: TableSettings) -> tuple[Penalty, ...]:
    l1 = (L1(settings.l1),) if settings.l1 else ()
    return (*l1, L2(settings.l2)) if settings.l2 else l1


def _is_share(value: Any) -> bool:
    return 0 <= value < 1


def _check_or_auto(name: str, value: Any, kind: type, fits: Callable[[Any], bool], wanted: str) -> None:
    if value != AUTO:
        _check(name, value, kind, fits, f"{wanted}, or auto")


def _check(name: str, value: Any, kind: type, fits: Callable[[Any], bool], wanted: str) -> None:
    allowed = (int, float) if kind is float else (kind,)
    if isinstance(value, bool) or not isinstance(value, allowed) or not fits(value):
        raise ConfigError(f"{name} is {value!r}", remedy=f"it must be {wanted}")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(
            f"{name} is {value!r}{did_you_mean(str(value), choices)}",
            remedy=f"it must be one of {', '.join(choices)}",
        )
