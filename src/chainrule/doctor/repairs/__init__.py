"""Repairs: what can be changed in a training. REPAIRS lists them by name, as causes name them."""

from collections.abc import Mapping
from types import MappingProxyType

from chainrule.doctor.repairs.change import Change, Repair, proposal_of
from chainrule.doctor.repairs.outputs import fit_loss, fit_output, weigh_classes
from chainrule.doctor.repairs.regularizing import (
    dropout,
    early_stopping,
    label_smoothing,
    weaken_penalties,
    weight_decay,
)
from chainrule.doctor.repairs.scaling import scale_inputs, scale_targets
from chainrule.doctor.repairs.steps import (
    clip_gradients,
    lower_learning_rate,
    lower_momentum,
    raise_learning_rate,
    sharpness_aware,
    shuffle,
    smaller_batches,
    train_longer,
    use_adam,
)
from chainrule.doctor.repairs.structure import (
    newer_statistics,
    normalize_layers,
    residual_connections,
    smaller_layers,
    wider_layers,
)
from chainrule.doctor.repairs.weights import (
    exchange_activation,
    reinitialize,
    restart,
    revive_dead_units,
    shake_weights,
)

REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        "lower_learning_rate": lower_learning_rate,
        "raise_learning_rate": raise_learning_rate,
        "adam": use_adam,
        "clip_gradients": clip_gradients,
        "sharpness_aware": sharpness_aware,
        "lower_momentum": lower_momentum,
        "smaller_batches": smaller_batches,
        "shuffle": shuffle,
        "train_longer": train_longer,
        "reinitialize": reinitialize,
        "restart": restart,
        "shake_weights": shake_weights,
        "exchange_activation": exchange_activation,
        "revive_dead_units": revive_dead_units,
        "normalize_layers": normalize_layers,
        "newer_statistics": newer_statistics,
        "residual_connections": residual_connections,
        "wider_layers": wider_layers,
        "smaller_layers": smaller_layers,
        "scale_inputs": scale_inputs,
        "scale_targets": scale_targets,
        "fit_output": fit_output,
        "fit_loss": fit_loss,
        "class_weights": weigh_classes,
        "weaken_penalties": weaken_penalties,
        "weight_decay": weight_decay,
        "dropout": dropout,
        "label_smoothing": label_smoothing,
        "early_stopping": early_stopping,
    }
)
"""By name."""

__all__ = ["REPAIRS", "Change", "Repair", "proposal_of"]
