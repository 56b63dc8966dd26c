from dataclasses import replace

import numpy as np
import pytest
from tests.doctor.programs import D, S, examined, friedman, wine

from chainrule.doctor.comparing import _catches_up, compared


def program(data, **settings):
    given = {"loss": "mean_squared_error", "epochs": 40} | settings
    return examined((S([D(32, "relu"), D(1)]), data, given))


def inputs(patient, x):
    return replace(patient.examples, named={**patient.examples.named, "x": x.astype(np.float32)})


def test_data_that_tell_more_help_and_the_others_do_not():
    x, y = friedman()
    shuffled = np.random.default_rng(0).permutation(x)
    patient = program((shuffled, y))
    result = compared(patient, inputs(patient, x))
    assert result is not None
    assert result.sure
    assert not result.catches_up
    assert result.after > 0.5 > 0.2 > result.before
    back = program((x, y))
    other = compared(back, inputs(back, shuffled))
    assert other is not None
    assert not other.sure
    assert other.tells_nothing


def test_equal_data_are_equal_to_the_bit():
    patient = program(friedman())
    result = compared(patient, patient.examples)
    assert result is not None
    assert result.before == result.after
    assert not result.sure


def test_few_examples_and_few_steps_tell_nothing():
    x, y = friedman()
    few = program((x[:40], y[:40]))
    assert compared(few, few.examples) is None
    short = program((x, y), epochs=2)
    assert compared(short, short.examples) is None
    single = examined((S([D(3)]), (wine()[0], np.zeros(178, int)), {"loss": "cross_entropy"}))
    assert compared(single, single.examples) is None


@pytest.mark.parametrize(
    ("first", "now", "longer", "catches_up"),
    [
        (101.0, 82.0, 11.0, True),  # a tenth of the way in a tenth of the time: sqrt(81 / 100)
        (101.0, 82.0, 8.0, False),
        (101.0, 101.0, 1000.0, False),
        (1.0, 0.8, 5.0, True),  # learned slowly, but four times as much comes to what the other has
        (1.0, 0.9, 5.0, False),
        (2.0, np.inf, 100.0, False),
    ],
)
def test_who_is_on_the_way_may_catch_up(first, now, longer, catches_up):
    assert _catches_up(first, now, 0.2, longer) is catches_up
