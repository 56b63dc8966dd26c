import numpy as np
import pytest

from chainrule.control.environments import environment_of
from chainrule.control.worlds import Worlds, seed_of
from chainrule.errors import ChainruleWarning, DataError


def test_a_finished_episode_is_followed_by_the_next_at_once(corridor):
    worlds = Worlds(environment_of(corridor), 2, 0)
    worlds.begin()
    alone = corridor()
    seen, _ = alone.reset(seed=seed_of(0, 0, 0))
    np.testing.assert_array_equal(worlds.observations[0], seen)
    while not worlds.finished:
        before = worlds.observations.copy()
        stepped = worlds.step(np.ones(2, np.int32))
    done = worlds.finished[0]
    assert stepped.ended[done.world]
    assert not stepped.cut.any()
    np.testing.assert_array_equal(stepped.final[done.world], [1, 1])  # the right end
    np.testing.assert_allclose(before[done.world], [0.75, 1])
    first, _ = corridor().reset(seed=seed_of(0, done.world, 1))
    np.testing.assert_array_equal(worlds.observations[done.world], first)
    assert done.reward == pytest.approx(1 - 0.1 * (done.length - 1))


def test_a_limit_of_time_cuts_and_does_not_end(corridor):
    worlds = Worlds(environment_of(lambda: corridor(limit=3)), 1, 0)
    worlds.begin()
    for _ in range(3):
        stepped = worlds.step(np.zeros(1, np.int32))
    assert stepped.cut.all()
    assert not stepped.ended.any()


@pytest.mark.parametrize("kind", ["corridor", "target"])
def test_unfinished_episodes_are_found_again(kind, request):
    environment = environment_of(request.getfixturevalue(kind))
    generator = np.random.default_rng(0)

    def drawn():
        if kind == "corridor":
            return generator.integers(0, 2, 3).astype(np.int32)
        return generator.normal(size=(3, 1)).astype(np.float32)

    unbroken, other = Worlds(environment, 3, 5), Worlds(environment, 3, 5)
    unbroken.begin()
    for _ in range(47):
        unbroken.step(drawn())
    other.restore(unbroken.state())
    np.testing.assert_array_equal(other.observations, unbroken.observations)
    unbroken.finished.clear()
    for _ in range(60):
        actions = drawn()
        first, second = unbroken.step(actions), other.step(actions)
        np.testing.assert_array_equal(first.reward, second.reward)
        np.testing.assert_array_equal(other.observations, unbroken.observations)
    assert unbroken.finished == other.finished


def test_an_environment_with_chance_of_its_own_begins_anew_and_says_so(corridor):
    class Wild(corridor):
        def step(self, action):
            seen, *rest = super().step(action)
            return seen + np.random.default_rng().normal(size=2), *rest

    worlds = Worlds(environment_of(Wild), 1, 0)
    worlds.begin()
    worlds.step(np.zeros(1, np.int32))
    other = Worlds(environment_of(Wild), 1, 0)
    with pytest.warns(ChainruleWarning, match="Wild did not do the same again .* 1 of 1 unfinished"):
        other.restore(worlds.state())


def test_an_environment_that_raises_is_named_with_the_place(corridor):
    class Broken(corridor):
        def step(self, action):
            if self.steps == 2:
                raise RuntimeError("the door\nis locked")
            return super().step(action)

    worlds = Worlds(environment_of(Broken), 2, 0)
    worlds.begin()
    told = "Broken raised RuntimeError in step 3 of episode 1 of world 1: the door is locked"
    for _ in range(2):
        worlds.step(np.zeros(2, np.int32))
    with pytest.raises(DataError, match=told):
        worlds.step(np.zeros(2, np.int32))
