"""Composites of recurrent networks over all time: long short-term memory and gated recurrent unit."""

from collections.abc import Callable, Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, need, same_dtype
from chainrule.program.value import FLOATS, Value


def _recurrent(name: str, gates: int, state: Sequence[str], kept: int) -> Callable[..., Inferred]:
    """Shape rule: inputs gates (time, batch, gates · units), weight (units, gates · units), `state`, mask."""

    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        least = 2 + len(state)
        if len(inputs) not in (least, least + 1):
            raise ShapeError(f"{name} takes {least} or {least + 1} inputs, got {len(inputs)}")
        need(name, inputs[0], FLOATS)
        dtype, (x, weight) = same_dtype(name, inputs[:least]), inputs[:2]
        units = weight.shape[0] if weight.shape else 0
        if weight.shape != (units, gates * units) or len(x.shape) != 3 or x.shape[2] != gates * units:
            raise ShapeError(
                f"{name} got gates of shape {x.shape} and a weight of shape {weight.shape}; it needs (time, "
                f"batch, {gates} · units) and (units, {gates} · units)"
            )
        shapes = {"state": (x.shape[1], units), "bias": (gates * units,)}
        for value, kind in zip(inputs[2:], state, strict=False):
            if value.shape != shapes[kind]:
                raise ShapeError(f"{name} got {value.name} of shape {value.shape}; it needs {shapes[kind]}")
        if len(inputs) > least:
            need(name, inputs[-1], ("bool",))
            if inputs[-1].shape != x.shape[:2]:
                raise ShapeError(f"{name} got a mask of shape {inputs[-1].shape}; it needs {x.shape[:2]}")
        return (*x.shape[:2], kept * units), dtype

    return infer


RECURRENT = (
    Operation(
        "lstm",
        None,
        _recurrent("lstm", 4, ("state", "state"), 6),
        "long short-term memory over time: hidden and cell states, then the four gates, side by side",
        composite=True,
    ),
    Operation(
        "gru",
        None,
        _recurrent("gru", 3, ("bias", "state"), 5),
        "gated recurrent unit over time: hidden states, then the gates and the candidate's own part",
        composite=True,
    ),
)
