"""The faults: each changes what it says and nothing else, in three grades, and can be trained."""

from dataclasses import fields, replace

import pytest
from benchmarks.doctor.faults import FAULTS, GRADES, IMPERFECTIONS, twin_and_faulty
from benchmarks.doctor.programs import Program, bases, hashed, written
from benchmarks.doctor.training import trained

CHANGED = {
    "learning_rate_too_high": {"rate"},
    "learning_rate_too_low": {"rate"},
    "saturating_activation": {"activations", "weight"},
    "initial_weights_too_small": {"weight"},
    "initial_weights_too_large": {"weight"},
    "symmetric_weights": {"weight", "recurrent"},
    "dead_units": {"bias"},
    "unscaled_inputs": {"spread", "offset"},
    "unscaled_targets": {"target_scale", "target_offset"},
    "output_activation": {"output_activation", "loss"},
    "unfit_loss": {"loss", "output_activation", "units"},
    "momentum_too_high": {"momentum"},
    "exploding_recurrence": {"activations", "recurrent", "clip"},
    "too_small_network": {"widths", "head"},
    "overfitting": {"widths", "dropout", "l2", "keep", "patience", "epochs"},
    "too_strong_penalty": {"dropout", "l2"},
    "batch_size_too_large": {"batch_size"},
    "too_few_epochs": {"epochs", "patience"},
    "no_shuffling": {"sorted_in", "shuffle"},
    "class_imbalance": {"weighted"},
    "label_noise": {"label_noise"},
    "missing_normalization": {"normalization", "residual", "activations", "weight"},
    "constant_or_broken_inputs": {"code"},
}


def differing(one: Program, other: Program) -> set[str]:
    """Names of settings, those of network and examples among them."""
    pairs = [(one, other), (one.network, other.network), (one.examples, other.examples)]
    names = {
        field.name
        for first, second in pairs
        for field in fields(first)
        if getattr(first, field.name) != getattr(second, field.name)
    }
    return names - {"network", "examples"}


def test_there_are_at_least_15_kinds():
    assert set(FAULTS) == set(CHANGED)
    assert len(FAULTS) >= 15


@pytest.mark.parametrize("cause", FAULTS)
def test_a_fault_changes_what_it_says_and_each_grade_otherwise(cause):
    found: dict[int, set[Program]] = {grade: set() for grade in GRADES}
    for name in bases():
        for grade in GRADES:
            pair = twin_and_faulty(written(*name), cause, grade)
            if pair is not None:
                twin, faulty = pair
                assert differing(twin, faulty) <= CHANGED[cause], name
                found[grade].add(faulty)
    assert all(found.values())
    assert not found[1] & found[2]
    assert not found[2] & found[3]


@pytest.mark.parametrize("cause", FAULTS)
def test_a_program_with_a_fault_begins_to_train(cause):
    for name in sorted(bases(), key=lambda name: hashed(cause, *name)):
        pair = twin_and_faulty(written(*name), cause, 2)
        if pair is not None:
            result = trained(replace(pair[1], epochs=1), watch=False)
            assert result.run is not None or result.broken
            return
    raise AssertionError("no program can have it")


@pytest.mark.parametrize("name", IMPERFECTIONS)
def test_an_imperfection_changes_something_where_it_can(name):
    programs = [written(*base) for base in bases()]
    imperfect = [IMPERFECTIONS[name](program) for program in programs]
    assert any(each is not None for each in imperfect)
    assert all(each != program for each, program in zip(imperfect, programs, strict=True))


def test_twins_that_a_fault_needs_are_healthy_programs_with_what_it_is_about():
    base = written("clusters", "shallow", 0)
    for data, cause, setting, value in (
        ("clusters", "class_imbalance", "weighted", True),
        ("clusters", "constant_or_broken_inputs", "code", 0.0),
        ("friedman", "overfitting", "count", 375),
    ):
        pair = twin_and_faulty(written(data, "shallow", 0), cause, 1)
        assert pair is not None
        assert getattr(pair[0].examples, setting) == value
    rare = twin_and_faulty(base, "class_imbalance", 3)
    assert rare is not None
    assert rare[0].examples.imbalance == rare[1].examples.imbalance == 60
    assert not rare[1].examples.weighted
