"""What every operation means, element by element in plain Python, apart from any executor's code."""

from collections.abc import Callable, Mapping

import numpy as np
from tests.contracts.oracle.alignment import ALIGNMENT
from tests.contracts.oracle.attention import ATTENTION
from tests.contracts.oracle.composites import COMPOSITES
from tests.contracts.oracle.convolution import CONVOLUTION
from tests.contracts.oracle.core import CORE
from tests.contracts.oracle.ordering import ORDERING
from tests.contracts.oracle.pooling import POOLING
from tests.contracts.oracle.recurrent import RECURRENT
from tests.contracts.oracle.resizing import RESIZING
from tests.contracts.oracle.scanning import scan_by

ORACLE: Mapping[str, Callable[..., np.ndarray]] = {
    **CORE,
    **CONVOLUTION,
    **POOLING,
    **ORDERING,
    **RESIZING,
    **COMPOSITES,
    **ATTENTION,
    **RECURRENT,
    **ALIGNMENT,
    "scan": lambda *arrays, **attributes: scan_by(ORACLE, *arrays, **attributes),
}

__all__ = ["ORACLE"]
