"""Whether the outputs of a model are what its loss takes, as far as the program of the model tells."""

import numpy as np

from chainrule.errors import ChainruleWarning, warn
from chainrule.nn.losses import Loss
from chainrule.nn.losses.loss import LOGITS, PROBABILITIES, VALUES
from chainrule.program import Program
from chainrule.program.ranges import Range, range_of

_NARROW = 2.0  # raw numbers that differ by less can't make one class much likelier than another


def warn_of_outputs(loss: Loss, program: Program, targets: np.ndarray, name: str = "prediction") -> None:
    """Warn where the last operation bounds the outputs in a way that the loss does not use.

    An activation that the loss applies itself; outputs that may be no probabilities where it takes some;
    targets that no output can reach; outputs that are always the same number.
    program: the forward pass, with the raw outputs under this name.
    """
    loss = loss.of_one()
    outputs = range_of(program, program.outputs[name])
    if outputs.low == outputs.high:
        _tell(
            f"{_whose(outputs)} are always {outputs.low:g}",
            "leave that activation out, or give the last layer one unit per class",
        )
    elif loss.takes == LOGITS:
        if outputs.low >= 0 or outputs.high - outputs.low <= _NARROW:
            taken = "raw numbers of either sign"
            if loss.applies:
                taken += f", and applies {loss.applies} itself, as predict does"
            _tell(
                f"{_whose(outputs)} {_where(outputs)}; {_name(loss)} takes {taken}",
                "leave that activation out",
            )
    elif loss.takes == PROBABILITIES:
        if outputs.low < 0 or outputs.high > 1:
            _tell(
                f"{_whose(outputs)} {_where(outputs)}; {_name(loss)} takes probabilities",
                "end the model in softmax or sigmoid, or use a cross-entropy that takes raw numbers",
            )
    elif loss.takes == VALUES and targets.size:
        _warn_of_targets(outputs, targets)


def _warn_of_targets(outputs: Range, targets: np.ndarray) -> None:
    low, high = float(targets.min()), float(targets.max())
    slack = 1e-6 * max(abs(low), abs(high))
    if low >= outputs.low - slack and high <= outputs.high + slack:
        return
    out_of_reach = (targets < outputs.low - slack) | (targets > outputs.high + slack)
    place = tuple(np.argwhere(out_of_reach)[0])
    rows = out_of_reach.reshape(len(targets), -1).any(axis=1).sum()
    _tell(
        f"{_whose(outputs)} {_where(outputs)}, and the targets of {rows:,} of {len(targets):,} rows are "
        f"beyond that (row {place[0]} has {targets[place]:g})",
        "leave that activation out, or scale the targets to what it can give",
    )


def _tell(what: str, remedy: str) -> None:
    warn(ChainruleWarning(what, remedy=remedy))


def _name(loss: Loss) -> str:
    return type(loss).__name__


def _whose(outputs: Range) -> str:
    if outputs.step is None:
        return "the outputs of the model"
    layer = f"of layer '{outputs.step.layer}'" if outputs.step.layer else "of the model"
    return f"the outputs {layer} ({outputs.step.operation})"


def _where(outputs: Range) -> str:
    if np.isinf(outputs.low) and np.isinf(outputs.high):
        return "may be any number"
    if np.isinf(outputs.high):
        return f"are at least {outputs.low:g}"
    return (
        f"are at most {outputs.high:g}"
        if np.isinf(outputs.low)
        else (f"lie from {outputs.low:g} to {outputs.high:g}")
    )
