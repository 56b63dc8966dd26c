"""The sampler: TPE, with random numbers that depend on the trial's number alone.

This module needs Optuna to be imported, so the others import it where they use it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState


class NumberedSampler(BaseSampler):
    """Optuna's TPE (Bergstra et al. 2011), drawn from the seed and the trial's number.

    Processes that work on one study share its seed; if each had its own random state, all would draw the same
    values.

    first: values that the first trial takes instead of drawing.
    """

    def __init__(self, seed: int, first: Mapping[str, Any]) -> None:
        self._seed = seed
        self._first = first
        self._taken: Mapping[str, Any] = {}
        self._tpe = TPESampler(seed=seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the random numbers of this trial."""
        seed = np.random.SeedSequence((self._seed, trial.number)).generate_state(1)
        self._tpe = TPESampler(seed=int(seed[0]))
        earlier = (each for each in study.get_trials(deepcopy=False) if each.number < trial.number)
        self._taken = self._first if all(each.state == TrialState.FAIL for each in earlier) else {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that TPE draws together."""
        return {} if self._taken else self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for parameters that are drawn together."""
        return {} if self._taken else self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A value for one parameter."""
        if param_name in self._taken:
            return self._taken[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)
