import numpy as np
import pytest

from chainrule.control.acting import first_states
from chainrule.control.advantage import advantage_program
from chainrule.executors import EXECUTORS


def advantages(reward, value, next_value, finished, discount, trace, executor="native", tree=None):
    given = {"reward": reward, "value": value, "next_value": next_value, "finished": finished}
    arrays = {name: np.array(each, np.float32) for name, each in given.items()}
    time, worlds = arrays["reward"].shape
    step = advantage_program(time, worlds, discount, trace, scale_rewards=tree is not None)
    tree = {} if tree is None else tree
    tree |= first_states(step, tree, 0)
    return EXECUTORS[executor].compile(step.program).run(tree, arrays)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_three_steps_by_hand(executor):
    """γ = ½, λ = ½: δ = (1 + ½·2 - 1, 0 + ½·4 - 2, 2 + ½·6 - 4) = (1, 0, 1); A = (1 + ¼·¼, ¼, 1)."""
    done = advantages([[1], [0], [2]], [[1], [2], [4]], [[2], [4], [6]], [[0], [0], [0]], 0.5, 0.5, executor)
    np.testing.assert_allclose(done["advantage"][:, 0], [1 + 1 / 16, 1 / 4, 1])
    np.testing.assert_allclose(done["return"][:, 0], [2 + 1 / 16, 2 + 1 / 4, 5])


def test_nothing_flows_from_one_episode_into_that_before():
    """In world 0 the second step ends its episode, in world 1 none does."""
    reward, value = [[1, 1], [1, 1], [100, 1]], [[0, 0], [0, 0], [0, 0]]
    done = advantages(reward, value, np.zeros((3, 2)), [[0, 0], [1, 0], [0, 0]], 1.0, 1.0)
    np.testing.assert_allclose(done["advantage"], [[2, 3], [1, 2], [100, 1]])


def test_with_lambda_1_it_is_the_discounted_return_less_the_value():
    generator = np.random.default_rng(0)
    reward, value = generator.normal(size=(2, 50, 3)).astype(np.float32)
    following = np.concatenate([value[1:], generator.normal(size=(1, 3)).astype(np.float32)])
    done = advantages(reward, value, following, np.zeros((50, 3)), 0.9, 1.0)
    expected, total = np.zeros((50, 3)), following[-1].astype(np.float64)
    for time in range(49, -1, -1):
        total = reward[time] + 0.9 * total
        expected[time] = total
    np.testing.assert_allclose(done["return"], expected, rtol=1e-5, atol=1e-5)


def test_rewards_are_divided_by_the_deviation_of_discounted_sums():
    """Two rollouts; the sums go on from one to the other, and begin anew behind a finished step."""
    generator = np.random.default_rng(1)
    reward = generator.normal(size=(40, 2)).astype(np.float32)
    finished = np.zeros((40, 2), np.float32)
    finished[[7, 19, 20], [0, 1, 0]] = 1
    sums, total = np.zeros((40, 2)), np.zeros(2)
    for time in range(40):
        total = total + reward[time]
        sums[time] = total
        total = total * 0.9 * (1 - finished[time])
    tree: dict[str, np.ndarray] = {}
    none = np.zeros((20, 2))
    for part in (slice(0, 20), slice(20, 40)):
        done = advantages(reward[part], none, none, finished[part], 0.9, 0.0, tree=tree)
    np.testing.assert_allclose(done["advantage"], reward[20:] / sums.std(), rtol=1e-3)
    np.testing.assert_allclose(tree["rewards.mean"], sums.mean(), rtol=1e-3)
