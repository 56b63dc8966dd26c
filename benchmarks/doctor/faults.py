"""The faults that are planted, each of three grades, and the imperfections that healthy programs may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.doctor.data import TABLE
from benchmarks.doctor.network import CONVOLUTION, RECURRENT, SIMPLE
from benchmarks.doctor.programs import Program, probability_loss, raw_loss
from chainrule import nn

GRADES = (1, 2, 3)
_HARMLESS = 5  # in networks of fewer layers sigmoids and small weights hardly hurt
_DEEP = 16  # networks of fewer layers need no normalization
_WITH_MOMENTUM = ("momentum", "adam", "adamw")

Plant = Callable[[Program, int], Program | None]


@dataclass(frozen=True)
class Fault:
    """One cause of bad training.

    meaning: what somebody did. plant: (healthy twin, grade from 1 to 3) -> the program with it; None where
    this program can't have it in this grade.
    twin: (healthy program, grade) -> the twin, where a fault needs a certain one, such as of few examples.
    """

    meaning: str
    plant: Plant
    twin: Plant = lambda program, grade: program


def twin_and_faulty(program: Program, cause: str, grade: int) -> tuple[Program, Program] | None:
    """A healthy program and the same with the fault; None where this program can't have it."""
    twin = FAULTS[cause].twin(program, grade)
    faulty = None if twin is None else FAULTS[cause].plant(twin, grade)
    return None if twin is None or faulty is None or faulty == twin else (twin, faulty)


def _network(program: Program, **changes: object) -> Program:
    return replace(program, network=replace(program.network, **changes))  # type: ignore[arg-type]


def _examples(program: Program, **changes: object) -> Program:
    return replace(program, examples=replace(program.examples, **changes))  # type: ignore[arg-type]


def _learning_rate_too_high(program: Program, grade: int) -> Program:
    return replace(program, rate=program.rate * (10, 30, 300)[grade - 1])


def _learning_rate_too_low(program: Program, grade: int) -> Program:
    return replace(program, rate=program.rate / (50, 200, 2000)[grade - 1])


def _saturating_activation(program: Program, grade: int) -> Program | None:
    """Sigmoids in the last half of the layers, in all, and in all with the small weights of old examples."""
    network = program.network
    if not network.plain or network.kind == RECURRENT or network.depth < _HARMLESS:
        return None
    kept = len(network.activations) // 2 if grade == 1 else 0
    sigmoids = (len(network.activations) - kept) * ("sigmoid",)
    weight = nn.normal(0.0, 0.05) if grade == 3 else nn.glorot_uniform()
    return _network(program, activations=(*network.activations[:kept], *sigmoids), weight=weight)


def _initial_weights_too_small(program: Program, grade: int) -> Program | None:
    network = program.network
    if not network.plain or network.kind == RECURRENT or network.depth < _HARMLESS:
        return None
    return _network(program, weight=nn.normal(0.0, (0.01, 0.001, 0.00001)[grade - 1]))


def _initial_weights_too_large(program: Program, grade: int) -> Program:
    return _network(program, weight=nn.normal(0.0, (0.5, 1.0, 3.0)[grade - 1]))


def _symmetric_weights(program: Program, grade: int) -> Program:
    constant = nn.constant((0.1, 0.01, 0.0)[grade - 1])
    return _network(program, weight=constant, recurrent=constant)


def _dead_units(program: Program, grade: int) -> Program | None:
    network = program.network
    if network.normalization or network.kind == RECURRENT or set(network.activations) != {"relu"}:
        return None
    return _network(program, bias=nn.constant((-1.0, -3.0, -10.0)[grade - 1]))


def _unscaled_inputs(program: Program, grade: int) -> Program:
    """Columns that spread over decades and lie aside; pixels to 255 and more; signals in other units."""
    spread, offset = ((2.0, 1.0), (3.0, 3.0), (4.0, 10.0))[grade - 1]
    return _examples(program, spread=spread, offset=offset)


def _unscaled_targets(program: Program, grade: int) -> Program | None:
    if program.classes:
        return None
    scale, offset = ((10.0, 3.0), (100.0, 5.0), (10000.0, 5.0))[grade - 1]
    return _examples(program, target_scale=scale, target_offset=offset)


def _output_activation(program: Program, grade: int) -> Program:
    """What the loss applies too; none, where the loss takes probabilities; what gives always the same.

    Of numbers to predict: tanh, sigmoid and ReLU, which can't reach them.
    """
    classes = program.classes
    if not classes:
        return _network(program, output_activation=("tanh", "sigmoid", "relu")[grade - 1])
    own, other = ("sigmoid", "softmax") if classes == 2 else ("softmax", "relu")
    loss = raw_loss(classes) if grade == 1 else probability_loss(classes)
    return replace(_network(program, output_activation=(own, None, other)[grade - 1]), loss=loss)


