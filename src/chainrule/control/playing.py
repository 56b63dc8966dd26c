"""Learning to act in an environment: from its name to a stored run."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.control.acting import Acting, Player
from chainrule.control.algorithms import ALGORITHMS, CLASSES
from chainrule.control.environments import Environment, Make, environment_of
from chainrule.control.evaluating import evaluate, random_player
from chainrule.control.frames import strip_of
from chainrule.control.learning import Learner, Learning
from chainrule.control.page import PICTURE, play_page, read_strip
from chainrule.control.presets import usual_settings
from chainrule.control.worlds import Worlds
from chainrule.data.files import folder_aside
from chainrule.errors import ConfigError, DataError
from chainrule.executors import DEFAULT, usable_executor
from chainrule.nn.layer import RANDOM_KEY
from chainrule.report.run_page import EVALUATION, REPORT
from chainrule.tasks.storing import read_made, write_json
from chainrule.tasks.task import Say, plain_settings, say_nothing, settings_of
from chainrule.training import Run, load_run
from chainrule.training.folder import CONFIG, check_kind
from chainrule.training.interrupt import deferred_interrupt
from chainrule.training.state import OPTIMIZER, Record
from chainrule.training.state_file import owned

KIND = "play"
"""The kind of run folders of control."""
_RANDOM_EPISODES = 20
Listener = Callable[[Record], None]


@dataclass(frozen=True, eq=False)
class PlayRun:
    """A policy that was learned, with its history.

    run: the recipe, the weights, and a record for each iteration: 'epoch' (its number), 'step' (steps of all
    worlds so far), 'seconds', 'episodes' (finished so far), 'return' and 'length' (means of the last 100
    episodes, with the chance of exploring), 'loss', and numbers of the algorithm. environment: where.
    algorithm, settings: how. evaluation: 'metrics' (return, deviation, least, most, length) of episodes
    without chance, 'baseline' (those of random actions), 'returns' of each episode, 'seconds'. strip: frames
    of an episode side by side, (height, width, 3) uint8; None where the environment can't be drawn.
    """

    run: Run
    environment: Environment
    algorithm: str
    settings: Any
    evaluation: dict[str, Any]
    strip: np.ndarray | None = field(default=None, repr=False)

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        named = {"environment": self.environment.name, "algorithm": self.algorithm}
        return named | plain_settings(self.settings)

    def player(self, rows: int = 1) -> Player:
        """Decides for float32 (rows, features) observations: actions as a policy gives them."""
        objective = self.run.recipe.objective
        assert isinstance(objective, Acting)
        features = self.environment.spaces.features
        return Player(objective, self.run.parameters, rows, features, self.run.executor)

    def act(self, observation: Any) -> Any:
        """The action for one observation, as the environment takes it."""
        spaces = self.environment.spaces
        return spaces.actions.taken(self.player()(spaces.seen(observation)[None]))[0]

    def save(self, folder: Path | str) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        folder = Path(folder)
        with folder_aside(folder) as aside:
            self.run.write(aside, self.config(), KIND)
            write_json(aside / EVALUATION, self.evaluation)
            if self.strip is not None:
                from PIL import Image

                Image.fromarray(self.strip).save(aside / PICTURE, optimize=True)
            page = play_page(self.config(), self.run.history, self.evaluation, folder.name, self.strip)
            (aside / REPORT).write_text(page, encoding="utf-8", errors="backslashreplace")
        return folder


def play(
    environment: str | Make | Environment,
    settings: Any = None,
    *,
    algorithm: str = "ppo",
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    executor: str = DEFAULT,
    say: Say = say_nothing,
) -> PlayRun:
    """Learn to act in an environment, and evaluate the policy on whole episodes.

    environment: a name such as 'CartPole-v1', 'FILE.py:CLASS', or a class or function that makes a
    gymnasium.Env. settings: of the algorithm, such as PPOSettings(); a mapping gives some, and the others are
    the usual ones for the environment, as all are for None. algorithm: a name in ALGORITHMS. checkpoint: a
    file from which an interrupted run goes on with the same bits. listeners: told of the record of every
    iteration. executor: as for chainrule.train. say: called with sentences on what is inferred.

    Ctrl-C ends learning in order. Raises ConfigError and DataError.
    """
    world = environment if isinstance(environment, Environment) else environment_of(environment)
    usual = usual_settings(algorithm, world)
    kind = ALGORITHMS[algorithm]
    if settings is None or isinstance(settings, Mapping):
        settings = settings_of(kind.settings, usual | dict(settings or {}))
    if not isinstance(settings, kind.settings):
        raise ConfigError(
            f"the settings are {type(settings).__name__}, which are not those of {algorithm}",
            remedy=f"give {kind.settings.__name__}",
        )
    say(f"{world.name}: {world.spaces}")
    worlds = Worlds(world, settings.worlds, settings.seed)

    def tell(record: Record) -> None:
        for listener in listeners:
            listener(record)

    try:
        learner = kind.learner(worlds, settings, executor)
        subject = {"environment": world.name, "algorithm": algorithm, **plain_settings(settings)}
        with owned(checkpoint), deferred_interrupt() as interrupted:
            learning = Learning(learner, settings.steps, subject, checkpoint)
            stopped = learning.run(tell, interrupted)
    finally:
        worlds.close()
    return _evaluated(world, algorithm, settings, learner, learning.history, stopped, executor)


def _evaluated(
    world: Environment,
    algorithm: str,
    settings: Any,
    learner: Learner,
    history: list[Record],
    stopped: str,
    executor: str,
) -> PlayRun:
    objective, features = learner.objective, world.spaces.features
    kept = {
        name: array.copy()
        for name, array in learner.tree.items()
        if not name.startswith(OPTIMIZER) and name != RANDOM_KEY
    }

    def player(rows: int) -> Player:
        return Player(objective, kept, rows, features, executor)

    played = evaluate(world, settings.episodes, settings.seed, player)
    guessed = evaluate(
        world, min(_RANDOM_EPISODES, settings.episodes), settings.seed, random_player(world, settings.seed)
    )
    evaluation = {
        "problem": "control",
        "target": world.name,
        "metrics": played.figures(),
        "baseline": guessed.figures(),
        "rows": {"steps": learner.steps, "evaluated episodes": settings.episodes},
        "returns": played.returns.tolist(),
        "seconds": history[-1]["seconds"] if history else 0.0,
    }
    run = Run(
        learner.recipe, kept, history, stopped, 0, learner.batch, executor=usable_executor_name(executor)
    )
    return PlayRun(run, world, algorithm, settings, evaluation, strip_of(world, player(1), settings.seed))


def usable_executor_name(name: str) -> str:
    """The name, once it is known to be one of an executor. Raises ConfigError."""
    usable_executor(name)
    return name


def load_play(
    folder: Path | str, environment: str | Make | None = None, *, executor: str = DEFAULT
) -> PlayRun:
    """The run that `PlayRun.save` wrote.

    environment: in place of the stored name, such as for a class that was given itself. Raises DataError for
    another folder, ConfigError for an environment that is not found.
    """
    folder = Path(folder)
    check_kind(folder, KIND, "give the folder of a run of control")
    run = load_run(folder, CLASSES, executor=executor)
    name, algorithm, settings = read_made(folder / CONFIG, _of_config)
    evaluation = read_made(folder / EVALUATION, json.loads)
    subject = environment_of(environment or name)
    return PlayRun(run, subject, algorithm, settings, evaluation, read_strip(folder))


def _of_config(text: str) -> tuple[str, str, Any]:
    import tomllib

    config = tomllib.loads(text)
    name, algorithm = str(config.pop("environment")), str(config.pop("algorithm"))
    if algorithm not in ALGORITHMS:
        raise DataError(f"it names the algorithm {algorithm!r}, which there is not")
    return name, algorithm, settings_of(ALGORITHMS[algorithm].settings, config)
