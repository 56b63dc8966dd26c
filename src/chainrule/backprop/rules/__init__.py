"""Derivative rules, one for every differentiable operation.

A rule takes a step, whose inputs and output are Tensors, and d_y, the derivative of the final scalar with
respect to the output. It records and returns the derivative with respect to each input, in order; None where
there is none (an index, a condition). Rules may return a derivative of the broadcast shape, and derivatives
that nobody needs: the reverse pass sums the first and drops the second.
"""

from collections.abc import Callable, Mapping

from chainrule.backprop.rules import (
    alignment,
    attention,
    composites,
    convolution,
    elementwise,
    normalization,
    ordering,
    places,
    pooling,
    products,
    recurrent,
    reductions,
    resizing,
    scanning,
    shapes,
)
from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.program import Tensor

Rule = Callable[[RecordedStep, Tensor], tuple[Tensor | None, ...]]

RULES: Mapping[str, Rule] = {
    "negative": elementwise.negative,
    "absolute": elementwise.absolute,
    "exp": elementwise.exp,
    "expm1": elementwise.expm1,
    "log": elementwise.log,
    "log1p": elementwise.log1p,
    "sqrt": elementwise.sqrt,
    "sin": elementwise.sin,
    "cos": elementwise.cos,
    "tanh": elementwise.tanh,
    "sigmoid": elementwise.sigmoid,
    "softplus": elementwise.softplus,
    "erf": elementwise.erf,
    "relu": elementwise.relu,
    "cast": elementwise.cast,
    "add": elementwise.add,
    "subtract": elementwise.subtract,
    "multiply": elementwise.multiply,
    "divide": elementwise.divide,
    "power": elementwise.power,
    "maximum": elementwise.maximum,
    "minimum": elementwise.minimum,
    "where": elementwise.where,
    "recompute": shapes.recompute,
    "reshape": shapes.reshape,
    "transpose": shapes.transpose,
    "broadcast_to": shapes.broadcast_to,
    "slice": shapes.slice_,
    "pad": shapes.pad,
    "concatenate": shapes.concatenate,
    "sum": reductions.sum_,
    "max": reductions.extreme,
    "min": reductions.extreme,
    "matmul": products.matmul,
    "gather": places.gather,
    "scatter_add": places.scatter_add,
    "convolution": convolution.convolution,
    "convolution_input_adjoint": convolution.convolution_input_adjoint,
    "convolution_weight_adjoint": convolution.convolution_weight_adjoint,
    "max_pool": pooling.max_pool,
    "max_pool_adjoint": pooling.max_pool_adjoint,
    "average_pool": pooling.average_pool,
    "average_pool_adjoint": pooling.average_pool_adjoint,
    "cumsum": ordering.cumsum,
    "resize": resizing.resize,
    "resize_adjoint": resizing.resize_adjoint,
    "scan": scanning.scan,
    "lstm": recurrent.lstm,
    "gru": recurrent.gru,
    "ctc_loss": alignment.ctc_loss,
    "softmax": normalization.softmax,
    "logsumexp": normalization.logsumexp,
    "layer_norm": normalization.layer_norm,
    "layer_norm_adjoint": normalization.layer_norm_adjoint,
    "layer_norm_scale_adjoint": normalization.layer_norm_scale_adjoint,
    "batch_norm": normalization.batch_norm,
    "attention": attention.attention,
    "attention_query_adjoint": attention.query_adjoint,
    "attention_key_adjoint": attention.key_adjoint,
    "attention_value_adjoint": attention.value_adjoint,
    "softmax_cross_entropy": composites.softmax_cross_entropy,
    "softmax_cross_entropy_delta": composites.softmax_cross_entropy_delta,
}
