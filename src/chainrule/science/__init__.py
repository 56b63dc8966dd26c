"""Differential equations, solved by a network whose derivatives stand in the loss (Raissi et al. 2019).

An `Equations` objective holds a network u and terms, such as an equation and its boundary conditions, each on
a set of points. Terms are written with `gradient` and `laplacian`; coefficients may be unknown, and are then
trained along. Any optimizer trains it; `nn.LevenbergMarquardt` in float64 solves small problems to many
digits.
"""

from chainrule.science.derivatives import gradient, laplacian
from chainrule.science.equations import Equations, Fixed, Measured, Term, Unknowns, load
from chainrule.science.points import Box, Resampled, matched

__all__ = [
    "Box",
    "Equations",
    "Fixed",
    "Measured",
    "Resampled",
    "Term",
    "Unknowns",
    "gradient",
    "laplacian",
    "load",
    "matched",
]
