"""The loss of sequences whose labels are not aligned with time."""

from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, need
from chainrule.program.value import FLOATS, Value


def _ctc_loss(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    logits, labels, *lengths = inputs
    name, blank = "ctc_loss", attributes["blank"]
    need(name, logits, FLOATS)
    for value in inputs[1:]:
        need(name, value, ("int32", "int64"))
    batch = logits.shape[1] if len(logits.shape) == 3 else -1
    if labels.shape[:1] != (batch,) or len(labels.shape) != 2:
        raise ShapeError(
            f"{name} got logits of shape {logits.shape} and labels of shape {labels.shape}; it needs (time, "
            "batch, classes) and (batch, labels)"
        )
    if any(value.shape != (batch,) for value in lengths):
        shapes = " and ".join(str(value.shape) for value in lengths)
        raise ShapeError(f"{name} got lengths of shapes {shapes}; both must be {(batch,)}")
    if not 0 <= blank < logits.shape[2]:
        raise ShapeError(f"{name} got blank {blank} for {logits.shape[2]} classes; it must be one of them")
    return (batch,), logits.dtype


ALIGNMENT = (
    Operation(
        "ctc_loss",
        4,
        _ctc_loss,
        "y = -ln of the probability that x1 spells the labels x2, blanks and repetitions taken out",
        composite=True,
    ),
)
