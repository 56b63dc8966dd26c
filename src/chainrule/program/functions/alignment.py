"""The loss of sequences whose labels are not aligned with time."""

from chainrule.program.tracing import Tensor


def ctc_loss(
    logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor, *, blank: int = 0
) -> Tensor:
    """-ln p(labels | logits) by connectionist temporal classification (Graves et al. 2006): (batch,).

    The sum is over all paths (a class at each time) that give the labels when repetitions and then blanks are
    removed. logits: (time, batch, classes), before softmax. labels: whole numbers (batch, longest), without
    blank; those after label_lengths are not read. input_lengths, label_lengths: whole numbers (batch,), at
    most time and longest. blank: the class that stands for no label.
    If the inputs are too short for the labels, the loss is infinite and its derivative 0.

    Raises ShapeError if the shapes do not fit or blank is not a class, DTypeError for labels or lengths that
    are not whole numbers.
    """
    return logits.trace.record("ctc_loss", logits, labels, input_lengths, label_lengths, blank=blank)
