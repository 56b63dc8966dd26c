"""What trials cost is counted in steps of the training, by what is computed."""

import numpy as np

from chainrule import nn
from chainrule.data import as_arrays
from chainrule.doctor.costs import cheap_steps, cost_of_example, steps_to_get_ready
from chainrule.training import Programs, Recipe, Supervised
from chainrule.training.attending import Patient
from chainrule.training.supply import supply_of


def patient(
    width: int, *between: nn.Layer, optimizer: nn.Transform | None = None, batch: int = 32
) -> Patient:
    model = nn.Sequential([nn.Dense(width), *between, nn.Dense(3)])
    recipe = Recipe(Supervised(model, nn.SoftmaxCrossEntropy()), optimizer or nn.adam(), batch_size=batch)
    arrays = as_arrays((np.zeros((200, 8)), np.zeros(200, int)), np.float32)
    return Patient(recipe, supply_of(Programs(recipe, "native"), arrays), None)


def test_a_copy_of_a_small_network_costs_about_a_hundred_steps_and_that_of_a_large_one_few():
    small, large = patient(8), patient(8, nn.Dense(4096), nn.Dense(4096))
    assert 50 < steps_to_get_ready(small) <= 100
    assert steps_to_get_ready(large) < 2
    assert cheap_steps(small) > 1000 > 10 > cheap_steps(large)


def test_an_example_costs_more_with_more_layers_a_second_pass_and_in_smaller_batches():
    plain = cost_of_example(patient(64))
    assert cost_of_example(patient(64, nn.BatchNorm())) > 1.2 * plain
    twice = nn.chain(nn.SharpnessAware(), nn.adam())
    assert cost_of_example(patient(64, optimizer=twice)) > 1.3 * plain
    assert cost_of_example(patient(64, batch=8)) > 2 * plain
