"""Losses of sequences whose labels are not aligned with time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.losses.loss import LOGITS, Loss, check_finite
from chainrule.nn.settings import check_flag, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class CTC(Loss):
    """l = -ln p(labels | outputs): connectionist temporal classification (Graves et al. 2006), from logits.

    p is the sum over all paths (one class for each time) that become the labels when first repetitions and
    then blanks are removed. l is not divided by the number of labels, as PyTorch's 'mean' is.
    outputs: (batch, time, classes). targets: whole numbers (batch, longest), the labels of each sequence,
    followed by blanks. blank: the class that stands for no label, at least 0.
    padded: True: each row of the targets begins with the length of its sequence, from 0 to time, and outputs
    beyond it are padding; False: all outputs count.
    For labels that no path is long enough for, l is infinite and its derivative 0; `check` refuses them.
    `predict` gives probabilities softmax(z) of the classes at each time.
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ()

    blank: int = 0
    padded: bool = False

    def __post_init__(self) -> None:
        check_whole(self, "blank", self.blank, at_least=0)
        check_flag(self, "padded", self.padded)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if targets.dtype not in ("int32", "int64"):
            raise DTypeError(f"CTC got labels of {targets.dtype}", remedy="cast them to int32 or int64")
        if outputs.ndim != 3 or targets.ndim != 2 or outputs.shape[0] != targets.shape[0]:
            raise ShapeError(
                f"CTC got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="outputs must be (batch, time, classes), targets (batch, labels)",
            )
        batch, time, _ = outputs.shape
        targets = targets.cast("int32")
        if self.padded:
            times, labels = targets[:, 0], targets[:, 1:]
        else:
            everything = targets.trace.constant(time, targets.dtype)
            times, labels = f.broadcast_to(everything, (batch,)), targets
        # Counted as floats, whose sums every executor has.
        counts = f.not_equal(labels, self.blank).cast(outputs.dtype).sum(1).cast("int32")
        return f.ctc_loss(outputs.transpose(1, 0, 2), labels, times, counts, blank=self.blank)

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes at each time, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for labels without an output, blanks among labels, and too many labels."""
        if len(outputs_shape) != 3 or self.blank >= outputs_shape[2]:
            raise DataError(
                f"CTC: the network gives outputs of shape {tuple(outputs_shape)}, and blank is {self.blank}",
                remedy="make the outputs (rows, time, classes), the blank one of the classes",
            )
        check_finite(self, targets)
        if targets.dtype.kind not in "iu" or targets.ndim != 2 or targets.shape[1] < self.padded:
            raise DataError(
                f"CTC: targets are {targets.dtype} of shape {targets.shape}",
                remedy="make them whole numbers (rows, labels)",
            )
        _, time, classes = outputs_shape
        labels: np.ndarray = targets[:, 1:] if self.padded else targets
        times: np.ndarray = targets[:, 0] if self.padded else np.full(len(targets), time)
        _refuse((times < 0) | (times > time), f"counts a number of times that is not from 0 to {time}")
        no_class = np.any((labels < 0) | (labels >= classes), axis=1)
        _refuse(no_class, f"has a label that is not one of the network's {classes} classes")
        present = labels != self.blank
        _refuse(
            np.any(~present[:, :-1] & present[:, 1:], axis=1), f"has the blank {self.blank} before a label"
        )
        # Between two labels that are the same a path needs a blank.
        twice = (labels[:, :-1] == labels[:, 1:]) & present[:, 1:]
        _refuse(present.sum(1) + twice.sum(1) > times, "has more labels than its times can spell")


def _refuse(wrong: np.ndarray, what: str) -> None:
    if wrong.any():
        raise DataError(
            f"CTC: the target in row {int(wrong.argmax())} {what}",
            remedy="correct the row or leave it out; labels stand first and are filled up with the blank",
        )
