"""Backpropagation: one derivative rule per operation, the reverse pass, the numerical check, `explain`."""

from chainrule.backprop.check import check_direction
from chainrule.backprop.explain import HALF_SQUARED, ErrorTerms, Explanation, Line, Section, explain
from chainrule.backprop.reverse import differentiate
from chainrule.backprop.rules import RULES

__all__ = [
    "HALF_SQUARED",
    "RULES",
    "ErrorTerms",
    "Explanation",
    "Line",
    "Section",
    "check_direction",
    "differentiate",
    "explain",
]
