"""Backpropagation: one derivative rule per operation, the reverse pass, the numerical check, `explain`.

`Hessian` and `hessian_program` tell the curvature of a loss from second derivatives.
"""

from chainrule.backprop.check import check_direction
from chainrule.backprop.curvature import Estimate, Hessian, hessian_product, hessian_program
from chainrule.backprop.explain import HALF_SQUARED, ErrorTerms, Explanation, Line, Section, explain
from chainrule.backprop.reverse import differentiate
from chainrule.backprop.rules import RULES

__all__ = [
    "HALF_SQUARED",
    "RULES",
    "ErrorTerms",
    "Estimate",
    "Explanation",
    "Hessian",
    "Line",
    "Section",
    "check_direction",
    "differentiate",
    "explain",
    "hessian_product",
    "hessian_program",
]
