from typing import Any

import numpy as np
import pytest

from chainrule.control import play
from chainrule.control.environments import environment_of
from chainrule.control.simulators import CartPole, Pendulum
from chainrule.control.through import Controller, ThroughSimulator
from chainrule.control.worlds import Worlds
from chainrule.data import Arrays
from chainrule.errors import ConfigError
from chainrule.executors import EXECUTORS
from chainrule.nn import sgd
from chainrule.program import Trace
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import initial_tree


def stepped(simulator, state, action, dtype="float64"):
    """(next states, costs, observations) of one step."""
    trace = Trace()
    given = trace.input("state", state.shape, dtype)
    following, cost = simulator.step(given, trace.input("action", action.shape, dtype))
    program = trace.program({"next": following, "cost": cost, "seen": simulator.observed(given)})
    inputs = {"state": state.astype(dtype), "action": action.astype(dtype)}
    return EXECUTORS["numpy"].compile(program).run({}, inputs)


def test_the_pendulum_is_that_of_gymnasium():
    import gymnasium

    env: Any = gymnasium.make("Pendulum-v1").unwrapped
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(300):
        before, action = np.array(env.state), generator.uniform(-1.5, 1.5, 1)
        seen, reward, *_ = env.step(np.clip(2 * action, -2, 2))
        done = stepped(Pendulum(), before[None], np.clip(action, -1, 1)[None])
        np.testing.assert_allclose(done["next"][0], env.state, rtol=1e-9, atol=1e-12)
        assert done["cost"][0] == pytest.approx(-reward, rel=1e-9)
        after = stepped(Pendulum(), np.array(env.state)[None], action[None])["seen"][0]
        np.testing.assert_allclose(after, seen, rtol=1e-5, atol=1e-6)


def test_the_cart_accelerates_as_that_of_gymnasium():
    """gymnasium moves by the speeds before the step, this one by those after it: the speeds are equal."""
    import gymnasium

    env: Any = gymnasium.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(20):
        state = generator.uniform(-0.2, 0.2, 4)
        env.state = tuple(state)
        push = int(generator.integers(2))
        env.step(push)
        done = stepped(CartPole(), state[None], np.array([[2.0 * push - 1]]))
        np.testing.assert_allclose(done["next"][0, [1, 3]], np.array(env.state)[[1, 3]], rtol=1e-9)


@pytest.mark.parametrize("simulator", [Pendulum(), CartPole()])
def test_the_gradient_through_an_episode_is_the_numerical_slope(simulator):
    """30 steps in float64, along a random direction."""
    objective = ThroughSimulator(Controller(1, (6,)), simulator, 30, 0.95)
    recipe = Recipe(objective, sgd(1.0), dtype="float64")
    generator = np.random.default_rng(2)
    # Not where the pendulum's speed is at its bound, nor near where its angle wraps: there is no slope.
    states = generator.uniform(-0.3, 0.3, (5, simulator.numbers))
    arrays = Arrays({"x": states})
    programs = Programs(recipe, "numpy")
    tree = initial_tree(recipe, programs.step(arrays, 5))
    names = [name for name in tree if not name.startswith("optimizer.")]
    direction = {name: generator.normal(size=tree[name].shape) for name in names}
    run = programs.training(arrays, 5).run

    def loss(shift):
        moved = {n: (a + shift * direction[n] if n in direction else a.copy()) for n, a in tree.items()}
        return float(run(moved, arrays.named)["loss"])

    after = {name: array.copy() for name, array in tree.items()}
    run(after, arrays.named)
    slope = sum(float(((tree[name] - after[name]) * direction[name]).sum()) for name in names)
    step = 1e-5
    assert slope == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-6)


def test_a_controller_learns_through_the_simulator_and_acts_in_the_environment():
    """An update has the gradient of each whole episode."""
    settings = {"steps": 60_000, "worlds": 16, "rollout": 40, "hidden": (16,), "episodes": 10}
    played = play("Pendulum-v1", settings, algorithm="through")
    losses = [record["loss"] for record in played.run.history]
    assert np.mean(losses[-20:]) < 0.95 * np.mean(losses[:10])
    assert played.evaluation["metrics"]["return"] > played.evaluation["baseline"]["return"]


def test_an_environment_without_a_simulator_is_refused(corridor):
    with pytest.raises(ConfigError, match="no differentiable simulator of Corridor"):
        play(corridor, algorithm="through")


def test_worlds_of_the_pendulum_take_the_action_that_the_simulator_takes():
    worlds = Worlds(environment_of("Pendulum-v1"), 1, 0)
    worlds.begin()
    state = np.array(worlds._worlds[0].env.unwrapped.state)
    worlds.step(np.array([[0.5]], np.float32))
    done = stepped(Pendulum(), state[None], np.array([[0.5]]))
    np.testing.assert_allclose(worlds._worlds[0].env.unwrapped.state, done["next"][0], rtol=1e-6)
