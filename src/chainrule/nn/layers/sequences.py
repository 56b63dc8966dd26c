"""Sequences (batch, time, features): checks of them and of their masks, and their mean over time."""

from dataclasses import dataclass

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn.initializers import Initializer, check_initializers, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.program import Tensor
from chainrule.program import functions as f


def need_sequence(x: Tensor) -> None:
    """Raises ShapeError unless x is (batch, time, features), and DTypeError unless it holds floats."""
    if x.ndim != 3:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, time, features)")
    need_floats(x)


def need_mask(x: Tensor, mask: Tensor | None) -> None:
    """Raises DTypeError unless a mask is bool, and ShapeError unless it has x's (batch, time)."""
    if mask is None:
        return
    if mask.dtype != "bool":
        raise DTypeError(
            f"{x.trace.label} got a mask of dtype {mask.dtype}",
            remedy="give it bool, True where there is an element, such as not_equal(tokens, 0)",
        )
    if mask.shape != x.shape[:2]:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape} and a mask of shape {mask.shape}; "
            f"the mask must be (batch, time), {x.shape[:2]}"
        )


@dataclass(frozen=True)
class GlobalAvgPool1D(Layer):
    """y = mean of x over the elements of each sequence; 0 for a sequence without elements.

    After an Embedding it is a bag of words (Joulin et al. 2017).
    x: float (batch, time, features) -> (batch, features). mask: bool (batch, time), True at elements, False
    at padding; None: all are elements.
    Raises, while recording, ShapeError for other shapes, DTypeError for other dtypes.
    """

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        need_sequence(x)
        need_mask(x, mask)
        if mask is None:
            return x.mean(1)
        present = mask.cast(x.dtype)
        count = f.maximum(present.sum(1, keepdims=True), 1.0)
        # Selected, not multiplied: what padding holds may be infinite.
        return f.where(mask.reshape(*mask.shape, 1), x, 0.0).sum(1) / count


@dataclass(frozen=True)
class AttentionPool1D(Layer):
    """y = Σ over t of a[t] · x[t], a = softmax over t of x w: a mean weighted by what the network looks at.

    The weights of the elements of a sequence sum to 1 (Yang et al. 2016, equation 6, without a hidden layer).
    weight: initializer of w (features, 1); zeros, so that training begins with the mean.
    x: float (batch, time, features) -> (batch, features).
    Raises ConfigError for what is no initializer; while recording ShapeError for other shapes, DTypeError for
    other dtypes.
    """

    weight: Initializer = zeros

    def __post_init__(self) -> None:
        check_initializers(self, "weight")

    def __call__(self, x: Tensor) -> Tensor:
        need_sequence(x)
        scores = x @ self.param("weight", (x.shape[2], 1), self.weight, x.dtype)
        return (f.softmax(scores, 1) * x).sum(1)
