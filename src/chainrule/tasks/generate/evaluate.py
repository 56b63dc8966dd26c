"""The evaluation of a language model on the held-out text, beside counts of n-grams."""

from collections.abc import Mapping
from math import exp, log
from typing import Any

import numpy as np

from chainrule.tasks.generate.kneser_ney import KneserNey
from chainrule.tasks.generate.prepare import PreparedText
from chainrule.tasks.generate.writing import write
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

COUNTED = 20_000_000
"""The most tokens that n-grams are counted in, the last before those held out."""
EVALUATED = 1_000_000
"""The most held-out tokens that are predicted."""
LONGEST = (4, 5, 6, 7)
"""n-grams of the baseline; the length that predicts the end of the training text best is taken."""
SAMPLES, SAMPLE_TOKENS = 3, 400


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return f"counts of {evaluation.get('n_grams', 5)}-grams"


def evaluate(run: Run, prepared: PreparedText) -> dict[str, Any]:
    """The evaluation on the held-out text, with samples of what the model writes."""
    _, start, stop = prepared.ends
    test = prepared.test_of(EVALUATED)
    loss = run.evaluate(test)["loss"]
    counted, longest = counts(prepared)
    held_out = prepared.stream.read(start, min(stop, start + EVALUATED))
    baseline = float(counted.losses(held_out).mean())
    shorter = prepared.characters / len(prepared.stream)
    return {
        "problem": "language model",
        "metrics": _metrics(loss, shorter),
        "baseline": _metrics(baseline, shorter),
        "n_grams": longest,
        "target": prepared.text.target,
        "samples": samples(run, prepared),
        "rows": {part: len(each) for part, each in prepared.rows.items()},
        **training_facts(run),
    }


def counts(prepared: PreparedText) -> tuple[KneserNey, int]:
    """The counts of the training text, and the length of their n-grams."""
    first, last = 0, prepared.ends[0]
    tokens = prepared.stream.read(max(first, last - COUNTED), last)
    cut = len(tokens) * 9 // 10
    vocabulary = len(prepared.pieces)
    tried = {
        longest: KneserNey.of(tokens[:cut], vocabulary, longest).losses(tokens[cut:]).mean()
        for longest in LONGEST
    }
    longest = min(tried, key=tried.__getitem__)
    return KneserNey.of(tokens, vocabulary, longest), longest


def samples(run: Run, prepared: PreparedText) -> list[list[str]]:
    """Texts that the model writes, each after a few words that were held out."""
    length = min(32, prepared.settings.context // 2)
    _, start, stop = prepared.ends
    written = []
    for number in range(SAMPLES):
        place = start + (stop - start - length) * number // SAMPLES
        prompt = np.asarray(prepared.stream.read(place, place + length))
        tokens = write(run, prompt.tolist(), SAMPLE_TOKENS, temperature=0.8, top_p=0.95, seed=number)
        written.append([prepared.pieces.text(prompt.tolist()), prepared.pieces.text(list(tokens))])
    return written


def _metrics(loss: float, shorter: float) -> dict[str, float]:
    """By nats a token. shorter: characters a token."""
    return {
        "loss": loss,
        "bits_per_character": loss / log(2) / shorter,
        "perplexity": exp(min(loss, 700.0)),
    }
