from typing import Any

import numpy as np
import pytest
from scipy import stats

from chainrule.control.policies import CategoricalPolicy, GaussianPolicy, Tower
from chainrule.control.ppo import PPO
from chainrule.data import Arrays
from chainrule.nn import sgd
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import initial_tree

torch = pytest.importorskip("torch")
ROWS, FEATURES = 32, 5


def batch(policy):
    generator = np.random.default_rng(3)
    discrete = isinstance(policy, CategoricalPolicy)
    action = (
        generator.integers(0, policy.actions, ROWS).astype(np.int32)
        if discrete
        else generator.normal(size=(ROWS, policy.actions)).astype(np.float32)
    )
    named = {"x": generator.normal(size=(ROWS, FEATURES)), "y.action": action}
    # Far enough from the present policy that many ratios are beyond the bounds, on either side.
    near: Any = stats.norm(0, np.exp(-0.4))
    start = -np.log(policy.actions) if discrete else near.logpdf(action).sum(-1)
    named["y.log_probability"] = start + generator.normal(size=ROWS) * 0.4
    for name in ("advantage", "return", "value"):
        named[f"y.{name}"] = generator.normal(size=ROWS)
    return {n: a if a.dtype == np.int32 else a.astype(np.float32) for n, a in named.items()}


def ours(objective, named):
    """The loss, the weights, and their gradients: those of a step of gradient descent at rate 1."""
    recipe = Recipe(objective, sgd(1.0), seed=1)
    programs, arrays = Programs(recipe, "native"), Arrays(named)
    tree = initial_tree(recipe, programs.step(arrays, ROWS))
    before = {}
    for name, array in tree.items():
        if not name.startswith("optimizer."):
            array += 0.1 * np.sin(np.arange(array.size)).reshape(array.shape).astype(array.dtype)
            before[name] = array.copy()
    loss = programs.training(arrays, ROWS).run(tree, named)["loss"]
    return float(loss), before, {name: before[name] - tree[name] for name in before}


def tower(weights, name, x):
    for number in (1, 2, 3):
        x = x @ weights[f"{name}.dense_{number}.weight"] + weights[f"{name}.dense_{number}.bias"]
        x = torch.tanh(x) if number < 3 else x
    return x


@pytest.mark.parametrize("clip_value", [None, 0.3])
@pytest.mark.parametrize(
    "policy", [CategoricalPolicy(3, (8, 8)), GaussianPolicy(2, (8, 8), log_deviation=-0.5)]
)
def test_loss_and_gradients_are_those_of_pytorch(policy, clip_value):
    """Written anew from equations 7 and 9 of the paper with torch.distributions."""
    objective = PPO(policy, Tower(1, (8, 8)), clip_value=clip_value, value=0.7, entropy=0.05)
    named = batch(policy)
    loss, before, gradients = ours(objective, named)
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in before.items()}
    given = {name: torch.tensor(array) for name, array in named.items()}
    said = tower(weights, "policy.tower_1", given["x"])
    if isinstance(policy, CategoricalPolicy):
        known = torch.distributions.Categorical(logits=said)
        log_probability, entropy = known.log_prob(given["y.action"]), known.entropy()
    else:
        known = torch.distributions.Normal(said, weights["policy.log_deviation"].exp())
        log_probability, entropy = known.log_prob(given["y.action"]).sum(-1), known.entropy().sum(-1)
    ratio = (log_probability - given["y.log_probability"]).exp()
    assert 0.2 < ((ratio - 1).abs() > 0.2).float().mean() < 1
    advantage = given["y.advantage"]
    advantage = (advantage - advantage.mean()) / advantage.std(correction=0)
    gain = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    value = tower(weights, "critic", given["x"])[:, 0]
    error = (value - given["y.return"]) ** 2
    if clip_value is not None:
        near = given["y.value"] + (value - given["y.value"]).clamp(-clip_value, clip_value)
        error = torch.max(error, (near - given["y.return"]) ** 2)
    expected = 0.7 * error.mean() - gain - 0.05 * entropy.mean()
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for name, weight in weights.items():
        np.testing.assert_allclose(gradients[name], weight.grad.numpy(), rtol=2e-3, atol=2e-6, err_msg=name)
