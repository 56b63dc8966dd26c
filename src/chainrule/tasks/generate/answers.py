"""What a language model writes, and what it expects of other texts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chainrule.backprop import Explanation
from chainrule.errors import ConfigError
from chainrule.nn.settings import check_number, check_whole
from chainrule.tasks.generate.opening import open_text
from chainrule.tasks.generate.run import GenerateRun, load_generate_run
from chainrule.tasks.generate.writing import Writer, write
from chainrule.tasks.task import Command, Option, Predictions, Say, TaskRun

_MOST_READ = 100_000


def predict(generate_run: GenerateRun, source: str | None, say: Say) -> Predictions:
    """How well the model expects the characters of a text: its tokens, each with its loss in nats.

    The first 100,000 tokens are read. Raises ConfigError without a source.
    """
    import numpy as np
    import pandas as pd

    if source is None:
        raise ConfigError(
            "there is no text to predict", remedy="name a file; to write on, use chainrule generate RUN"
        )
    pieces = generate_run.pieces
    tokens = np.concatenate([pieces.tokens(part) for part in open_text(source, None).parts()])[:_MOST_READ]
    writer = Writer(generate_run.run)
    losses = []
    for token, after in zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True):
        scores = writer.read(token).astype(np.float64)
        losses.append(np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[after])
    return Predictions(
        pd.DataFrame({"token": [pieces.text([int(token)]) for token in tokens[1:]], "loss": losses})
    )


def _write(folder: Path, values: Mapping[str, Any], out: Callable[[str], None], say: Say) -> None:
    """Write on, as it comes."""
    check_whole("generate", "tokens", values["tokens"], at_least=0)
    check_whole("generate", "seed", values["seed"], at_least=0)
    for name in ("temperature", "top_p"):
        check_number("generate", name, values[name], at_least=0)
    found = load_generate_run(folder)
    pieces = found.pieces
    prompt = str(values["prompt"])
    unknown = pieces.unknown(prompt)
    if unknown:
        say(f"left out of the prompt: {unknown!r}, which the text of training does not have")
        prompt = "".join(letter for letter in prompt if letter not in unknown)
    tokens = pieces.tokens(prompt or "\n").tolist()
    if prompt:
        out(prompt)
    held: list[int] = []
    for token in write(
        found.run,
        tokens,
        int(values["tokens"]),
        temperature=float(values["temperature"]),
        top_p=float(values["top_p"]),
        seed=int(values["seed"]),
    ):
        held.append(token)
        text = pieces.text(held)
        if not text.endswith("\ufffd") or len(held) > 4:  # else a character is not whole yet
            out(text)
            held = []
    out("\n")


COMMAND = Command(
    meaning="Write on after a prompt, token by token, as the run of a language model expects.",
    answer=_write,
    options={
        "prompt": Option("--prompt TEXT", "the text to continue; none: a new line", ""),
        "tokens": Option("--tokens N", "how many tokens to write", 500),
        "temperature": Option(
            "--temperature T", "above 1 for bolder text, below 1 for likelier; 0: the likeliest", 0.8
        ),
        "top_p": Option("--top-p SHARE", "draw from the likeliest tokens that make up this share", 0.95),
        "seed": Option("--seed N", "the same seed gives the same text", 0),
    },
)


def explain(task_run: TaskRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of a transformer has too many numbers to read."""
    count = sum(array.size for array in task_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
