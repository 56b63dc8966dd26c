from dataclasses import dataclass

import numpy as np
import pytest
from tests.doctor.programs import HEALTHY, D, S, digits

import chainrule
from chainrule import doctor, nn
from chainrule.data import MemorySource, ragged
from chainrule.doctor import CAUSES, CHECKS
from chainrule.errors import ConfigError, DataError
from chainrule.program import Tensor


def test_sequences_of_different_lengths_and_large_batches_of_a_source():
    random = np.random.default_rng(0)
    y = np.arange(80) % 2
    signals = [random.normal(2.0 * label, 1.0, (random.integers(3, 9), 1)) for label in y]
    found = doctor.check(Listener(nn.GRU(8), D(2)), (ragged(signals), y), loss="cross_entropy")
    assert [str(each) for each in found] == []
    x, labels = digits()
    source = MemorySource({"x": x.astype(np.float32), "y": labels.astype(np.int32)})
    found = doctor.check(S([D(10)]), source, loss="cross_entropy", batch_size=1000)
    assert [each.symptom for each in found] == ["learning_rate", "batch_size"]  # of 100 steps in all
    assert "batch_size_too_large" in found[0].causes


@dataclass(frozen=True)
class Listener(nn.Layer):
    """Sequences of different lengths."""

    cells: nn.Layer
    last: nn.Layer

    def __call__(self, x: dict[str, Tensor]) -> Tensor:
        return self.last(self.cells(x["values"], x["mask"]))


@dataclass(frozen=True)
class TwoHeads(nn.Layer):
    """Two answers from the same inputs."""

    kind: nn.Layer
    size: nn.Layer

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        return {"kind": self.kind(x), "size": self.size(x)}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_in_a_healthy_program(name):
    model, data, settings = HEALTHY[name]()
    found = doctor.check(model, data, **settings)
    assert [str(each) for each in found] == []


@pytest.fixture(scope="module")
def faulty():
    """Softmax twice, zeros, a rate that is far too high, and a column of numbers that is constant."""
    x, y = digits(200)
    zeros = nn.constant(0.0)
    model = S([D(16, "relu", weight=zeros), D(10, "softmax", weight=zeros)])
    x = np.hstack([x, np.ones((200, 1))])
    return doctor.check(model, (x, y), loss="cross_entropy", optimizer=nn.adam(30.0), epochs=30)


def test_problems_come_first_and_name_checks_and_causes(faulty):
    severities = [each.severity for each in faulty]
    assert severities == sorted(severities, reverse=True)
    assert {"output_activation", "symmetric_weights", "constant_inputs"} <= {each.symptom for each in faulty}
    for each in faulty:
        assert each.symptom in CHECKS
        assert each.step is None
        assert set(each.causes) <= set(CAUSES)
        assert each.causes
        assert each.said.endswith(".")
        assert each.said[0].isupper()
        assert each.remedy[0].islower()
        assert not each.remedy.endswith(".")


def test_findings_are_plain_data(faulty):
    for each in faulty:
        assert doctor.Finding.from_plain(each.to_plain()) == each


def test_the_same_training_is_judged_alike():
    model, data, settings = HEALTHY["wines, noisy labels"]()
    settings |= {"optimizer": nn.adam(1e-7)}
    first, second = (doctor.check(model, data, **settings) for _ in range(2))
    assert first == second
    assert first


def test_what_training_refuses_is_refused():
    model = S([D(3)])
    with pytest.raises(DataError, match="NaN or infinite"):
        doctor.check(model, ([[np.nan]], [0]), loss="cross_entropy")
    with pytest.raises(DataError, match="class 3, and the network has 3 outputs"):
        doctor.check(model, (np.ones((4, 2)), [0, 1, 2, 3]), loss="cross_entropy")
    with pytest.raises(ConfigError, match="no loss is given"):
        doctor.check(model, (np.ones((4, 2)), [0, 1, 2, 2]))
    with pytest.raises(ConfigError, match="give validation=0"):
        doctor.check(model, (np.ones((4, 2)), [0, 1, 2, 2]), validation_split=0.2)  # type: ignore[call-arg]


def test_what_training_would_warn_of_is_a_finding_and_no_warning():
    x, y = digits(100)
    found = doctor.check(S([D(10, "softmax")]), (x, y), loss="cross_entropy", epochs=1)
    assert "output_activation" in [each.symptom for each in found]


def test_data_and_weights_stay_as_they_are():
    model, (x, y), settings = HEALTHY["wines, noisy labels"]()
    before = x.copy()
    short = settings | {"epochs": 1, "progress": False}
    fresh = chainrule.train(model, (x, y), **short)
    doctor.check(model, (x, y), **settings)
    again = chainrule.train(model, (x, y), **short)
    assert (x == before).all()
    assert all((fresh.parameters[name] == array).all() for name, array in again.parameters.items())


def test_an_own_objective_a_source_and_several_heads_are_looked_at():
    x, y = digits(100)
    heads = doctor.check(
        TwoHeads(D(10, "softmax"), D(1)),
        (x, {"kind": y, "size": 100 + y[:, None].astype(float)}),
        loss={"kind": "cross_entropy", "size": "mean_squared_error"},
    )
    assert [each.evidence["head"] for each in heads if each.symptom == "output_activation"] == ["kind"]
    source = MemorySource({"x": x.astype(np.float32), "y": y.astype(np.int32)})
    assert doctor.check(S([D(10)]), source, loss="cross_entropy") == []
