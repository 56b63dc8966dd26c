"""The expansion of connectionist temporal classification: the forward variables, in logarithms.

After Graves, Fernández, Gomez and Schmidhuber 2006. The states are the labels with a blank before, between
and after them, 2 · labels + 1; a path may stay in its state, move to the next, or pass over a blank between
two labels that differ.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.program.composites import normalization
from chainrule.program.functions import (
    broadcast_to,
    concatenate,
    equal,
    log_softmax,
    logical_and,
    logical_not,
    logical_or,
    logsumexp,
    pad,
    scan,
    stack,
    take_along_axis,
    where,
)
from chainrule.program.tracing import Tensor

_NOTHING = -float("inf")
Tensors = list[Tensor]
Step = tuple[Sequence[Tensor], Sequence[Tensor]]


class Lattice(NamedTuple):
    """What paths may do. states: the class of each, (batch, states). emitted: ln of its probability, (time,
    batch, states). may_skip: whether a state can be reached from the one before the last, (batch, states).
    final: the states that a path may end in, (batch, states). present: what is no padding, (time, batch).
    """

    states: Tensor
    emitted: Tensor
    may_skip: Tensor
    final: Tensor
    present: Tensor

    @classmethod
    def of(
        cls, logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor, blank: int
    ) -> "Lattice":
        """From the inputs of the loss."""
        time, batch, _ = logits.shape
        count = 2 * labels.shape[1] + 1
        place = logits.trace.iota(count).reshape(1, count)
        ends = label_lengths.cast("int32").reshape(batch, 1) * 2
        spread = pad(labels.cast("int32"), (0, 1), (0, 1), (0, 1))[:, :count]  # 0 for the blanks
        is_label = logits.trace.constant(np.arange(count) % 2 == 1, "bool")
        states = where(logical_and(is_label, place < ends), spread, blank)
        differs = logical_not(equal(states, shifted(states, 2, blank)))
        may_skip = logical_and(differs, logical_not(equal(states, blank)))
        final = logical_or(equal(place, ends), equal(place, ends - 1))
        emitted = take_along_axis(log_softmax(logits), broadcast_to(states, (time, batch, count)))
        present = logits.trace.iota(time).reshape(time, 1) < input_lengths.cast("int32").reshape(1, batch)
        return cls(states, emitted, may_skip, final, present)


def shifted(x: Tensor, by: int, fill: float) -> Tensor:
    """Moved along the last axis, forward or (by < 0) backward, with a number in the places left free."""
    length = x.shape[-1]
    free = min(abs(by), length)
    filled = broadcast_to(x.trace.constant(fill, x.dtype), (*x.shape[:-1], free))
    return concatenate([filled, x[..., : length - free]] if by > 0 else [x[..., free:], filled])


def path_sums(lattice: Lattice, start: Tensor) -> tuple[Tensor, Tensor]:
    """The forward variables: ln Σ over all paths that are in a state after each time, and after the last.

    start: (batch, states), before all time. Gives (time, batch, states) and (batch, states).
    """

    def step(carries: Tensors, elements: Tensors, constants: Tensors) -> Step:
        (before,), (emitted,), (may_skip,) = carries, elements, constants
        skipped = where(may_skip, shifted(before, 2, _NOTHING), _NOTHING)
        arriving = stack([before, shifted(before, 1, _NOTHING), skipped])
        return (logsumexp(arriving, 0) + emitted,), ()

    scanned = scan(step, [start], [lattice.emitted], [lattice.may_skip], mask=lattice.present)
    return scanned.carries[0], scanned.last[0]


def rest_sums(lattice: Lattice, end: Tensor) -> Tensor:
    """The backward variables: ln Σ over all ways on from a state, what it emits itself left out.

    end: (batch, states), after all time. Gives (time, batch, states).
    """

    def step(carries: Tensors, elements: Tensors, constants: Tensors) -> Step:
        (after,), (emitted,), (may_skip,) = carries, elements, constants
        onward = after + emitted
        skipped = shifted(where(may_skip, onward, _NOTHING), -2, _NOTHING)
        return (logsumexp(stack([onward, shifted(onward, -1, _NOTHING), skipped]), 0),), (after,)

    scanned = scan(step, [end], [lattice.emitted], [lattice.may_skip], reverse=True, mask=lattice.present)
    return scanned.outputs[0]


def start_of_paths(lattice: Lattice) -> Tensor:
    """Every path waits at the blank in front of the first label: (batch, states)."""
    batch, count = lattice.states.shape
    first = np.where(np.arange(count) == 0, 0.0, _NOTHING)
    return broadcast_to(lattice.emitted.trace.constant(first, lattice.emitted.dtype), (batch, count))


def ctc_loss(
    logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor, blank: int
) -> Tensor:
    """-ln Σ over all paths that end in a final state."""
    lattice = Lattice.of(logits, labels, input_lengths, label_lengths, blank)
    _, last = path_sums(lattice, start_of_paths(lattice))
    return -normalization.logsumexp(where(lattice.final, last, _NOTHING), 1, keepdims=False)
