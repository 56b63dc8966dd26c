"""Whether the outputs of a model are what its loss takes, as far as the program of the model tells."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.data import Arrays
from chainrule.errors import ChainruleWarning, warn
from chainrule.nn.losses import Loss
from chainrule.nn.losses.loss import LOGITS, PROBABILITIES, VALUES
from chainrule.program import Program
from chainrule.program.ranges import Range, range_of
from chainrule.training.heads import heads_of
from chainrule.training.objective import Objective

_NARROW = 2.0  # raw numbers that differ by less can't make one class much likelier than another


@dataclass(frozen=True)
class Misfit:
    """Outputs that do not go with the loss, or with the targets.

    what: a clause. remedy: what to do. layer: whose outputs they are, '' where that is not known. head: its
    name, '' of the only one. lost: the share of the targets' variance that no output can reach; 1 where the
    outputs are wrong whatever the targets are.
    """

    what: str
    remedy: str
    layer: str
    head: str
    lost: float = 1.0


def misfits(objective: Objective, program: Program, arrays: Arrays) -> Iterator[Misfit]:
    """Where the last operation bounds the outputs in a way that the loss does not use.

    An activation that the loss applies itself; outputs that may be no probabilities where it takes some;
    targets that no output can reach; outputs that are always the same number.
    program: the forward pass, with the raw outputs.
    """
    for head in heads_of(objective):
        if head.output in program.outputs and head.target in arrays.named:
            outputs = range_of(program, program.outputs[head.output])
            yield from _of_head(head.name, head.loss.of_one(), outputs, arrays.named[head.target])


def warn_of_outputs(objective: Objective, program: Program, arrays: Arrays) -> None:
    """Warn of each of the `misfits`."""
    for misfit in misfits(objective, program, arrays):
        warn(ChainruleWarning(misfit.what, remedy=misfit.remedy))


def _of_head(name: str, loss: Loss, outputs: Range, targets: np.ndarray) -> Iterator[Misfit]:
    layer = "" if outputs.step is None else outputs.step.layer
    if outputs.low == outputs.high:
        yield Misfit(
            f"{_whose(outputs)} are always {outputs.low:g}",
            "leave that activation out, or give the last layer one unit per class",
            layer,
            name,
        )
    elif loss.takes == LOGITS:
        if outputs.low >= 0 or outputs.high - outputs.low <= _NARROW:
            taken = "raw numbers of either sign"
            if loss.applies:
                taken += f", and applies {loss.applies} itself, as predict does"
            what = f"{_whose(outputs)} {_where(outputs)}; {_name(loss)} takes {taken}"
            yield Misfit(what, "leave that activation out", layer, name)
    elif loss.takes == PROBABILITIES:
        if outputs.low < 0 or outputs.high > 1:
            yield Misfit(
                f"{_whose(outputs)} {_where(outputs)}; {_name(loss)} takes probabilities",
                "end the model in softmax or sigmoid, or use a cross-entropy that takes raw numbers",
                layer,
                name,
            )
    elif loss.takes == VALUES and targets.size:
        yield from _out_of_reach(name, layer, outputs, targets)


def _out_of_reach(name: str, layer: str, outputs: Range, targets: np.ndarray) -> Iterator[Misfit]:
    low, high = float(targets.min()), float(targets.max())
    slack = 1e-6 * max(abs(low), abs(high))
    if low >= outputs.low - slack and high <= outputs.high + slack:
        return
    out_of_reach = (targets < outputs.low - slack) | (targets > outputs.high + slack)
    place = tuple(np.argwhere(out_of_reach)[0])
    rows = out_of_reach.reshape(len(targets), -1).any(axis=1).sum()
    beyond = targets - np.clip(targets, outputs.low, outputs.high).astype(np.float64)
    variance = float(targets.var(dtype=np.float64))
    yield Misfit(
        f"{_whose(outputs)} {_where(outputs)}, and the targets of {rows:,} of {len(targets):,} rows are "
        f"beyond that (row {place[0]} has {targets[place]:g})",
        "leave that activation out, or scale the targets to what it can give",
        layer,
        name,
        min(1.0, float((beyond * beyond).mean()) / variance) if variance > 0 else 1.0,
    )


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
