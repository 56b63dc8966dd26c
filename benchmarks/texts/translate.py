"""Translators: the task's `train` within minutes, and the same network in PyTorch."""

import time
from typing import Any

from benchmarks.texts.pytorch_translator import train_pytorch, translated
from chainrule.tasks.translate import TRANSLATE
from chainrule.tasks.translate.evaluate import metrics_of
from chainrule.tasks.translate.prepare import prepare_pairs
from chainrule.tasks.translate.settings import TranslateSettings


def measure(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """What `chainrule train NAME --minutes M` reaches on the held-out tenth, with some translations.

    seconds: of all, the timing of the first steps and the evaluation included.
    """
    begun = time.perf_counter()
    asked = TranslateSettings(minutes=minutes, seed=seed)
    opened = TRANSLATE.open(source, None, asked, print)
    settings = TRANSLATE.settle(opened, asked, print)
    found = TRANSLATE.train(opened, settings, progress=False, say=print)
    evaluation = found.evaluation
    return evaluation["metrics"] | {
        "most_similar": evaluation["baseline"],
        "signature": evaluation.get("signature"),
        "seconds": time.perf_counter() - begun,
        "network": settings.network,
        "epochs": settings.epochs,
        "samples": evaluation["samples"][:4],
    }


def measure_pytorch(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """The same for the network that chainrule chooses for these minutes, in PyTorch.

    The time to translate the held-out texts is not counted among its minutes, and is among ours.
    """
    asked = TranslateSettings(minutes=minutes, seed=seed)
    opened = TRANSLATE.open(source, None, asked, print)
    settings = TRANSLATE.settle(opened, asked, print)
    prepared = prepare_pairs(opened, settings)
    begun = time.perf_counter()
    network, found = train_pytorch(prepared, settings, minutes)
    texts, right = prepared.held_out()
    tokens = prepared.tokens
    written = translated(network, [tokens.of_source(text) for text in texts], settings, settings.longest + 2)
    metrics = metrics_of([tokens.text(each) for each in written], right, by_symbols=tokens.by_symbols)
    return metrics | found | {"network": settings.network, "seconds": time.perf_counter() - begun}
