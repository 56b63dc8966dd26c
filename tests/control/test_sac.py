import numpy as np
import pytest

from chainrule.control import load_play, play
from chainrule.control.policies import SquashedGaussianPolicy, Tower
from chainrule.control.sac import SAC, Temperature
from chainrule.data import Arrays
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.executors import EXECUTORS
from chainrule.nn import sgd
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace
from chainrule.program import functions as f
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import initial_tree

ROWS, FEATURES, ACTIONS = 16, 4, 2
SMALL = {
    **{"worlds": 2, "rollout": 8, "updates": 8, "batch": 32, "hidden": (16,), "episodes": 10, "warmup": 200},
    **{"learning_rate": 0.01, "discount": 0.5},
}


def noise(key, stream):
    """ε of the program: the bits that the language specifies, by the transform of Box and Muller."""
    trace = Trace()
    given = trace.input("key", (2,), "uint32")
    bits = {str(n): f.random_bits(given, (ROWS, ACTIONS), 2 * stream + n) for n in range(2)}
    drawn = EXECUTORS["numpy"].compile(trace.program(bits)).run({}, {"key": key})
    first, second = ((drawn[n].astype(np.float64) + 0.5) * 2.0**-32 for n in "01")
    return (np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)).astype(np.float32)


def test_loss_gradients_and_targets_are_those_of_pytorch():
    """Three losses, each differentiated by its own networks alone, with torch.distributions."""
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    named = {
        "x": generator.normal(size=(ROWS, FEATURES)).astype(np.float32),
        "y.action": generator.uniform(-1, 1, (ROWS, ACTIONS)).astype(np.float32),
        "y.reward": 2 * generator.normal(size=ROWS).astype(np.float32),
        "y.next": generator.normal(size=(ROWS, FEATURES)).astype(np.float32),
        "y.discount": np.where(np.arange(ROWS) % 4, 0.9, 0).astype(np.float32),
    }
    critics = [Tower(1, (8,)) for _ in range(4)]
    policy = SquashedGaussianPolicy(ACTIONS, (8,), "tanh")
    objective = SAC(policy, *critics, temperature=Temperature(0.3), entropy=-1.5, rate=0.25)
    recipe = Recipe(objective, sgd(1.0))
    programs, arrays = Programs(recipe, "native"), Arrays(named)
    tree = initial_tree(recipe, programs.step(arrays, ROWS))
    for name in [n for n in tree if n.startswith("policy")]:
        tree[name] += 0.5 * np.sin(np.arange(tree[name].size)).reshape(tree[name].shape).astype(np.float32)
    before = {name: array.copy() for name, array in tree.items()}
    loss = programs.training(arrays, ROWS).run(tree, named)["loss"]

    trained = [
        name for name in before if name.removeprefix("target_").startswith(("critic", "policy", "temp"))
    ]
    weights = {name: torch.tensor(before[name], requires_grad=True) for name in trained}
    given = {name: torch.tensor(array) for name, array in named.items()}

    def tower(name, x):
        hidden = torch.tanh(x @ weights[f"{name}.dense_1.weight"] + weights[f"{name}.dense_1.bias"])
        return hidden @ weights[f"{name}.dense_2.weight"] + weights[f"{name}.dense_2.bias"]

    def drawn(x, stream):
        mean, log_deviation = tower("policy.tower_1", x).chunk(2, -1)
        normal = torch.distributions.Normal(mean, log_deviation.clamp(-20, 2).exp())
        squashed = torch.distributions.TransformedDistribution(
            normal, torch.distributions.transforms.TanhTransform(cache_size=1)
        )
        action = torch.tanh(mean + normal.stddev * torch.tensor(noise(before[RANDOM_KEY], stream)))
        return action, squashed.log_prob(action).sum(-1)

    def value(name, x, action):
        return tower(name, torch.cat([x, action], -1))[:, 0]

    def least(prefix, x, action):
        return torch.min(*(value(f"{prefix}critic_{n}", x, action) for n in (1, 2)))

    def of(prefix):
        return [weight for name, weight in weights.items() if name.startswith(prefix)]

    temperature = weights["temperature.log"].exp()
    action, log_probability = drawn(given["y.next"], 0)
    soft = least("target_", given["y.next"], action) - temperature * log_probability
    target = (given["y.reward"] + given["y.discount"] * soft).detach()
    errors = [value(f"critic_{n}", given["x"], given["y.action"]) - target for n in (1, 2)]
    losses = {"critic": 0.5 * ((errors[0] ** 2).mean() + (errors[1] ** 2).mean())}
    action, log_probability = drawn(given["x"], 1)
    losses["policy"] = (temperature.detach() * log_probability - least("", given["x"], action)).mean()
    losses["temperature"] = -(temperature * (log_probability.detach() - 1.5)).mean()
    assert float(loss) == pytest.approx(sum(each.item() for each in losses.values()), rel=1e-4)
    for prefix, each in losses.items():
        names = [name for name in weights if name.startswith(prefix)]
        for name, slope in zip(names, torch.autograd.grad(each, of(prefix), retain_graph=True), strict=True):
            np.testing.assert_allclose(before[name] - tree[name], slope.numpy(), rtol=2e-3, atol=2e-5)
    for name in [n for n in tree if n.startswith("target_")]:
        moved = before[name] + 0.25 * (before[name.removeprefix("target_")] - before[name])
        np.testing.assert_allclose(tree[name], moved, rtol=1e-5, atol=1e-7)


