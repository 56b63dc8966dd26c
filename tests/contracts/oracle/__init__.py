"""What every operation means, element by element in plain Python, apart from any executor's code."""

from collections.abc import Callable, Mapping

import numpy as np
from tests.contracts.oracle.core import CORE

ORACLE: Mapping[str, Callable[..., np.ndarray]] = {**CORE}

__all__ = ["ORACLE"]
