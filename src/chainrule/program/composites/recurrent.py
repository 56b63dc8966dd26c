"""Expansions of the recurrent composites into a loop over time."""

from collections.abc import Sequence

from chainrule.program.functions import concatenate, scan, sigmoid, tanh
from chainrule.program.tracing import Tensor

Tensors = list[Tensor]
Step = tuple[Sequence[Tensor], Sequence[Tensor]]


def columns(x: Tensor, parts: int) -> Tensors:
    """The last axis in equal parts."""
    width = x.shape[-1] // parts
    return [x[..., i * width : (i + 1) * width] for i in range(parts)]


def lstm(
    gates: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, *masks: Tensor, reverse: bool
) -> Tensor:
    """Hidden state, cell state and gates after every step, side by side."""

    def step(carries: Tensors, elements: Tensors, constants: Tensors) -> Step:
        h, c = carries
        i, f, g, o = columns(elements[0] + h @ constants[0], 4)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        c = f * c + i * g
        return (o * tanh(c), c), (i, f, g, o)

    mask = masks[0] if masks else None
    scanned = scan(step, [hidden, cell], [gates], [weight], reverse=reverse, mask=mask)
    return concatenate([*scanned.carries, *scanned.outputs])


def gru(gates: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor, *masks: Tensor, reverse: bool) -> Tensor:
    """Hidden state, gates r, z, candidate n and its hidden part after every step, side by side."""

    def step(carries: Tensors, elements: Tensors, constants: Tensors) -> Step:
        (h,) = carries
        r, z, n = columns(elements[0], 3)
        by_r, by_z, by_n = columns(h @ constants[0] + constants[1], 3)
        r, z = sigmoid(r + by_r), sigmoid(z + by_z)
        n = tanh(n + r * by_n)
        return ((1.0 - z) * n + z * h,), (r, z, n, by_n)

    mask = masks[0] if masks else None
    scanned = scan(step, [hidden], [gates], [weight, bias], reverse=reverse, mask=mask)
    return concatenate([*scanned.carries, *scanned.outputs])