def _unfit_loss(program: Program, grade: int) -> Program | None:
    """Squared and absolute errors of probabilities; class numbers as if they were quantities."""
    if not program.classes or (program.classes == 2 and grade == 3):
        return None
    if grade == 3:
        return replace(_network(program, units=1, output_activation=None), loss=nn.MeanSquaredError())
    activation = "sigmoid" if program.classes == 2 else "softmax"
    loss = nn.MeanSquaredError() if grade == 1 else nn.MeanAbsoluteError()
    return replace(_network(program, output_activation=activation), loss=loss)


def _momentum_too_high(program: Program, grade: int) -> Program | None:
    if program.optimizer not in _WITH_MOMENTUM:
        return None
    return replace(program, momentum=(0.99, 0.997, 0.9997)[grade - 1])


def _exploding_recurrence(program: Program, grade: int) -> Program | None:
    """Cells of ReLU whose state grows in each element, and no clipping."""
    network = program.network
    if network.kind != RECURRENT or network.cell != SIMPLE:
        return None
    cells = len(network.activations) * ("relu",)
    recurrent = nn.orthogonal((1.2, 1.6, 2.2)[grade - 1])
    return replace(_network(program, activations=cells, recurrent=recurrent), clip=None)


def _too_small_network(program: Program, grade: int) -> Program:
    most = (3, 2, 1)[grade - 1]
    network = program.network
    widths, head = (tuple(min(width, most) for width in each) for each in (network.widths, network.head))
    return _network(program, widths=widths, head=head)


def _overfitting(program: Program, grade: int) -> Program:
    """Nothing against it, wider and longer. Its twin has as few examples, and its best epoch's weights."""
    widths = tuple((1, 2, 2)[grade - 1] * width for width in program.network.widths)
    calm = replace(_network(program, widths=widths, dropout=0.0), l2=0.0, keep="last", patience=None)
    return replace(calm, epochs=program.epochs * (2, 2, 3)[grade - 1])


def _overfitting_twin(program: Program) -> Program | None:
    """Of numbers: where classes are told apart, accuracy hardly suffers from overfitting."""
    few = _few_examples(program, 8)
    return None if few is None or program.classes else replace(few, keep="best", patience=None)


def _too_strong_penalty(program: Program, grade: int) -> Program:
    """Dropout in some networks, a penalty on the weights in others."""
    if program.network.dropout or (program.network.kind == CONVOLUTION and program.network.plain):
        return _network(program, dropout=(0.7, 0.85, 0.95)[grade - 1])
    return replace(program, l2=(0.03, 0.3, 3.0)[grade - 1])


