"""Causes: what findings name as the reason of what they saw. CAUSES lists them by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Cause:
    """Why a training goes wrong.

    meaning: one sentence. repairs: names of the repairs that are tried for it, the likeliest to help first.
    """

    meaning: str
    repairs: tuple[str, ...]


CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        "learning_rate_too_high": Cause(
            "The steps are too long: the loss jumps, diverges, or stays where the first steps threw it.",
            ("lower_learning_rate", "adam", "clip_gradients"),
        ),
        "learning_rate_too_low": Cause(
            "The steps are too short: the epochs end long before the loss has stopped falling.",
            ("raise_learning_rate", "adam"),
        ),
        "saturating_activation": Cause(
            "Sigmoids or tanh, layer upon layer: each multiplies the delta by a small derivative, so that "
            "little of it arrives at the first layers.",
            ("exchange_activation", "normalize_layers", "residual_connections", "reinitialize"),
        ),
        "initial_weights_too_small": Cause(
            "The first weights are so small that signal and deltas fade from layer to layer.",
            ("reinitialize", "normalize_layers", "residual_connections"),
        ),
        "initial_weights_too_large": Cause(
            "The first weights are so large that signal and deltas grow from layer to layer, or "
            "units saturate.",
            ("reinitialize", "normalize_layers", "clip_gradients"),
        ),
        "symmetric_weights": Cause(
            "The first weights of a layer's units are equal, so that all its units learn the same.",
            ("reinitialize", "normalize_layers"),
        ),
        "dead_units": Cause(
            "Units give 0 for every example, get no delta, and can't come back.",
            ("revive_dead_units", "reinitialize", "exchange_activation", "lower_learning_rate"),
        ),
        "unscaled_inputs": Cause(
            "The inputs are far from mean 0 and deviation 1, or their columns differ by orders of magnitude.",
            ("scale_inputs",),
        ),
        "unscaled_targets": Cause(
            "The targets are so large, small or far from 0 that the outputs need many steps to get there.",
            ("scale_targets",),
        ),
        "output_activation": Cause(
            "The last activation does not go with the loss or the targets: softmax or sigmoid where the loss "
            "applies it too, a bounded function before unbounded targets, softmax over a single unit.",
            ("fit_output",),
        ),
        "unfit_loss": Cause(
            "The loss does not go with the targets, such as a squared error of class numbers.",
            ("fit_loss", "fit_output"),
        ),
        "momentum_too_high": Cause(
            "So much of the earlier steps is kept that the weights overshoot again and again.",
            ("lower_momentum", "lower_learning_rate", "adam"),
        ),
        "exploding_recurrence": Cause(
            "In a recurrent network the deltas grow from time step to time step, and nothing clips them.",
            ("clip_gradients", "lower_learning_rate"),
        ),
        "too_small_network": Cause(
            "There are too few layers or units to represent what is to be learned.",
            ("wider_layers",),
        ),
        "overfitting": Cause(
            "The network is too large for the data, with nothing to hold it back: it learns them by heart.",
            ("early_stopping", "weight_decay", "dropout", "smaller_layers"),
        ),
        "too_strong_penalty": Cause(
            "A penalty, weight decay or dropout is so strong that the network can't learn.",
            ("weaken_penalties",),
        ),
        "batch_size_too_large": Cause(
            "The batches are so large that an epoch has too few steps.",
            ("smaller_batches", "raise_learning_rate"),
        ),
        "too_few_epochs": Cause("The loss still falls where training ends.", ("train_longer",)),
        "no_shuffling": Cause(
            "The examples come sorted and are not shuffled, so that each batch shows one kind alone.",
            ("shuffle",),
        ),
        "class_imbalance": Cause(
            "Rare classes have so few examples that the loss pays no attention to them.",
            ("class_weights",),
        ),
        "label_noise": Cause("Some of the targets are wrong.", ("early_stopping", "label_smoothing")),
        "poor_minimum": Cause(
            "Training stands in a poor minimum, or on a plateau, that its first weights led it to.",
            ("restart", "shake_weights", "sharpness_aware", "raise_learning_rate", "adam"),
        ),
        "too_little_data": Cause(
            "There are too few examples to tell what they have in common from what is theirs alone.",
            ("weight_decay", "dropout", "smaller_layers"),
        ),
        "batch_statistics": Cause(
            "The running averages of batch normalization, which prediction uses, are not those of batches.",
            ("newer_statistics",),
        ),
        "missing_normalization": Cause(
            "The network is deep, with neither residual connections nor normalization.",
            ("normalize_layers", "residual_connections", "reinitialize"),
        ),
        "constant_or_broken_inputs": Cause(
            "Inputs are missing or constant, have outliers, or are the same examples in training and "
            "validation.",
            ("scale_inputs",),
        ),
    }
)
"""By name, as findings and trials have them."""
