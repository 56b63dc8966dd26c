"""Writing on: one token after the other, drawn from what the model expects."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from chainrule.errors import ConfigError
from chainrule.executors import usable_executor
from chainrule.nn.layer import building
from chainrule.program import Program, Trace
from chainrule.tasks.generate.network import LanguageModel
from chainrule.training import Run


class Writer:
    """A model that reads one token after the other, and keeps what it needs of earlier ones.

    A token costs the same at each position. Beyond `context` tokens a transformer forgets the oldest.
    """

    def __init__(self, run: Run) -> None:
        self._model = model_of(run)
        executor, _ = usable_executor(run.executor)
        self._compiled = executor.compile(_program(self._model))
        state = {value.name: np.zeros(value.shape, value.dtype) for value in self._compiled.program.state}
        self._tree: dict[str, np.ndarray] = dict(run.parameters) | state
        self._position = 0

    def read(self, token: int) -> np.ndarray:
        """The scores of the token after this one, (vocabulary,)."""
        inputs: Mapping[str, np.ndarray] = {
            "x": np.array([[token]], np.int32),
            **self._model.place_at(self._position),
        }
        self._position += 1
        return self._compiled.run(self._tree, inputs)["scores"][0, 0]


def write(
    run: Run, prompt: Sequence[int], tokens: int, *, temperature: float, top_p: float, seed: int
) -> Iterator[int]:
    """Tokens that follow a prompt.

    prompt: at least one token. temperature: scores are divided by it, at least 0; 0: always the likeliest
    token. top_p: tokens are drawn from the likeliest whose probabilities together reach it (Holtzman et al.
    2020), above 0 and at most 1. The same seed gives the same tokens.
    """
    if not temperature >= 0:
        raise ConfigError(f"temperature is {temperature}", remedy="give 0 or more, such as 0.8")
    if not 0 < top_p <= 1:
        raise ConfigError(f"top_p is {top_p}", remedy="give a share above 0 and up to 1, such as 0.95")
    writer = Writer(run)
    scores = np.zeros(0)
    for token in prompt:
        scores = writer.read(int(token))
    random = np.random.default_rng(seed)
    for _ in range(tokens):
        token = drawn(scores, temperature, top_p, random)
        yield token
        scores = writer.read(token)


def drawn(scores: np.ndarray, temperature: float, top_p: float, random: np.random.Generator) -> int:
    """A token by its score."""
    if temperature == 0:
        return int(scores.argmax())
    powers = np.exp((scores - scores.max()).astype(np.float64) / temperature)
    share = powers / powers.sum()
    if top_p < 1:
        order = np.argsort(-share, kind="stable")
        kept = order[: int(np.searchsorted(np.cumsum(share[order]), top_p)) + 1]
        masked = np.zeros_like(share)
        masked[kept] = share[kept]
        share = masked / masked.sum()
    return int(min(np.searchsorted(np.cumsum(share), random.random(), side="right"), len(share) - 1))


def model_of(run: Run) -> LanguageModel:
    """The language model of a run of this task."""
    model = run.recipe.objective.model  # type: ignore[attr-defined] (it is Supervised)
    assert isinstance(model, LanguageModel)
    return model


def _program(model: LanguageModel) -> Program:
    """Reads one token more."""
    trace = Trace()
    x = trace.input("x", (1, 1), "int32")
    place = model.place(trace)
    with building(trace, training=False) as built:
        scores = model(x, place=place)
    return trace.program({"scores": scores}, built.updates)
