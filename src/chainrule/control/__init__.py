"""Control: policies that are learned by acting in an environment, such as gymnasium's.

A task trains on a source of examples and predicts for others. An environment is no such source: its examples
depend on what was learned so far. So control is a package of its own, which uses what tasks share.
"""

from chainrule.control.algorithms import ALGORITHMS, Algorithm
from chainrule.control.dqn import DQN
from chainrule.control.environments import Environment, environment_of
from chainrule.control.frames import watch, write_video
from chainrule.control.playing import PlayRun, load_play, play
from chainrule.control.ppo import PPO
from chainrule.control.presets import PRESETS, usual_settings
from chainrule.control.reinforce import Reinforce
from chainrule.control.sac import SAC
from chainrule.control.settings import (
    DQNSettings,
    PPOSettings,
    ReinforceSettings,
    SACSettings,
    ThroughSettings,
)
from chainrule.control.simulators import SIMULATORS, CartPole, Pendulum, Simulator
from chainrule.control.through import Controller, ThroughSimulator

__all__ = [
    "ALGORITHMS",
    "DQN",
    "PPO",
    "PRESETS",
    "SAC",
    "SIMULATORS",
    "Algorithm",
    "CartPole",
    "Controller",
    "DQNSettings",
    "Environment",
    "PPOSettings",
    "Pendulum",
    "PlayRun",
    "Reinforce",
    "ReinforceSettings",
    "SACSettings",
    "Simulator",
    "ThroughSettings",
    "ThroughSimulator",
    "environment_of",
    "load_play",
    "play",
    "usual_settings",
    "watch",
    "write_video",
]