def _batch_size_too_large(program: Program, grade: int) -> Program:
    """Its twin has few epochs, which are enough for small batches."""
    count = program.examples.training_count
    return replace(program, batch_size=max(program.batch_size, (count // 6, count // 2, count)[grade - 1]))


def _too_few_epochs(program: Program, grade: int) -> Program | None:
    counts = [max(1, program.epochs // share) for share in (12, 40, 1000)]
    if counts.index(counts[grade - 1]) < grade - 1:
        return None
    return replace(program, epochs=counts[grade - 1], patience=None)


def _no_shuffling(program: Program, grade: int) -> Program:
    return replace(_examples(program, sorted_in=(8, 3, 1)[grade - 1]), shuffle=False)


def _class_imbalance(program: Program, grade: int) -> Program:
    """Rare classes that weigh no more than the others. Its twin has the same examples, weighted."""
    return _examples(program, weighted=False)


def _label_noise(program: Program, grade: int) -> Program | None:
    return _examples(program, label_noise=(0.2, 0.3, 0.4)[grade - 1]) if program.classes else None


def _missing_normalization(program: Program, grade: int) -> Program | None:
    """Residual networks without normalization; without either, at Keras's first weights; the same of tanh."""
    network = program.network
    tanh = len(network.activations) * ("tanh",)
    if not network.normalization or network.depth < _DEEP or (grade == 1 and not network.residual):
        return None
    if grade == 1:
        return _network(program, normalization="")
    activations = network.activations if grade == 2 else tanh
    if grade == 3 and network.activations == tanh:
        return None
    return _network(
        program, normalization="", residual=False, weight=nn.glorot_uniform(), activations=activations
    )


def _broken_inputs(program: Program, grade: int) -> Program:
    """A code that stands for missing cells, as -999 does. Its twin has the mean there."""
    return _examples(program, code=(-30.0, -999.0, -99999.0)[grade - 1])


def _few_examples(program: Program, share: int) -> Program | None:
    """One of so many, at least 150, trained on for twice as many epochs."""
    count = max(150, program.examples.training_count // share)
    if count >= program.examples.training_count:
        return None
    return replace(_examples(program, count=count), epochs=2 * program.epochs)


def _imbalanced(program: Program, times: float, *, weighted: bool) -> Program | None:
    """Where the odd classes keep enough examples to learn from."""
    few = program.examples.training_count / max(program.classes, 1) / times < 10
    return _examples(program, imbalance=times, weighted=weighted) if program.classes and not few else None


def _missing(program: Program) -> Program | None:
    return _examples(program, missing=0.1) if program.examples.data_set.kind == TABLE else None


FAULTS: Mapping[str, Fault] = {
    "learning_rate_too_high": Fault("10, 30, 300 times the best", _learning_rate_too_high),
    "learning_rate_too_low": Fault("50, 200, 2000 times below the best", _learning_rate_too_low),
    "saturating_activation": Fault("sigmoids in half of the layers, in all", _saturating_activation),
    "initial_weights_too_small": Fault("deviation 0.01, 0.001, 0.00001", _initial_weights_too_small),
    "initial_weights_too_large": Fault("deviation 0.5, 1, 3", _initial_weights_too_large),
    "symmetric_weights": Fault("all 0.1, all 0.01, all 0", _symmetric_weights),
    "dead_units": Fault("ReLU behind biases of -1, -3, -10", _dead_units),
    "unscaled_inputs": Fault("columns over 2, 3, 4 decades", _unscaled_inputs),
    "unscaled_targets": Fault("targets of deviation 10, 100, 10,000, and aside", _unscaled_targets),
    "output_activation": Fault("applied twice, left out, unable to reach the targets", _output_activation),
    "unfit_loss": Fault("squared, absolute error of probabilities, of class numbers", _unfit_loss),
    "momentum_too_high": Fault("0.99, 0.997, 0.9997", _momentum_too_high),
    "exploding_recurrence": Fault("growing ReLU cells without clipping", _exploding_recurrence),
    "too_small_network": Fault("3, 2, 1 units in each hidden layer", _too_small_network),
    "overfitting": Fault(
        "few examples, wider, 2 or 3 times as long",
        _overfitting,
        lambda program, grade: _overfitting_twin(program),
    ),
    "too_strong_penalty": Fault("L2 of 0.03, 0.3, 3; dropout of 0.7, 0.85, 0.95", _too_strong_penalty),
    "batch_size_too_large": Fault(
        "a sixth, half, all of the examples",
        _batch_size_too_large,
        lambda program, grade: replace(program, epochs=max(1, program.epochs // 4)),
    ),
    "too_few_epochs": Fault("a 12th, a 40th, one", _too_few_epochs),
    "no_shuffling": Fault("sorted by target in 8, 3, 1 blocks", _no_shuffling),
    "class_imbalance": Fault(
        "classes of 1:15, 1:30, 1:60, not weighted",
        _class_imbalance,
        lambda program, grade: _imbalanced(program, (15.0, 30.0, 60.0)[grade - 1], weighted=True),
    ),
    "label_noise": Fault("20, 30, 40 % of the labels wrong", _label_noise),
    "missing_normalization": Fault("16 layers without normalization, shortcuts", _missing_normalization),
    "constant_or_broken_inputs": Fault(
        "a code of -30, -999, -99,999 in missing cells",
        _broken_inputs,
        lambda program, grade: _missing(program),
    ),
}
"""By the name of the cause, as the doctor's findings have it."""


IMPERFECTIONS: Mapping[str, Callable[[Program], Program | None]] = {
    "rate_higher": lambda program: replace(program, rate=3 * program.rate),
    "rate_lower": lambda program: replace(program, rate=program.rate / 3),
    "few_examples": lambda program: _few_examples(program, 4),
    "wrong_labels": lambda program: _examples(program, label_noise=0.05) if program.classes else None,
    "imbalanced": lambda program: _imbalanced(program, 4.0, weighted=False),
    "fewer_epochs": lambda program: replace(program, epochs=max(1, round(0.6 * program.epochs))),
    "odd_batch": lambda program: replace(
        program, batch_size=program.batch_size + program.batch_size // 2 + 1
    ),
    "missing_cells": _missing,
}
"""What healthy programs may have: name -> function of the program, None where it can't have that.

'few_examples' leaves a quarter, 'wrong_labels' are 5 %, 'imbalanced' is 1:4, 'fewer_epochs' are 60 %;
'missing_cells' have the mean of their column.
"""
