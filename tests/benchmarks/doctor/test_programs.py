"""The programs: drawn deterministically, of every depth, in two splits that share none."""

from dataclasses import replace

import pytest
from benchmarks.doctor.data import DATA
from benchmarks.doctor.network import build
from benchmarks.doctor.programs import FAMILIES, SPLITS, bases, split_of, written
from benchmarks.doctor.training import trained

from chainrule import nn


def test_the_same_name_gives_the_same_program_and_another_variant_another():
    for name in bases():
        assert written(*name) == written(*name)
    assert written("digits", "shallow", 0) != written("digits", "shallow", 1)


def test_programs_differ_in_what_people_write_differently():
    programs = [written(*name) for name in bases()]
    depths = [program.network.depth for program in programs]
    assert min(depths) == 2
    assert max(depths) >= 28
    assert {program.optimizer for program in programs} == {"adam", "adamw", "rmsprop", "momentum"}
    assert {program.keep for program in programs} == {"best", "last"}
    assert {type(program.loss).__name__ for program in programs} == {
        "MeanSquaredError",
        "SoftmaxCrossEntropy",
        "CategoricalCrossEntropyOfProbabilities",
        "BinaryCrossEntropy",
        "BinaryCrossEntropyOfProbabilities",
    }


def test_every_data_set_and_every_family_has_programs_in_both_splits():
    for kind, names in (("data", DATA), ("family", FAMILIES)):
        for name in names:
            found = {split_of(*base) for base in bases() if name in base[:2]}
            assert found == set(SPLITS), f"{kind} {name}"


def test_the_splits_are_the_same_in_every_process():
    assert [split_of("digits", "deep", variant) for variant in range(3)] == ["develop", "final", "develop"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_builds_with_as_many_layers_with_weights_as_it_says(family):
    name = next(base for base in bases() if base[1] == family)
    program = written(*name)
    result = trained(replace(program, epochs=1, examples=replace(program.examples, count=150)))
    assert result.run is not None
    kernels = [each for each in result.run.parameters if each.endswith("weight") and "recurrent" not in each]
    both_ways = 2 if program.network.bidirectional else 1
    cells = len(program.network.widths) if program.network.kind == "recurrent" else 0
    assert len(kernels) == program.network.depth + cells * (both_ways - 1)


def test_activations_of_their_own_change_no_number():
    program = replace(written("sine", "middle", 0), epochs=1)
    one, other = (trained(program, separate=separate).run for separate in (False, True))
    assert one is not None
    assert other is not None
    assert one.history[0]["loss"] == pytest.approx(other.history[0]["loss"], rel=1e-5)


def test_pairs_of_layers_of_one_width_are_passed_by():
    model = build(written("digits", "residual", 0).network)
    assert isinstance(model, nn.Sequential)
    kinds = [type(layer) for layer in model.layers]
    assert kinds[:3] == [nn.Dense, nn.BatchNorm, nn.Activation]
    assert set(kinds[3:-1]) == {nn.Residual}
