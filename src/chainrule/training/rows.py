"""Parameters of which a step trains only the rows that it looks up, such as those of a sparse Embedding."""

from collections.abc import Mapping

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.layer import Rows
from chainrule.nn.optimizers import Chain, Transform
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f


def check_rows(optimizer: Transform, trace: Trace, rows: Mapping[str, Rows]) -> None:
    """Raises ConfigError where a step needs more of a parameter than the rows that it looks up.

    trace: with the forward pass and the penalties. rows: by parameter name.
    """
    for name, own in rows.items():
        table = trace.parameters[name].value
        for step in trace.steps:
            if table not in step.inputs or step.output is own.values.value:
                continue
            if step.layer == "penalty":
                raise ConfigError(
                    f"'{name}' is sparse, and a penalty needs all of its rows",
                    remedy="leave it out by the penalty's setting 'on', or set sparse=False in its layer",
                )
            raise ConfigError(
                f"'{name}' is sparse, and '{step.layer}' needs all of its rows",
                remedy="look its rows up once in a step, or set sparse=False in its layer",
            )
        if not optimizer.acts_by_rows(name):
            raise ConfigError(
                f"'{name}' is sparse, and {type(_needing(optimizer, name)).__name__} needs all of its rows",
                remedy="choose another optimizer for it, such as adam() by Partition, or set sparse=False in "
                "its layer",
            )


def _needing(optimizer: Transform, name: str) -> Transform:
    """The link because of which an optimizer does not act by rows."""
    while isinstance(optimizer, Chain):
        optimizer = next(each for each in optimizer.transforms if not each.acts_by_rows(name))
    return optimizer


def states_by_rows(
    optimizer: Transform, like: Mapping[str, np.ndarray], rows: Mapping[str, Rows]
) -> dict[str, str]:
    """The optimizer's state with a row for each row of a sparse parameter: its name -> the parameter's.

    like: arrays of the parameters' shapes. What has another shape for a shorter parameter has its rows.
    """
    found: dict[str, str] = {}
    for name in rows:
        length, *inner = like[name].shape
        short = np.broadcast_to(np.zeros((), like[name].dtype), (2 if length == 1 else 1, *inner))
        # Of one row each, the state takes little memory; whose shape differs anyway is told by its length.
        forms = {each: short if each == name else array[:1] for each, array in like.items() if array.ndim}
        several = dict(like) | forms
        single = several | {name: np.broadcast_to(short[:1], (3, *inner))}
        before, after = optimizer.init(several), optimizer.init(single)
        found |= {state: name for state, array in before.items() if array.shape != after[state].shape}
    return found


def looked_up(tensors: Mapping[str, Tensor], rows: Mapping[str, Rows]) -> dict[str, Tensor]:
    """Rows of sparse parameters as often as they were looked up; other parameters as they are."""
    return {
        name: f.gather(tensor, rows[name].slots) if name in rows else tensor
        for name, tensor in tensors.items()
    }
