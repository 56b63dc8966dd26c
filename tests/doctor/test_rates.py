import pytest

from chainrule import nn
from chainrule.doctor.rates import constant_rate


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        (nn.adam(0.003), 0.003),
        (nn.chain(nn.ClipByGlobalNorm(1.0), nn.sgd(0.1)), 0.1),
        (nn.Accumulate(nn.adam(0.02), 4), 0.02),
        (nn.adam(nn.Constant(0.05)), 0.05),
        (nn.adam(nn.OneCycle(0.05, 1000)), None),
        (nn.Partition((("*bias", nn.sgd(0.1)), ("*", nn.sgd(0.2)))), None),
        (nn.LBFGS(), None),
    ],
)
def test_the_one_rate_of_all_steps(optimizer, rate):
    assert constant_rate(optimizer) == rate
