"""Steps per second of PPO and SAC with learning, beside stable-baselines3's, and what they learn.

make bench-control. Both get the same environment, number of worlds, rollout, batch, passes, rates and
networks, and as many steps. Times are of learning alone, after everything is made; they take turns, and
medians are told. A time of SAC has its warm-up of random steps in it, on both sides.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.control import play
from chainrule.control.algorithms import ALGORITHMS
from chainrule.control.environments import Environment, environment_of
from chainrule.control.presets import usual_settings
from chainrule.control.worlds import Worlds
from chainrule.tasks.task import settings_of

SPEED = {
    ("ppo", "CartPole-v1"): 20_000,
    ("ppo", "HalfCheetah-v5"): 20_000,
    ("sac", "Pendulum-v1"): 5_000,
    ("sac", "HalfCheetah-v5"): 3_000,
}
"""(algorithm, environment) -> steps of a measurement."""
LEARNED = {
    ("ppo", "CartPole-v1"): 50_000,
    ("sac", "Pendulum-v1"): 20_000,
    ("sac", "HalfCheetah-v5"): 100_000,
}
"""(algorithm, environment) -> steps of a whole run; the last takes long, and --seeds 0 leaves it out."""


def settings_for(algorithm: str, environment: Environment, steps: int) -> Any:
    """The usual ones, with so many steps."""
    usual = usual_settings(algorithm, environment) | {"steps": steps}
    return settings_of(ALGORITHMS[algorithm].settings, usual)


def ours(algorithm: str, name: str, steps: int) -> float:
    """Steps a second of ours."""
    environment = environment_of(name)
    settings = settings_for(algorithm, environment, steps)
    worlds = Worlds(environment, settings.worlds, 0)
    learner = ALGORITHMS[algorithm].learner(worlds, settings, "native")
    worlds.begin()
    start = time.perf_counter()
    while learner.steps < steps:
        learner.learn()
    return learner.steps / (time.perf_counter() - start)


def theirs(algorithm: str, name: str, steps: int) -> float:
    """Steps a second of stable-baselines3's, with our settings."""
    settings = settings_for(algorithm, environment_of(name), steps)
    model = {"ppo": their_ppo, "sac": their_sac}[algorithm](name, settings)
    start = time.perf_counter()
    model.learn(steps)
    return model.num_timesteps / (time.perf_counter() - start)


def their_ppo(name: str, s: Any) -> Any:
    """stable-baselines3's PPO."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize

    worlds: Any = make_vec_env(name, s.worlds, seed=0)
    if s.normalize:
        worlds = VecNormalize(worlds, gamma=s.discount)
    return PPO(
        "MlpPolicy",
        worlds,
        learning_rate=lambda left: s.learning_rate * left,
        n_steps=s.rollout,
        batch_size=s.batch,
        n_epochs=s.epochs,
        gamma=s.discount,
        gae_lambda=s.trace,
        clip_range=s.clip,
        ent_coef=s.entropy,
        vf_coef=s.value,
        max_grad_norm=s.largest_gradient,
        policy_kwargs={
            "net_arch": list(s.hidden),
            "activation_fn": torch.nn.Tanh if s.activation == "tanh" else torch.nn.ReLU,
        },
        device="cpu",
        seed=0,
    )


def their_sac(name: str, s: Any) -> Any:
    """stable-baselines3's SAC, which steps `rollout` times and then takes `updates` batches, as ours does."""
    import torch
    from stable_baselines3 import SAC
    from stable_baselines3.common.env_util import make_vec_env

    return SAC(
        "MlpPolicy",
        make_vec_env(name, s.worlds, seed=0),
        learning_rate=s.learning_rate,
        buffer_size=s.capacity,
        learning_starts=s.warmup,
        batch_size=s.batch,
        tau=s.rate,
        gamma=s.discount,
        train_freq=s.rollout,
        gradient_steps=s.updates,
        ent_coef=f"auto_{s.temperature}",
        policy_kwargs={"net_arch": list(s.hidden), "activation_fn": torch.nn.ReLU},
        device="cpu",
        seed=0,
    )


def floor(name: str, steps: int) -> float:
    """Steps a second of the environment alone, with random actions."""
    environment = environment_of(name)
    worlds = Worlds(environment, 8, 0)
    worlds.begin()
    generator, actions = np.random.default_rng(0), environment.spaces.actions
    discrete = type(actions).__name__ == "Choices"
    drawn = [
        generator.integers(0, actions.count, 8).astype(np.int32)
        if discrete
        else generator.uniform(-1, 1, (8, actions.count)).astype(np.float32)
        for _ in range(64)
    ]
    start = time.perf_counter()
    for each in range(steps // 8):
        worlds.step(drawn[each % 64])
    return steps / (time.perf_counter() - start)


def learned(algorithm: str, name: str, steps: int, seeds: int) -> list[dict[str, float]]:
    """What policies bring in 100 episodes without chance, and the seconds of learning, for each seed."""
    found = []
    for seed in range(seeds):
        played = play(name, {"steps": steps, "seed": seed, "episodes": 100}, algorithm=algorithm)
        figures = played.evaluation["metrics"]
        seconds = played.evaluation["seconds"]
        found.append({"return": figures["return"], "least": figures["least"], "seconds": seconds})
        print(f"  seed {seed}: return {figures['return']:.1f}, {seconds:.1f} s")
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted({name for _, name in SPEED}), help="one environment")
    parser.add_argument("--algorithm", choices=sorted({kind for kind, _ in SPEED}), help="one algorithm")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each")
    parser.add_argument("--seeds", type=int, default=5, help="of what is learned; 0 leaves it out")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    figures: dict[str, Any] = {"processors": os.cpu_count()}
    for (algorithm, name), steps in SPEED.items():
        if given.only not in (None, name) or given.algorithm not in (None, algorithm):
            continue
        pairs = [(ours(algorithm, name, steps), theirs(algorithm, name, steps)) for _ in range(given.turns)]
        mine, other = (statistics.median(each) for each in zip(*pairs, strict=True))
        alone = floor(name, steps)
        print(
            f"{name}, {algorithm}: {mine:,.0f} steps/s with learning, stable-baselines3 {other:,.0f}: "
            f"{mine / other:.1f} times; the environment alone {alone:,.0f}"
        )
        found = {"ours": mine, "stable_baselines3": other, "environment": alone, "pairs": pairs}
        if given.seeds and (algorithm, name) in LEARNED:
            found["learned"] = learned(algorithm, name, LEARNED[algorithm, name], given.seeds)
        figures[f"{algorithm} {name}"] = found
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
