"""The rivals' rules on made-up series, and on what a run measured of itself."""

from dataclasses import replace

import pytest
from benchmarks.doctor.outcome import Found
from benchmarks.doctor.programs import written
from benchmarks.doctor.rules import RULES, WATCHED, Seen, found_by, found_by_rules, seen
from benchmarks.doctor.training import trained

GOOD = Seen(
    finite=True,
    epochs=4,
    accuracies=[0.5, 0.8, 0.9, 0.92],
    gradients={"dense_1.weight": [0.1] * 4, "dense_2.weight": [0.1] * 4},
    sizes={"dense_1.weight": 100, "dense_2.weight": 400},
    gradient_zeros=[0.3] * 4,
    updates={"dense_1.weight": [0.01] * 4},
    dead={"activation_1": [0.5] * 4},
    entering={"activation_2": [2.0] * 4},
)
LOW = replace(GOOD, accuracies=[0.3, 0.31, 0.3, 0.33])


def first_gradient(size: float) -> dict[str, list[float]]:
    """The gradients of GOOD, but for the first layer's."""
    return {"dense_1.weight": [size] * 4, "dense_2.weight": [0.1] * 4}


def names(run: Seen) -> list[str]:
    return [found.symptom for found in found_by_rules(run)]


def test_a_good_run_has_no_finding():
    assert names(GOOD) == []


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (replace(GOOD, finite=False), ["autotrainer.exploding_gradient", "deep_diagnosis.not_finite"]),
        (replace(LOW, gradient_zeros=[0.3, 0.7, 0.3, 0.3]), ["autotrainer.dying_relu"]),
        (replace(GOOD, gradient_zeros=[0.9] * 4), []),  # accuracy is fine
        # It is judged first after 2 of 4 epochs, whatever comes later; and no more when it is fine again.
        (
            replace(GOOD, accuracies=[0.3, 0.5, 0.9, 0.92], gradient_zeros=[0.9, 0.3, 0.3, 0.3]),
            ["autotrainer.dying_relu"],
        ),
        (replace(GOOD, accuracies=[0.3, 0.5, 0.9, 0.92], gradient_zeros=[0.3, 0.3, 0.3, 0.9]), []),
        # Norms are 10 and 20 times the root mean squares: the ratio is 0.5 of theirs.
        (
            replace(LOW, gradients=first_gradient(15.0)),
            ["autotrainer.exploding_gradient"],
        ),
        (replace(LOW, gradients=first_gradient(13.0)), []),
        (
            replace(LOW, gradients=first_gradient(8e-6)),
            ["autotrainer.vanishing_gradient"],
        ),
        (replace(LOW, gradients=first_gradient(1.2e-5)), []),  # its norm is 1.2e-4
        (replace(LOW, accuracies=[0.3, 0.305, 0.305, 0.305]), ["autotrainer.slow_convergence"]),
        (
            replace(GOOD, epochs=6, accuracies=[0.8, 0.95, 0.75, 0.95, 0.75, 0.9]),
            ["autotrainer.oscillating_loss"],
        ),
        (replace(GOOD, dead={"activation_1": [0.1, 0.7]}), ["deep_diagnosis.dead_node"]),
        (replace(GOOD, entering={"activation_2": [7.4]}), []),
        (replace(GOOD, entering={"activation_2": [7.5]}), ["deep_diagnosis.saturated_activation"]),
        (
            replace(GOOD, gradients={"dense_1.weight": [9e-8], "dense_2.weight": [0.1]}),
            ["deep_diagnosis.no_gradient"],
        ),
        (replace(GOOD, updates={"dense_1.weight": [0.01, 9e-6]}), ["deep_diagnosis.small_updates"]),
        (replace(GOOD, updates={"dense_1.weight": [0.11]}), ["deep_diagnosis.large_updates"]),
    ],
)
def test_thresholds(run, found):
    assert names(run) == found


def test_each_rival_has_its_own_findings_and_each_rule_names_causes():
    findings = found_by_rules(replace(GOOD, finite=False))
    assert found_by("autotrainer", findings) == (
        Found(
            "autotrainer.exploding_gradient", causes=("learning_rate_too_high", "initial_weights_too_large")
        ),
    )
    assert len(found_by("deep_diagnosis", findings)) == 1
    assert all(rule.causes for rule in RULES.values())


@pytest.mark.parametrize(
    ("data", "family", "dead"),
    [("digits", "middle", 4), ("stripes", "convolutions", 3), ("waves", "simple_cells", 0)],
)
def test_what_a_run_measured_is_read_from_its_history(data, family, dead):
    program = written(data, family, 0)
    network = replace(program.network, activations=len(program.network.widths) * ("relu",))
    program = replace(program, epochs=2, network=network)
    result = trained(program, separate=True, watch=list(WATCHED))
    found = seen(result.run, network, 2, broken=False)
    assert len(found.accuracies) == 2
    assert (len(found.dead) >= dead, len(found.entering)) == (True, 0)
    assert all(size > 0 for sizes in found.gradients.values() for size in sizes)
    assert next(iter(found.gradients)).endswith("_1.weight")
    if dead:
        tanh = replace(network, activations=len(network.widths) * ("tanh",))
        again = seen(result.run, tanh, 2, broken=False)
        assert (len(again.dead), len(again.entering)) == (0, len(found.dead))


def test_a_run_without_an_epoch_is_read_too():
    found = found_by_rules(seen(None, written("digits", "middle", 0).network, 5, broken=True))
    assert [each.symptom for each in found] == ["autotrainer.exploding_gradient", "deep_diagnosis.not_finite"]
