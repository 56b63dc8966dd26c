"""Functions that record operations on Tensors, named as NumPy names them; one file a family."""

from chainrule.program.functions import elementwise
from chainrule.program.functions.alignment import ctc_loss
from chainrule.program.functions.attention import attention
from chainrule.program.functions.composites import (
    batch_norm,
    layer_norm,
    logsumexp,
    moments,
    softmax,
)
from chainrule.program.functions.convolution import convolution, transposed_convolution
from chainrule.program.functions.core import (
    broadcast_to,
    concatenate,
    dot,
    gather,
    gelu,
    log_softmax,
    one_hot,
    pad,
    put,
    random_bits,
    recompute,
    root_mean_square,
    scatter_add,
    softmax_cross_entropy,
    softmax_cross_entropy_delta,
    stack,
    uniform,
    zeros_like,
)

# Those of one elementwise operation are listed once, in their own file: who adds one touches no other.
from chainrule.program.functions.elementwise import *  # noqa: F403
from chainrule.program.functions.ordering import (
    argmax,
    argsort,
    cumsum,
    distinct,
    factorize,
    sort,
    take_along_axis,
    top_k,
)
from chainrule.program.functions.pooling import average_pool, max_pool
from chainrule.program.functions.recurrent import gru, lstm
from chainrule.program.functions.resizing import resize
from chainrule.program.functions.sampling import sample
from chainrule.program.functions.scanning import Scanned, scan

__all__ = [
    "Scanned",
    "argmax",
    "argsort",
    "attention",
    "average_pool",
    "batch_norm",
    "broadcast_to",
    "concatenate",
    "convolution",
    "ctc_loss",
    "cumsum",
    "distinct",
    "dot",
    "factorize",
    "gather",
    "gelu",
    "gru",
    "layer_norm",
    "log_softmax",
    "logsumexp",
    "lstm",
    "max_pool",
    "moments",
    "one_hot",
    "pad",
    "put",
    "random_bits",
    "recompute",
    "resize",
    "root_mean_square",
    "sample",
    "scan",
    "scatter_add",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_delta",
    "sort",
    "stack",
    "take_along_axis",
    "top_k",
    "transposed_convolution",
    "uniform",
    "zeros_like",
]
__all__ += elementwise.__all__
