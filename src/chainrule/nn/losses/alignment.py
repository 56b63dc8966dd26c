"""The loss of sequences whose labels are not aligned with time: speech, handwriting."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.nn.losses.loss import Loss, rows_of
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

PADDING = -1


@dataclass(frozen=True)
class CTC(Loss):
    """l = -ln p(labels | logits), by connectionist temporal classification (Graves et al. 2006).

    Sums over every path, one class for each time, that spells the labels once repetitions and then blanks are
    taken out. outputs: logits (batch, time, classes). targets: whole numbers (batch, longest), classes but
    the blank, -1 after the last label of a row. Where time is too short for the labels the loss is infinite.
    blank: the class that stands for no label.
    `predict` gives probabilities softmax(logits), of every class at every time.
    """

    blank: int = 0

    def __post_init__(self) -> None:
        check_whole(self, "blank", self.blank, at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim != 3 or targets.ndim != 2 or outputs.shape[0] != targets.shape[0]:
            raise ShapeError(
                f"CTC got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="give outputs (batch, time, classes) and targets (batch, labels)",
            )
        batch, time, _ = outputs.shape
        labels = targets.cast("int32")
        lengths = (labels >= 0).cast("int32").cast("float32").sum(1).cast("int32")
        whole = f.broadcast_to(outputs.trace.constant(time, "int32"), (batch,))
        # What is padded is not read, but it must be a class.
        shown = f.where(labels >= 0, labels, (self.blank + 1) % outputs.shape[-1])
        return f.ctc_loss(outputs.transpose(1, 0, 2), shown, whole, lengths, blank=self.blank)

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of every class at every time."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a label that is no class or the blank, and for one after padding."""
        _, time, classes = outputs_shape
        if targets.ndim != 2 or targets.dtype.kind not in "iu":
            raise DataError(
                f"CTC: targets are {targets.dtype} {rows_of(targets.shape)}",
                remedy=f"give class numbers (rows, labels), {PADDING} after the last label of a row",
            )
        signed = targets.astype(np.int64)
        present = signed != PADDING
        wrong = np.argwhere(present & ((signed < 0) | (signed >= classes) | (signed == self.blank)))
        if len(wrong):
            row, place = wrong[0]
            raise DataError(
                f"CTC: label {place} in row {row} is {targets[row, place]}",
                remedy=f"labels are classes from 0 to {classes - 1}, but not the blank {self.blank}",
            )
        late = np.argwhere(present[:, 1:] & ~present[:, :-1])
        if len(late):
            raise DataError(
                f"CTC: row {late[0][0]} has a label after {PADDING}",
                remedy=f"put every {PADDING} after the last label",
            )
        # A path must show a blank between equal neighbours.
        repeats = (present[:, 1:] & (signed[:, 1:] == signed[:, :-1])).sum(1)
        long = np.flatnonzero(present.sum(1) + repeats > time)
        if len(long):
            raise DataError(
                f"CTC: the labels in row {long[0]} need more than the {time} steps that the network gives",
                remedy="give it longer sequences, or less stride",
            )
