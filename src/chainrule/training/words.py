"""What `train` takes as words: losses and optimizers by name, and settings as other libraries call them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn import LOSSES, PRESETS, Layer, Loss, Mixing, MultiOutputLoss, Transform
from chainrule.training.objective import Objective, Supervised

_Kind = TypeVar("_Kind")

LossGiven = Loss | str | Mapping[str, "LossGiven"] | tuple["LossGiven", ...]
"""A loss, its name, or a mapping or tuple of such, one for each head."""

_LOSSES_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("mse", "l2", "squared_error", "MSELoss"), "mean_squared_error"),
        **dict.fromkeys(("mae", "l1", "absolute_error", "L1Loss"), "mean_absolute_error"),
        **dict.fromkeys(("smooth_l1", "SmoothL1Loss", "HuberLoss"), "huber"),
        **dict.fromkeys(("softmax_cross_entropy", "log_loss", "nll", "CrossEntropyLoss"), "cross_entropy"),
        **dict.fromkeys(("categorical_crossentropy", "sparse_categorical_crossentropy"), "cross_entropy"),
        **dict.fromkeys(("bce", "binary_crossentropy", "BCEWithLogitsLoss"), "binary_cross_entropy"),
        "BCELoss": "binary_cross_entropy_of_probabilities",
        **dict.fromkeys(("pinball", "quantile_loss"), "quantile"),
    }
)
_RATE = "the optimizer has it: optimizer=nn.adam(0.001)"
_SCHEDULE = "the optimizer takes it as its rate: optimizer=nn.adam(nn.CosineDecay(0.001, steps))"
_CLIP = "it is a link of the optimizer: optimizer=nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam())"
_WEIGHT = "it is the third of the data: (x, y, sample_weight)"
_THREADS = "set the environment variable CHAINRULE_NUM_THREADS"
ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("lr", "learning_rate", "learning_rate_init", "eta0"), _RATE),
        **dict.fromkeys(("scheduler", "lr_scheduler", "schedule", "learning_rate_schedule"), _SCHEDULE),
        **dict.fromkeys(("clip", "clipnorm", "clip_norm", "max_norm", "gradient_clip_val"), _CLIP),
        **dict.fromkeys(("sample_weight", "sample_weights", "weights", "class_weight"), _WEIGHT),
        **dict.fromkeys(("x", "y", "X", "targets", "labels"), "give data=(x, y)"),
        **dict.fromkeys(
            ("validation_split", "validation_fraction", "val_split", "test_size"), "give validation=0.2"
        ),
        **dict.fromkeys(
            ("validation_data", "val_data", "valid_data", "eval_set", "eval_data"),
            "give validation=(x_held_out, y_held_out)",
        ),
        **dict.fromkeys(
            ("early_stopping", "early_stopping_rounds", "n_iter_no_change"),
            "give patience=10, the epochs without a better one, with validation=0.2",
        ),
        **dict.fromkeys(
            ("restore_best_weights", "save_best_only"), "give keep='best' (as by default) or 'last'"
        ),
        **dict.fromkeys(
            ("max_iter", "n_epochs", "num_epochs", "nb_epoch", "max_epochs", "n_iter"), "give epochs=100"
        ),
        **dict.fromkeys(("bs", "batch", "minibatch_size", "mini_batch_size"), "give batch_size=32"),
        **dict.fromkeys(("random_state", "random_seed", "rng"), "give seed=0"),
        **dict.fromkeys(("verbose", "show_progress"), "give progress=True or False"),
        **dict.fromkeys(("callbacks", "callback", "hooks"), "give listeners=[…], functions of an event"),
        **dict.fromkeys(("criterion", "loss_fn", "loss_function", "objective"), "give loss='cross_entropy'"),
        **dict.fromkeys(("solver", "optim", "opt"), "give optimizer='adam'"),
        **dict.fromkeys(("metric", "scoring", "eval_metric"), "give metrics=['accuracy']"),
        **dict.fromkeys(
            ("alpha", "weight_decay", "l2", "regularizer", "kernel_regularizer"),
            "give penalties=nn.L2(0.0001), or optimizer=nn.adamw(0.001, weight_decay=0.01)",
        ),
        **dict.fromkeys(
            ("warm_start", "initial_epoch", "resume", "resume_from"),
            "give checkpoint='training.safetensors', from which training continues",
        ),
        **dict.fromkeys(("n_jobs", "num_workers", "workers", "threads", "device"), _THREADS),
    }
)
"""What to give instead, by what scikit-learn, Keras, PyTorch and others call it."""
ONE_PAIR = "give inputs and targets as one pair, (x, y), and the rest by name"


def objective_of(model: Layer | Objective, loss: LossGiven | None, mixing: Mixing | None) -> Objective:
    """The objective that `train` is told of; ConfigError for a loss that is missing or one too many."""
    if isinstance(model, Objective):
        for name, given in (("loss", loss), ("mixing", mixing)):
            if given is not None:
                raise ConfigError(
                    f"{name} is given beside {type(model).__name__}, which has its own",
                    remedy=f"leave {name} out, or give a model in place of the objective",
                )
        return model
    if loss is None:
        raise ConfigError(
            "no loss is given", remedy="give a loss ({loss})", settings={"loss": "cross_entropy"}
        )
    return Supervised(model, loss_of(loss), mixing)


def loss_of(given: LossGiven) -> Loss:
    """A loss, or the one of this name in nn.LOSSES; of a mapping or tuple, the sum of those of several heads.

    Raises ConfigError that suggests the nearest name.
    """
    if isinstance(given, Mapping):
        return MultiOutputLoss({name: loss_of(each) for name, each in given.items()})
    if isinstance(given, tuple | list):
        return MultiOutputLoss(tuple(loss_of(each) for each in given))
    return _by_name("loss", given, LOSSES, _LOSSES_ELSEWHERE, "nn.Huber(0.5)")


def optimizer_of(given: Transform | str) -> Transform:
    """An optimizer, or the one of this name in nn.PRESETS, at its usual rate. Raises as `loss_of`."""
    return _by_name("optimizer", given, PRESETS, MappingProxyType({}), "nn.adam(0.01)")


def _by_name(
    setting: str,
    given: _Kind | str,
    known: Mapping[str, Callable[[], _Kind]],
    elsewhere: Mapping[str, str],
    example: str,
) -> _Kind:
    if not isinstance(given, str):
        return given
    if given in known:
        return known[given]()
    other = elsewhere.get(given)
    hint = f" (did you mean '{other}'?)" if other else did_you_mean(given, known)
    raise ConfigError(
        f"{setting} is {given!r}{hint}", remedy=f"it must be one of {', '.join(known)}, or made, as {example}"
    )
