import pytest

from chainrule import nn
from chainrule.doctor.rates import is_constant, rate_of


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        (nn.adam(0.003), 0.003),
        (nn.chain(nn.ClipByGlobalNorm(1.0), nn.sgd(0.1)), 0.1),
        (nn.Accumulate(nn.adam(0.02), 4), 0.02),
        (nn.adam(nn.OneCycle(0.05, 1000)), 0.05),
        (nn.sgd(nn.CosineDecay(0.2, 1000)), 0.2),
        (nn.Partition((("*bias", nn.sgd(0.1)), ("*", nn.sgd(0.2)))), None),
    ],
)
def test_the_highest_rate_of_all_steps(optimizer, rate):
    assert rate_of(optimizer, 1000) == (None if rate is None else pytest.approx(rate, rel=0.02))


def test_what_is_constant():
    assert is_constant(nn.adam(0.003))
    assert not is_constant(nn.adam(nn.CosineDecay(0.003, 10)))
