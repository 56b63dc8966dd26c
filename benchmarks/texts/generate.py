"""Language models: the task's `train` within minutes, and the same network in PyTorch."""

import time
from typing import Any

from benchmarks.texts.pytorch_decoder import tokens_per_second, train_pytorch
from chainrule.tasks.generate import GENERATE
from chainrule.tasks.generate.prepare import prepare_text
from chainrule.tasks.generate.settings import GenerateSettings
from chainrule.tasks.generate.writing import write

WRITTEN = 500
"""Tokens that are written to time it."""


def measure(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """The loss on the held-out tenth, as `chainrule train FILE --task generate --minutes M -s validation=0`.

    seconds: of all, the timing of the first steps and the evaluation included. tokens_per_second: of
    training; written_per_second: of writing.
    """
    begun = time.perf_counter()
    opened = GENERATE.open(source, None, GenerateSettings(), print)
    settings = GENERATE.settle(opened, _settings(minutes, seed), print)
    found = GENERATE.train(opened, settings, progress=False, say=print)
    seconds = time.perf_counter() - begun
    trained = found.evaluation["rows"]["train"] * settings.epochs * settings.context
    tokens = found.pieces.tokens("\n").tolist()
    clock = time.perf_counter()
    list(write(found.run, tokens, WRITTEN, temperature=0.8, top_p=1.0, seed=seed))
    return {
        "loss": found.evaluation["metrics"]["loss"],
        "counts": found.evaluation["baseline"]["loss"],
        "seconds": seconds,
        "network": settings.network,
        "epochs": settings.epochs,
        "tokens_per_second": trained / found.evaluation["seconds"],
        "written_per_second": WRITTEN / (time.perf_counter() - clock),
        "sample": found.evaluation["samples"][0],
    }


def measure_pytorch(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """The same for the network that chainrule chooses for these minutes, in PyTorch."""
    opened = GENERATE.open(source, None, GenerateSettings(), print)
    settings = GENERATE.settle(opened, _settings(minutes, seed), print)
    prepared = prepare_text(opened, settings)
    found = train_pytorch(prepared, settings, minutes)
    network = found.pop("network")
    prompt = prepared.pieces.tokens("\n").tolist()
    return found | {"written_per_second": tokens_per_second(network, prompt, WRITTEN, seed)}


def _settings(minutes: float, seed: int) -> GenerateSettings:
    # As nanoGPT: the first 90 % to train, none of it to watch training, on either side.
    return GenerateSettings(minutes=minutes, seed=seed, validation=0.0)
