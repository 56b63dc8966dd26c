import numpy as np
import pytest
from tests.doctor.programs import D, S, digits, examined, images, wine

from chainrule import nn
from chainrule.doctor.seeing import see_the_input, seen_by_weights


def looked_at(model, data):
    return examined((model, data, {"loss": "cross_entropy"}))


def test_the_input_itself():
    x, y = wine()
    for model in (S([D(3)]), S([nn.Flatten(), D(8), D(3)])):
        patient = looked_at(model, (x, y))
        (seen,) = seen_by_weights(patient)
        np.testing.assert_allclose(seen, x, rtol=1e-5)
        assert see_the_input(patient)


def test_what_layers_without_weights_make_of_it():
    x, y = images()
    patient = looked_at(S([nn.Conv2D(4, 3), nn.Flatten(), D(10)]), ((255 * x).astype(np.uint8), y))
    (seen,) = seen_by_weights(patient)
    assert seen.max() == pytest.approx(255)
    x, y = wine()
    patient = looked_at(S([nn.Standardize.of((5 * x + 3).astype(np.float32)), D(3)]), (5 * x + 3, y))
    (seen,) = seen_by_weights(patient)
    assert seen.std() == pytest.approx(1, abs=1e-3)
    assert not see_the_input(patient)


def test_what_a_normalization_with_weights_gets_is_left_out():
    for first in (nn.BatchNorm(), nn.LayerNorm()):
        assert seen_by_weights(looked_at(S([first, D(10)]), digits())) == []


def test_tokens_have_no_scale():
    tokens = np.random.default_rng(0).integers(0, 50, (64, 5))
    patient = looked_at(S([nn.Embedding(50, 4), nn.Flatten(), D(2)]), (tokens, tokens[:, 0] % 2))
    assert seen_by_weights(patient) == []
