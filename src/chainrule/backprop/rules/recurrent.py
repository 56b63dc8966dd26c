"""Derivatives of the recurrent composites: the backward loop computes only deltas, from the saved gates.

The derivative with respect to a weight is one matrix product over all times, after the loop.
"""

from collections.abc import Mapping, Sequence

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.recurrent import columns

Tensors = list[Tensor]
Step = tuple[Sequence[Tensor], Sequence[Tensor]]


def lstm(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_o = d_h tanh c, d_c += d_h o (1 - tanh² c), d_i = d_c g, d_f = d_c c_before, d_g = d_c i."""
    _, weight, hidden, cell, *masks = step.inputs
    h, c, *kept = columns(step.output, 6)

    def back(later: Tensors, elements: Tensors, constants: Tensors) -> Step:
        d_h, d_c, *d_gates = elements[:6]
        i, forget, g, o, c_before, c, *mask = elements[6:]
        d_h, d_c, tanh_c = later[0] + d_h, later[1] + d_c, f.tanh(c)
        through = d_c + d_h * o * (1.0 - tanh_c * tanh_c)
        by_gates = (through * g, through * c_before, through * i, d_h * tanh_c)
        d_i, d_f, d_g, d_o = (a + b for a, b in zip(by_gates, d_gates, strict=True))
        d = f.concatenate(
            [d_i * i * (1.0 - i), d_f * forget * (1.0 - forget), d_g * (1.0 - g * g), d_o * o * (1.0 - o)]
        )
        return _where_present(mask, (d @ constants[0], through * forget), (d_h, d_c), (d,))

    reverse = step.attributes["reverse"]
    h_before, c_before = _before(hidden, h, reverse), _before(cell, c, reverse)
    loop = [*columns(d_y, 6), *kept, c_before, c, *masks]
    zeros = [f.zeros_like(hidden), f.zeros_like(cell)]
    scanned = f.scan(back, zeros, loop, [weight.transpose()], reverse=not reverse)
    (d,) = scanned.outputs
    return d, _over_time(h_before).transpose() @ _over_time(d), *scanned.last, *[None for _ in masks]


def gru(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_z = d_h (h_before - n), d_n = d_h (1 - z), d_r = d_n (1 - n²) a_n, and through h_before directly."""
    _, weight, _, hidden, *masks = step.inputs
    h, *kept = columns(step.output, 5)

    def back(later: Tensors, elements: Tensors, constants: Tensors) -> Step:
        d_h, direct_r, direct_z, direct_n, direct_a = elements[:5]
        r, z, n, a, h_before, *mask = elements[5:]
        d_h = later[0] + d_h
        d_n = (d_h * (1.0 - z) + direct_n) * (1.0 - n * n)
        d_r = (d_n * a + direct_r) * r * (1.0 - r)
        d_z = (d_h * (h_before - n) + direct_z) * z * (1.0 - z)
        d_a = f.concatenate([d_r, d_z, d_n * r + direct_a])
        back_to = d_h * z + d_a @ constants[0]
        return _where_present(mask, (back_to,), (d_h,), (f.concatenate([d_r, d_z, d_n]), d_a))

    reverse = step.attributes["reverse"]
    h_before = _before(hidden, h, reverse)
    loop = [*columns(d_y, 5), *kept, h_before, *masks]
    scanned = f.scan(back, [f.zeros_like(hidden)], loop, [weight.transpose()], reverse=not reverse)
    d, d_a = scanned.outputs
    d_weight = _over_time(h_before).transpose() @ _over_time(d_a)
    return d, d_weight, d_a.sum((0, 1)), *scanned.last, *[None for _ in masks]


def _where_present(
    mask: Tensors, carries: Sequence[Tensor], otherwise: Sequence[Tensor], outputs: Sequence[Tensor]
) -> Step:
    """At padded steps the upstream gradient passes unchanged, and the gates get 0."""
    if not mask:
        return carries, outputs
    here = mask[0].reshape(mask[0].size, 1)
    passed = [f.where(here, x, y) for x, y in zip(carries, otherwise, strict=True)]
    return passed, [f.where(here, x, 0.0) for x in outputs]


def _before(start: Tensor, state: Tensor, reverse: bool) -> Tensor:
    """The state before each step."""
    if not state.shape[0]:
        return state
    begin = start.reshape(1, *start.shape)
    return f.concatenate([state[1:], begin] if reverse else [begin, state[:-1]], 0)


def _over_time(x: Tensor) -> Tensor:
    """(time, batch, width) -> (time · batch, width)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


RECURRENT: Mapping[str, Rule] = {
    "lstm": lstm,
    "gru": gru,
}
