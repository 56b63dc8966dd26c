"""Drawing tokens by their scores, and writing on after a prompt."""

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.tasks.generate.writing import drawn

SCORES = np.log(np.array([0.1, 0.5, 0.15, 0.25]))


def drawn_many(temperature: float, top_p: float, times: int = 4000) -> np.ndarray:
    random = np.random.default_rng(0)
    found = [drawn(SCORES, temperature, top_p, random) for _ in range(times)]
    return np.bincount(found, minlength=4) / times


def test_tokens_are_drawn_by_their_probabilities():
    assert np.allclose(drawn_many(1.0, 1.0), [0.1, 0.5, 0.15, 0.25], atol=0.03)
    powers = np.array([0.1, 0.5, 0.15, 0.25]) ** 2
    assert np.allclose(drawn_many(0.5, 1.0), powers / powers.sum(), atol=0.03)


def test_rare_tokens_are_not_drawn_below_the_share():
    assert np.allclose(drawn_many(1.0, 0.7), [0, 2 / 3, 0, 1 / 3], atol=0.03)
    assert drawn_many(1.0, 0.5).tolist() == [0, 1, 0, 0]
    assert drawn_many(1.0, 1e-9).tolist() == [0, 1, 0, 0]


def test_without_temperature_the_likeliest_is_taken():
    assert drawn_many(0.0, 1.0, 20).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("scores", [[np.inf * -1, 0.0], [1e30, -1e30], [0.0, 0.0]])
def test_extreme_scores_give_tokens(scores: list[float]):
    assert drawn(np.array(scores), 1.0, 0.9, np.random.default_rng(1)) in (0, 1)


def test_what_is_out_of_range_is_named():
    from chainrule.tasks.generate.writing import write

    for wrong in ({"temperature": -1.0, "top_p": 1.0}, {"temperature": 1.0, "top_p": 0.0}):
        with pytest.raises(ConfigError, match=r"temperature is -1|top_p is 0"):
            next(write(None, [0], 1, seed=0, **wrong))  # type: ignore[arg-type] (it is not reached)
