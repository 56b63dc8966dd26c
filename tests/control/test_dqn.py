import numpy as np
import pytest

from chainrule.control import play
from chainrule.control.dqn import DQN
from chainrule.control.policies import Tower
from chainrule.data import Arrays
from chainrule.errors import ConfigError
from chainrule.nn import sgd
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import initial_tree

ROWS = 16
SMALL = {"worlds": 2, "rollout": 8, "updates": 8, "batch": 32, "hidden": (16,), "episodes": 10, "warmup": 200}


@pytest.mark.parametrize("double", [True, False])
def test_loss_gradients_and_target_are_those_of_pytorch(double):
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    named = {
        "x": generator.normal(size=(ROWS, 4)).astype(np.float32),
        "y.action": generator.integers(0, 3, ROWS).astype(np.int32),
        "y.reward": 2 * generator.normal(size=ROWS).astype(np.float32),
        "y.next": generator.normal(size=(ROWS, 4)).astype(np.float32),
        "y.discount": np.where(np.arange(ROWS) % 4, 0.9, 0).astype(np.float32),
    }
    recipe = Recipe(DQN(Tower(3, (8,)), Tower(3, (8,)), 0.25, double), sgd(1.0))
    programs, arrays = Programs(recipe, "native"), Arrays(named)
    tree = initial_tree(recipe, programs.step(arrays, ROWS))
    before = {name: array.copy() for name, array in tree.items()}
    loss = programs.training(arrays, ROWS).run(tree, named)["loss"]

    weights = {n: torch.tensor(a, requires_grad=True) for n, a in before.items() if "network" in n}
    given = {name: torch.tensor(array) for name, array in named.items()}

    def network(name, x):
        hidden = torch.tanh(x @ weights[f"{name}.dense_1.weight"] + weights[f"{name}.dense_1.bias"])
        return hidden @ weights[f"{name}.dense_2.weight"] + weights[f"{name}.dense_2.bias"]

    later = network("target_network", given["y.next"]).detach()
    chosen = (network("network", given["y.next"]) if double else later).argmax(1)
    target = given["y.reward"] + given["y.discount"] * later[torch.arange(ROWS), chosen]
    taken = network("network", given["x"])[torch.arange(ROWS), given["y.action"].long()]
    expected = torch.nn.functional.huber_loss(taken, target.detach())
    expected.backward()
    assert float(loss) == pytest.approx(expected.item(), rel=1e-5)
    for name, weight in weights.items():
        if name.startswith("target_"):
            moved = before[name] + 0.25 * (before[name.removeprefix("target_")] - before[name])
            np.testing.assert_allclose(tree[name], moved, rtol=1e-5, atol=1e-7)
        else:
            np.testing.assert_allclose(before[name] - tree[name], weight.grad.numpy(), rtol=1e-3, atol=1e-6)


def test_it_learns_the_corridor(corridor):
    settings = {**SMALL, "steps": 4000, "learning_rate": 0.01, "horizon": 2, "rate": 0.05}
    played = play(corridor, settings, algorithm="dqn")
    assert played.evaluation["metrics"]["least"] > 0.3
    assert played.run.history[0]["step"] == 1008
    assert played.run.history[-1]["chance"] == pytest.approx(0.05)


def test_killed_and_resumed_it_ends_with_the_same_bits(corridor, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.control.learning.SECONDS_BETWEEN", 0.0)
    settings = {**SMALL, "steps": 4000, "capacity": 1500, "horizon": 3}
    unbroken = play(corridor, settings, algorithm="dqn")
    path = tmp_path / "state.safetensors"

    def killed(record):
        if record["epoch"] == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play(corridor, settings, algorithm="dqn", checkpoint=path, listeners=[killed])
    resumed = play(corridor, settings, algorithm="dqn", checkpoint=path)
    for name, array in unbroken.run.parameters.items():
        np.testing.assert_array_equal(array, resumed.run.parameters[name], err_msg=name)
    assert unbroken.evaluation["returns"] == resumed.evaluation["returns"]


def test_numbers_are_refused(target):
    with pytest.raises(ConfigError, match="dqn chooses one of a few actions, and Target takes a number"):
        play(target, SMALL, algorithm="dqn")
