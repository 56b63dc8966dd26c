"""More examples would help where half of them teach less; where few are enough there is no such note."""

import numpy as np
import pytest

import chainrule
from chainrule import nn

NETWORK = nn.Sequential([nn.Dense(64, "relu"), nn.Dense(64, "relu"), nn.Dense(2)])


def examples(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of points with 10 columns, of which four tell them apart."""
    x = np.random.default_rng(0).uniform(-1, 1, (count, 10)).astype(np.float32)
    return x, (x[:, 0] + 2 * x[:, 1] * x[:, 2] + 0.5 * np.sin(4 * x[:, 3]) > 0).astype(int)


def trained(doctor, **settings):
    x, y = examples(1160)
    usual = {"optimizer": nn.adam(0.01), "epochs": 60, "batch_size": 16, "validation": (x[:1000], y[:1000])}
    return chainrule.train(
        NETWORK, (x[1000:], y[1000:]), loss="cross_entropy", progress=False, doctor=doctor, **usual | settings
    )


@pytest.mark.parametrize("settings", [{}, {"keep": "best", "patience": 40}])
def test_more_examples_would_help_where_half_of_them_teach_less(settings):
    run = trained("advise", **settings)
    (found,) = [each for each in run.diagnosis if each.symptom == "learning_curve"]
    assert found.severity == "note"
    assert found.causes == ("too_little_data",)
    half, whole = found.evidence["yardstick"]
    assert found.evidence["examples"] == [80, 160]
    assert whole < half
    (trial,) = found.trials
    assert trial.before - trial.after > 3 * trial.error
    assert "More examples would help" in str(found)
    alone = trained(None, **settings)
    for name, array in alone.parameters.items():
        np.testing.assert_array_equal(run.parameters[name], array)


def test_watching_trains_nothing():
    assert "learning_curve" not in [each.symptom for each in trained("watch").diagnosis]
