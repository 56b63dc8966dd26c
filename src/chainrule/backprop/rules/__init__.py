"""Derivative rules, one for every differentiable operation.

A rule takes a step, whose inputs and output are Tensors, and d_y, the derivative of the final scalar with
respect to the output. It records and returns the derivative with respect to each input, in order; None where
there is none (an index, a condition). Rules may return a derivative of the broadcast shape, and derivatives
that nobody needs: the reverse pass sums the first and drops the second.
"""

from collections.abc import Mapping

from chainrule.backprop.rules.alignment import ALIGNMENT
from chainrule.backprop.rules.attention import ATTENTION
from chainrule.backprop.rules.composites import COMPOSITES
from chainrule.backprop.rules.convolution import CONVOLUTION
from chainrule.backprop.rules.elementwise import ELEMENTWISE
from chainrule.backprop.rules.normalization import NORMALIZATION
from chainrule.backprop.rules.ordering import ORDERING
from chainrule.backprop.rules.places import PLACES
from chainrule.backprop.rules.pooling import POOLING
from chainrule.backprop.rules.products import PRODUCTS
from chainrule.backprop.rules.recorded import RecordedStep, Rule
from chainrule.backprop.rules.recurrent import RECURRENT
from chainrule.backprop.rules.reductions import REDUCTIONS
from chainrule.backprop.rules.resizing import RESIZING
from chainrule.backprop.rules.scanning import SCANNING
from chainrule.backprop.rules.shapes import SHAPES

RULES: Mapping[str, Rule] = {
    **ALIGNMENT,
    **ATTENTION,
    **COMPOSITES,
    **CONVOLUTION,
    **ELEMENTWISE,
    **NORMALIZATION,
    **ORDERING,
    **PLACES,
    **POOLING,
    **PRODUCTS,
    **RECURRENT,
    **REDUCTIONS,
    **RESIZING,
    **SCANNING,
    **SHAPES,
}

__all__ = ["RULES", "RecordedStep", "Rule"]
