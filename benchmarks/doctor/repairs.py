"""The doctor's repairs as people make them: by writing the program otherwise; random search draws these."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.doctor.network import RECURRENT, SIMPLE
from benchmarks.doctor.programs import Program, raw_loss
from chainrule import nn

Random = np.random.Generator
Repair = Callable[[Program, Random], Program]


def drawn(program: Program, random: Random) -> tuple[str, Program]:
    """A repair that changes the program, each as likely, and the program with it."""
    for name in random.permutation(list(REPAIRS)):
        repaired = REPAIRS[name](program, random)
        if repaired != program:
            return str(name), repaired
    raise AssertionError("another learning rate changes every program")


def _network(program: Program, **changes: object) -> Program:
    return replace(program, network=replace(program.network, **changes))  # type: ignore[arg-type]


def _examples(program: Program, **changes: object) -> Program:
    return replace(program, examples=replace(program.examples, **changes))  # type: ignore[arg-type]


def _lower_learning_rate(program: Program, random: Random) -> Program:
    return replace(program, rate=program.rate / float(random.choice([3, 10, 100, 1000])))


def _raise_learning_rate(program: Program, random: Random) -> Program:
    return replace(program, rate=program.rate * float(random.choice([3, 10, 100, 1000])))


def _adam(program: Program, random: Random) -> Program:
    return replace(program, optimizer="adam", rate=0.001, momentum=0.9)


def _lower_momentum(program: Program, random: Random) -> Program:
    return replace(program, momentum=min(program.momentum, float(random.choice([0.5, 0.9]))))


def _clip_gradients(program: Program, random: Random) -> Program:
    return replace(program, clip=1.0)


def _reinitialize(program: Program, random: Random) -> Program:
    recurrent = program.network.kind == RECURRENT
    weight = nn.glorot_uniform() if recurrent else nn.he_normal()
    return _network(program, weight=weight, recurrent=nn.orthogonal())


def _revive_dead_units(program: Program, random: Random) -> Program:
    return _network(program, bias=nn.zeros)


def _exchange_activation(program: Program, random: Random) -> Program:
    network = program.network
    if network.kind == RECURRENT and network.cell != SIMPLE:
        return program
    name = "tanh" if network.kind == RECURRENT else str(random.choice(["relu", "elu", "leaky_relu"]))
    return _network(program, activations=len(network.activations) * (name,))


def _normalize_layers(program: Program, random: Random) -> Program:
    return _network(program, normalization="layer" if program.network.kind == RECURRENT else "batch")


def _residual_connections(program: Program, random: Random) -> Program:
    able = program.network.kind != RECURRENT and len(program.network.widths) > 2
    return _network(program, residual=True) if able else program


def _scale_inputs(program: Program, random: Random) -> Program:
    """Columns standardized, and codes of missing cells replaced by the mean."""
    return _examples(program, spread=0.0, offset=0.0, code=0.0)


def _scale_targets(program: Program, random: Random) -> Program:
    return _examples(program, target_scale=1.0, target_offset=0.0)


def _fit_output(program: Program, random: Random) -> Program:
    """The last layer that goes with the targets, and the loss that goes with it."""
    units = program.classes if program.classes > 2 else 1
    loss = raw_loss(program.classes)
    return replace(_network(program, units=units, output_activation=None), loss=loss)


def _wider_layers(program: Program, random: Random) -> Program:
    network = program.network
    widths, head = (tuple(max(32, 2 * width) for width in each) for each in (network.widths, network.head))
    return _network(program, widths=widths, head=head)


def _smaller_layers(program: Program, random: Random) -> Program:
    return _network(program, widths=tuple(max(8, width // 2) for width in program.network.widths))


def _early_stopping(program: Program, random: Random) -> Program:
    return replace(program, keep="best", patience=10)


def _weight_decay(program: Program, random: Random) -> Program:
    return replace(program, l2=float(random.choice([0.0001, 0.001])))


def _dropout(program: Program, random: Random) -> Program:
    return _network(program, dropout=float(random.choice([0.2, 0.4])))


def _weaken_penalties(program: Program, random: Random) -> Program:
    return replace(_network(program, dropout=0.0), l2=0.0)


def _smaller_batches(program: Program, random: Random) -> Program:
    return replace(program, batch_size=min(program.batch_size, 32))


def _train_longer(program: Program, random: Random) -> Program:
    return replace(program, epochs=program.epochs * int(random.choice([3, 10, 30])), patience=None)


def _shuffle(program: Program, random: Random) -> Program:
    return replace(program, shuffle=True)


def _class_weights(program: Program, random: Random) -> Program:
    return _examples(program, weighted=True) if program.classes else program


def _label_smoothing(program: Program, random: Random) -> Program:
    raw = isinstance(program.loss, nn.SoftmaxCrossEntropy | nn.BinaryCrossEntropy)
    return replace(program, loss=replace(program.loss, label_smoothing=0.1)) if raw else program  # type: ignore[call-arg]


REPAIRS: Mapping[str, Repair] = {
    "lower_learning_rate": _lower_learning_rate,
    "raise_learning_rate": _raise_learning_rate,
    "adam": _adam,
    "lower_momentum": _lower_momentum,
    "clip_gradients": _clip_gradients,
    "reinitialize": _reinitialize,
    "revive_dead_units": _revive_dead_units,
    "exchange_activation": _exchange_activation,
    "normalize_layers": _normalize_layers,
    "residual_connections": _residual_connections,
    "scale_inputs": _scale_inputs,
    "scale_targets": _scale_targets,
    "fit_output": _fit_output,
    "fit_loss": _fit_output,
    "wider_layers": _wider_layers,
    "smaller_layers": _smaller_layers,
    "early_stopping": _early_stopping,
    "weight_decay": _weight_decay,
    "dropout": _dropout,
    "weaken_penalties": _weaken_penalties,
    "smaller_batches": _smaller_batches,
    "train_longer": _train_longer,
    "shuffle": _shuffle,
    "class_weights": _class_weights,
    "label_smoothing": _label_smoothing,
}
"""By the doctor's name: (program, random) -> program, the same where there is nothing to repair.

A loss that does not fit is replaced together with the last layer: nobody writes one without the other.
"""
