"""The loss of sequences whose labels are not aligned with time."""

from chainrule.program.tracing import Tensor


def ctc_loss(
    logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor, *, blank: int = 0
) -> Tensor:
    """-ln p(labels | logits) by connectionist temporal classification (Graves et al. 2006): (batch,).

    Sums over every path, one class for each time, that spells the labels once repetitions and then blanks are
    taken out. logits: (time, batch, classes), before softmax. labels: whole numbers (batch, longest), none of
    them blank; what lies beyond a length is not read. input_lengths, label_lengths: whole numbers (batch,),
    at most time and longest. blank: the class that stands for no label.
    Where no path is long enough the loss is infinite, and its derivative 0.

    Raises ShapeError where the shapes do not fit or blank is no class, DTypeError for labels or lengths that
    are not whole numbers.
    """
    return logits.trace.record("ctc_loss", logits, labels, input_lengths, label_lengths, blank=blank)
