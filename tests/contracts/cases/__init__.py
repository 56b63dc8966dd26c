"""Cases for every operation of the language: one step each, with the arguments it is tried on.

The rules are checked against numerical slopes on them, and every executor against `oracle`.
"""

from tests.contracts.cases import (
    alignment,
    attention,
    composites,
    convolution,
    core,
    ordering,
    pooling,
    recurrent,
    resizing,
    scanning,
)
from tests.contracts.cases.case import CASES, Case

_FAMILIES = (
    *(core, convolution, pooling, ordering, resizing, scanning, composites, attention, recurrent),
    alignment,
)
for _family in _FAMILIES:
    for _add_cases in _family.FAMILIES:
        _add_cases()

__all__ = ["CASES", "Case"]
