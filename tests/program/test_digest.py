"""Programs that are recorded twice have one digest, and any difference gives another."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule import nn
from chainrule.program import Trace, digest_of
from chainrule.training import Batch, Recipe, Supervised, training_step

BATCH = Batch({"x": ((8, 5, 3), "float32"), "y": ((8,), "int32")})
LAYERS = (nn.GRU(4), nn.Dense(6, "relu"), nn.Dropout(0.5), nn.Dense(2))


def step_of(layers=LAYERS, optimizer=None, batch=BATCH):
    recipe = Recipe(Supervised(nn.Sequential(layers), nn.SoftmaxCrossEntropy()), optimizer or nn.adam(0.1))
    return training_step(recipe, batch).program


def test_equal_programs_have_one_digest():
    assert digest_of(step_of()) == digest_of(step_of())
    drawn = (nn.GRU(4), nn.Dense(6, "relu", weight=nn.normal(0.3)), *LAYERS[2:])
    assert digest_of(step_of(drawn)) == digest_of(step_of())


@pytest.mark.parametrize(
    "other",
    [
        step_of(optimizer=nn.adam(0.2)),
        step_of((nn.GRU(5), *LAYERS[1:])),
        step_of((*LAYERS[:2], nn.Dropout(0.25), nn.Dense(2))),
        step_of((nn.GRU(4), nn.Dense(6, "tanh"), *LAYERS[2:])),
        step_of((*LAYERS[:1], nn.Sequential(LAYERS[1:]))),
        step_of(batch=Batch({"x": ((8, 6, 3), "float32"), "y": ((8,), "int32")})),
        replace(step_of(), updates={}),
        replace(step_of(), deltas={}),
        replace(step_of(), outputs={}),
    ],
    ids=["rate", "units", "dropout", "activation", "name", "length", "updates", "deltas", "outputs"],
)
def test_any_difference_gives_another(other):
    assert digest_of(other) != digest_of(step_of())


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), (np.zeros(2), -np.zeros(2)), (np.zeros(2), np.zeros((1, 2)))]
)
def test_numbers_that_compare_equal_are_told_apart_by_their_bits(one, other):
    digests = []
    for number in (one, other):
        trace = Trace()
        y = trace.constant(np.asarray(number, "float32"))
        digests.append(digest_of(trace.program({"y": y.reshape(-1)})))
    assert digests[0] != digests[1]
