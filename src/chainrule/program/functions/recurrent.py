"""Recurrent networks over all time: long short-term memory and gated recurrent unit."""

from chainrule.program.tracing import Tensor


def lstm(
    gates: Tensor,
    weight: Tensor,
    hidden: Tensor,
    cell: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """Hidden and cell states of a long short-term memory after every step, (time, batch, units) each.

    i, f, g, o are the four parts of gates + h weight, after σ for i, f, o and tanh for g;
    c' = f c + i g, h' = o tanh c' (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000;
    no peepholes). gates: what the input contributes, x W + b of all steps of time, (time, batch, 4 · units)
    in the order i, f, g, o. weight: (units, 4 · units). hidden, cell: the initial states, (batch, units).
    mask: bool (time, batch), False for padding, which leaves the states as they are. reverse: from the last
    element to the first.

    Raises ShapeError where the shapes do not fit.
    """
    masks = () if mask is None else (mask,)
    kept, units = (
        gates.trace.record("lstm", gates, weight, hidden, cell, *masks, reverse=reverse),
        weight.shape[0],
    )
    return kept[..., :units], kept[..., units : 2 * units]


def gru(
    gates: Tensor,
    weight: Tensor,
    bias: Tensor,
    hidden: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> Tensor:
    """Hidden states of a gated recurrent unit after every step, (time, batch, units).

    a = h weight + bias, r = σ(gates_r + a_r), z = σ(gates_z + a_z), n = tanh(gates_n + r a_n),
    h' = (1 - z) n + z h (Cho et al. 2014, with the reset gate after the product, as in cuDNN and PyTorch).
    gates: what the input contributes, (time, batch, 3 · units) in the order r, z, n. weight:
    (units, 3 · units). bias: (3 · units,). hidden: the initial state, (batch, units). mask, reverse: as for
    `lstm`.

    Raises ShapeError where the shapes do not fit.
    """
    masks = () if mask is None else (mask,)
    kept = gates.trace.record("gru", gates, weight, bias, hidden, *masks, reverse=reverse)
    return kept[..., : weight.shape[0]]
