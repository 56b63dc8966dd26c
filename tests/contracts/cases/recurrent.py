"""Cases of the recurrent composites: forward and back, masked, one step, none, no examples."""

import numpy as np
from tests.contracts.cases.case import add, spread


def _recurrent() -> None:
    for label, time, batch, units in (
        ("plain", 4, 2, 3),
        ("one_step", 1, 2, 2),
        ("no_steps", 0, 2, 2),
        ("empty", 3, 0, 2),
    ):
        for reverse in (False, True):
            way = f"{label}_{'reverse' if reverse else 'forward'}"
            h, c = spread(batch, units, seed=3), spread(batch, units, seed=4)
            four = spread(time, batch, 4 * units, seed=1), spread(units, 4 * units, seed=2)
            add("lstm", way, *four, h, c, reverse=reverse)
            three = spread(time, batch, 3 * units, seed=1), spread(units, 3 * units, seed=2)
            add("gru", way, *three, spread(3 * units, seed=5), h, reverse=reverse)
    mask = np.arange(4)[:, None] < np.array([2, 4, 0])
    for reverse in (False, True):
        way, h = f"masked_{'reverse' if reverse else 'forward'}", spread(3, 2, seed=3)
        four = spread(4, 3, 8, seed=1), spread(2, 8, seed=2)
        add("lstm", way, *four, h, spread(3, 2, seed=4), mask, reverse=reverse)
        three = spread(4, 3, 6, seed=1), spread(2, 6, seed=2), spread(6, seed=5)
        add("gru", way, *three, h, mask, reverse=reverse)


FAMILIES = (_recurrent,)