def test_it_answers_by_what_it_is_shown_and_is_kept(target, tmp_path):
    played = play(target, {**SMALL, "steps": 3000}, algorithm="sac")
    assert played.evaluation["metrics"]["return"] > -0.5
    assert played.evaluation["baseline"]["return"] < -5
    assert played.act([0.5])[0] == pytest.approx(0.5, abs=0.25)
    first, last = (played.run.history[place]["temperature"] for place in (0, -1))
    assert last < first
    loaded = load_play(played.save(tmp_path / "run"), target)
    assert loaded.act([0.5]) == played.act([0.5])
    assert loaded.run.recipe == played.run.recipe


def test_killed_and_resumed_it_ends_with_the_same_bits(target, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.control.learning.SECONDS_BETWEEN", 0.0)
    settings = {**SMALL, "steps": 4000, "capacity": 1500}
    unbroken = play(target, settings, algorithm="sac")
    path = tmp_path / "state.safetensors"

    def killed(record):
        if record["epoch"] == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play(target, settings, algorithm="sac", checkpoint=path, listeners=[killed])
    resumed = play(target, settings, algorithm="sac", checkpoint=path)
    for name, array in unbroken.run.parameters.items():
        np.testing.assert_array_equal(array, resumed.run.parameters[name], err_msg=name)
    assert unbroken.evaluation["returns"] == resumed.evaluation["returns"]


def test_choices_and_numbers_without_bounds_are_refused(corridor, target):
    with pytest.raises(ConfigError, match="sac chooses numbers, and Corridor takes one of 2 actions"):
        play(corridor, SMALL, algorithm="sac")

    class Endless(target):
        def __init__(self):
            super().__init__()
            self.action_space = type(self.action_space)(-np.inf, np.inf, (1,), np.float32)

    with pytest.raises(ConfigError, match="numbers within bounds, and Endless takes some without"):
        play(Endless, SMALL, algorithm="sac")


def test_what_is_not_finite_ends_learning_with_one_line(target):
    class Lost(target):
        def step(self, action):
            seen, *rest = super().step(action)
            return np.full_like(seen, np.nan) if self.steps == 5 else seen, *rest

    with pytest.raises(DataError, match="not finite"):
        play(Lost, SMALL, algorithm="sac")


def test_a_loss_that_is_lost_is_not_blamed_on_the_environment(target):
    with pytest.raises(TrainingError, match="lower the learning rate"):
        play(target, {**SMALL, "steps": 4000, "learning_rate": 1e30}, algorithm="sac")
