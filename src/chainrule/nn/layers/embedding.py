"""Vectors for tokens: words, characters, categories."""

from dataclasses import dataclass

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn.initializers import Initializer, check_initializers, normal
from chainrule.nn.layer import Layer
from chainrule.nn.settings import check_flag, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Embedding(Layer):
    """y = W[x], a trained row of W for every token (Bengio et al. 2003).

    vocabulary: the number of different tokens, at least 1. units: width of the vectors, at least 1. weight:
    initializer of W (vocabulary, units). sparse: each step updates the rows that it looks up, and the
    optimizer's state of these: it costs what it touches, however large the vocabulary. Other rows wait: with
    momentum or Adam they do not move on by earlier gradients, and weight decay does not shrink them (as in
    PyTorch's SparseAdam); plain gradient descent and Adagrad do the same as without. Optimizers that must see
    whole parameters, and penalties, are refused.
    x: int32 or int64 (batch, ...), from 0 to vocabulary - 1 -> float (batch, ..., units). Only the rows that
    were looked up get a gradient. Followed by GlobalAvgPool1D it is a bag of words.
    Raises ConfigError for a bad setting and, while recording, if a sparse one is called twice in a step,
    DTypeError unless x holds whole numbers and ShapeError without a batch axis. Before the first step,
    `chainrule.train` raises DataError, naming the row, for tokens out of range.
    """

    vocabulary: int
    units: int
    weight: Initializer = normal(0.0, 1.0)
    sparse: bool = False

    def __post_init__(self) -> None:
        check_whole(self, "vocabulary", self.vocabulary)
        check_whole(self, "units", self.units)
        check_initializers(self, "weight")
        check_flag(self, "sparse", self.sparse)

    def __call__(self, x: Tensor) -> Tensor:
        if x.dtype not in ("int32", "int64"):
            raise DTypeError(
                f"{x.trace.label} got x of dtype {x.dtype}; it needs token numbers, int32 or int64",
                remedy="give x as an array of whole numbers, or cast it where they are whole",
            )
        if x.ndim < 1:
            raise ShapeError(f"{x.trace.label} got a single token; it needs (batch, …)")
        self.looks_up(x, self.vocabulary, "token", "the vocabulary")
        shape = (self.vocabulary, self.units)
        if self.sparse:
            return self.param_rows("weight", shape, self.weight, x.cast("int32"), self.dtype)
        weight = self.param("weight", shape, self.weight, self.dtype)
        return f.gather(weight, x)

    def takes_whole_numbers(self) -> bool:
        """True: tokens are whole numbers."""
        return True
