import numpy as np
import pytest

from chainrule.control.replay import Replay
from chainrule.errors import DataError

NONE = np.zeros(1, bool)
ALL = np.ones(1, bool)


def filled(n, finished, ended, capacity=10):
    """Step t shows t, takes action t, gives 10^t and then shows t + 1; γ = ½."""
    replay = Replay(capacity, 1, 1, np.zeros(1, np.int32), 0.5, n)
    for time, (is_finished, is_ended) in enumerate(zip(finished, ended, strict=True)):
        at = np.full((1, 1), time, np.float32)
        reward = np.full(1, 10.0**time, np.float32)
        action = np.full(1, time, np.int32)
        replay.add(at, action, reward, at + 1, ALL if is_ended else NONE, ALL if is_finished else NONE)
    return replay


def test_one_step():
    named = filled(1, [0, 0, 1, 0], [0, 0, 1, 0]).examples().named
    np.testing.assert_array_equal(named["y.reward"][:4], [1, 10, 100, 1000])
    np.testing.assert_array_equal(named["y.next"][:4, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(named["y.discount"][:4], [0.5, 0.5, 0, 0.5])
    np.testing.assert_array_equal(named["y.action"][:4], [0, 1, 2, 3])


def test_three_steps_by_hand():
    """Those near the end of what was done have fewer."""
    named = filled(3, [0] * 5, [0] * 5).examples().named
    np.testing.assert_array_equal(named["y.reward"][:5], [1 + 5 + 25, 310, 3100, 1000 + 5000, 10_000])
    np.testing.assert_array_equal(named["y.next"][:5, 0], [3, 4, 5, 5, 5])
    np.testing.assert_array_equal(named["y.discount"][:5], [1 / 8, 1 / 8, 1 / 8, 1 / 4, 1 / 2])


@pytest.mark.parametrize("ended", [True, False])
def test_no_reward_of_the_next_episode_counts(ended):
    """Step 1 finishes its episode: by its own way nothing is to be had then, by a cut the value of 2 is."""
    named = filled(3, [0, 1, 0, 0, 0], [0, ended, 0, 0, 0]).examples().named
    np.testing.assert_array_equal(named["y.reward"][:3], [1 + 5, 10, 100 + 500 + 2500])
    np.testing.assert_array_equal(named["y.next"][:3, 0], [2, 2, 5])
    np.testing.assert_array_equal(named["y.discount"][:3], [0, 0, 1 / 8] if ended else [1 / 4, 1 / 2, 1 / 8])


def test_the_oldest_are_overwritten_and_a_restored_one_is_equal():
    replay = filled(2, [0] * 7, [0] * 7, capacity=4)
    assert len(replay) == 4
    np.testing.assert_array_equal(np.sort(replay.examples().named["x"][:, 0]), [3, 4, 5, 6])
    other = Replay(4, 1, 1, np.zeros(1, np.int32), 0.5, 2)
    other.restore(replay.arrays())
    for each in (replay, other):
        each.add(np.full((1, 1), 7.0), np.full(1, 7), np.ones(1), np.full((1, 1), 8.0), NONE, NONE)
    for name, array in replay.examples().named.items():
        np.testing.assert_array_equal(array, other.examples().named[name])


def test_what_is_not_finite_is_refused():
    replay = Replay(4, 1, 1, np.zeros(1, np.int32), 0.5, 2)
    with pytest.raises(DataError, match="not finite"):
        replay.add(np.zeros((1, 1)), np.zeros(1), np.ones(1), np.full((1, 1), np.nan), NONE, NONE)
