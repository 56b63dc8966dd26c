"""What watching says of answers: each symptom on a training that has it, and on the same one without."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.doctor import programs

import chainrule
from chainrule import nn
from chainrule.doctor.symptoms.answers import memorized


def seen(model: nn.Layer, data: programs.Pair, **settings) -> dict[str, str]:
    """Symptom -> severity."""
    usual = {"loss": "cross_entropy", "epochs": 40, "validation": 0.2, "optimizer": nn.adam(0.003)}
    run = chainrule.train(model, data, doctor="watch", progress=False, **usual | settings)
    return {each.symptom: each.severity for each in run.diagnosis}


def network(classes: int, *between: nn.Layer) -> nn.Layer:
    return nn.Sequential([nn.Dense(32), *between, nn.Activation("relu"), nn.Dense(classes)])


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.3])
def test_wrong_labels_are_seen_where_they_are_no_ordinary_few(share):
    found = seen(network(10), programs.noisy(programs.digits(1797), share))
    assert found.get("wrong_labels") == ("problem" if share > 0.1 else None)


def test_labels_that_are_learned_by_heart_alone_are_a_problem():
    """Half of them are wrong, and a large rate learns them before it has told apart the right ones."""
    data = programs.digits(1797)
    settings = {"optimizer": nn.adam(0.01), "epochs": 64}
    assert seen(network(10), programs.noisy(data, 0.5), **settings)["memorized"] == "problem"
    assert "memorized" not in seen(network(10), programs.noisy(data, 0.1), **settings)


@pytest.mark.parametrize(("scores", "seen"), [((1.2, 0.8, 1.5, 1.9), True), ((1.9, 1.5, 1.2, 0.8), False)])
def test_what_a_network_may_still_learn_is_not_called_memorized(scores, seen):
    """At its best so far only now, it has not shown that it can't tell others apart."""
    course: Any = SimpleNamespace(
        patient=SimpleNamespace(held_out=()),
        surprise={0: np.ones(1)},
        scores=tuple((10 * 2**place, score) for place, score in enumerate(scores)),
        constant=1.0,
        each_trained_on=np.array([0.1]),
    )
    assert bool([*memorized(course)]) == seen


def rare(share: float) -> programs.Pair:
    random = np.random.default_rng(0)
    y = (random.random(3000) < share).astype(np.int64)
    return random.normal(size=(3000, 5)) + 1.2 * y[:, None], y


def test_classes_that_are_given_up_are_seen():
    assert "given_up_classes" in seen(network(2), rare(0.02))
    assert "given_up_classes" not in seen(network(2), rare(0.5))


def test_what_is_known_by_heart_is_a_note():
    x, y = rare(0.5)
    random = np.random.default_rng(1)
    alone = random.normal(size=(200, 60)), random.integers(0, 2, 200)
    assert seen(network(2), alone, batch_size=16)["known_by_heart"] == "note"
    assert "known_by_heart" not in seen(network(2), (x, y))


def test_running_averages_that_lag_are_seen():
    data = programs.digits(1797)
    x, y = data[0] * 50 + 100, data[1]
    lagging, usual = (nn.BatchNorm(momentum=momentum) for momentum in (0.9999, 0.9))
    assert "batch_statistics" in seen(network(10, lagging), (x, y), epochs=6)
    assert "batch_statistics" not in seen(network(10, usual), (x, y), epochs=6)
