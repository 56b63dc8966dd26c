"""Repairs as a person makes them: by writing the program otherwise. Random search draws from these."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.doctor.network import RECURRENT, SIMPLE
from benchmarks.doctor.programs import Program, raw_loss
from chainrule import nn

Repair = Callable[[Program, np.random.Generator], Program]


def drawn(program: Program, random: np.random.Generator) -> tuple[str, Program]:
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


def _learning_rate(program: Program, random: np.random.Generator) -> Program:
    return replace(
        program, rate=program.rate * float(random.choice([0.001, 0.01, 0.1, 0.3, 3, 10, 100, 1000]))
    )


def _optimizer(program: Program, random: np.random.Generator) -> Program:
    return replace(program, optimizer="adam", rate=0.001, momentum=0.9)


def _momentum(program: Program, random: np.random.Generator) -> Program:
    return replace(program, momentum=0.9)


def _clipping(program: Program, random: np.random.Generator) -> Program:
    return replace(program, clip=1.0)


def _initial_weights(program: Program, random: np.random.Generator) -> Program:
    gated = program.network.kind == RECURRENT
    weight = nn.glorot_uniform() if gated else nn.he_normal()
    return _network(program, weight=weight, recurrent=nn.orthogonal(), bias=nn.zeros)


def _activation(program: Program, random: np.random.Generator) -> Program:
    network = program.network
    if network.kind == RECURRENT and network.cell != SIMPLE:
        return program
    name = "tanh" if network.kind == RECURRENT else str(random.choice(["relu", "elu", "leaky_relu"]))
    return _network(program, activations=len(network.activations) * (name,))


def _normalization(program: Program, random: np.random.Generator) -> Program:
    return _network(program, normalization="layer" if program.network.kind == RECURRENT else "batch")


def _residual(program: Program, random: np.random.Generator) -> Program:
    if program.network.kind == RECURRENT or len(program.network.widths) < 3:
        return program
    return _network(program, residual=True)


def _scaled_inputs(program: Program, random: np.random.Generator) -> Program:
    """Columns standardized, and codes of missing cells replaced by the mean."""
    return _examples(program, spread=0.0, offset=0.0, code=0.0)


def _scaled_targets(program: Program, random: np.random.Generator) -> Program:
    return _examples(program, target_scale=1.0, target_offset=0.0)


def _output(program: Program, random: np.random.Generator) -> Program:
    """The last layer and the loss that go with the targets."""
    units = program.classes if program.classes > 2 else 1
    return replace(_network(program, units=units, output_activation=None), loss=raw_loss(program.classes))


def _less_penalty(program: Program, random: np.random.Generator) -> Program:
    return replace(_network(program, dropout=0.0), l2=0.0)


def _more_penalty(program: Program, random: np.random.Generator) -> Program:
    return _network(program, dropout=0.3) if random.random() < 0.5 else replace(program, l2=0.001)


def _best_epoch(program: Program, random: np.random.Generator) -> Program:
    return replace(program, keep="best")


def _wider(program: Program, random: np.random.Generator) -> Program:
    widths, head = (
        tuple(max(32, 2 * width) for width in each) for each in (program.network.widths, program.network.head)
    )
    return _network(program, widths=widths, head=head)


def _narrower(program: Program, random: np.random.Generator) -> Program:
    widths = tuple(max(8, width // 2) for width in program.network.widths)
    return _network(program, widths=widths)


def _class_weights(program: Program, random: np.random.Generator) -> Program:
    return _examples(program, weighted=True) if program.classes else program


def _batch_size(program: Program, random: np.random.Generator) -> Program:
    return replace(program, batch_size=32)


def _longer(program: Program, random: np.random.Generator) -> Program:
    return replace(program, epochs=program.epochs * int(random.choice([3, 10, 30])), patience=None)


def _shuffled(program: Program, random: np.random.Generator) -> Program:
    return replace(program, shuffle=True)


REPAIRS: Mapping[str, Repair] = {
    "learning_rate": _learning_rate,
    "optimizer": _optimizer,
    "momentum": _momentum,
    "clipping": _clipping,
    "initial_weights": _initial_weights,
    "activation": _activation,
    "normalization": _normalization,
    "residual": _residual,
    "scaled_inputs": _scaled_inputs,
    "scaled_targets": _scaled_targets,
    "output": _output,
    "less_penalty": _less_penalty,
    "more_penalty": _more_penalty,
    "best_epoch": _best_epoch,
    "wider": _wider,
    "narrower": _narrower,
    "class_weights": _class_weights,
    "batch_size": _batch_size,
    "longer": _longer,
    "shuffled": _shuffled,
}
"""By name: (program, random) -> program, the same where there is nothing to repair."""
