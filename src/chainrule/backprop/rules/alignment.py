"""Derivative of connectionist temporal classification."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.alignment import Lattice, path_sums, rest_sums, start_of_paths
from chainrule.program.composites.normalization import softmax


def ctc_loss(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_logits = softmax(logits) - the share of paths in each class, by forward and backward variables.

    Graves et al. 2006, equation 16: the share is e^(α + β) / p, summed over the states of a class.
    """
    logits, labels, input_lengths, label_lengths = step.inputs
    lattice = Lattice.of(logits, labels, input_lengths, label_lengths, step.attributes["blank"])
    batch = logits.shape[1]
    possible = f.isfinite(step.output)
    loss = f.where(possible, step.output, 0.0).reshape(1, batch, 1)
    through, _ = path_sums(lattice, start_of_paths(lattice))
    end = f.where(lattice.final, logits.trace.constant(0.0, logits.dtype), -float("inf"))
    onward = rest_sums(lattice, end)
    share = f.exp(through + onward + loss)  # (time, batch, states)
    one_hot = f.one_hot(lattice.states, logits.shape[-1], logits.dtype)  # (batch, states, classes)
    by_class = (share.transpose(1, 0, 2) @ one_hot).transpose(1, 0, 2)
    counted = f.logical_and(lattice.present, possible)
    d = f.where(counted.reshape(*counted.shape, 1), softmax(logits, 2) - by_class, 0.0)
    return d * d_y.reshape(1, batch, 1), None, None, None


ALIGNMENT: Mapping[str, Rule] = {
    "ctc_loss": ctc_loss,
}
