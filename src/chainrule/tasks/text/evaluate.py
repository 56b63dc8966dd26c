"""The evaluation of a run on texts on those held out, with what it has learned of words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.tasks.text.prepare import PreparedText
from chainrule.tasks.text.settings import TextSettings
from chainrule.tasks.text.speaking import marked, speaking
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run, train_recipe

MISTAKES = 12
"""The most mistakes that the report shows, those of the largest probability."""
SHARES = (1 / 16, 1 / 4)
"""Of the training documents, for the learning curve; the whole is known."""
_FEWEST = 20


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return "the most frequent labels" if evaluation.get("problem") == "labels" else "most frequent class"


def evaluate(run: Run, prepared: PreparedText) -> dict[str, Any]:
    """The evaluation on the held-out documents, as plain data."""
    problem, rows = prepared.form.problem, prepared.rows
    said = _probabilities(run, prepared, rows["test"])
    truth = prepared.numbers[rows["test"]]
    found = problem.figures(said, truth, prepared.numbers[rows["train"]])
    return found | {
        "problem": problem.name,
        "target": prepared.texts.target,
        "classes": [str(name) for name in problem.classes],
        "speaking": speaking(run, prepared),
        "mistakes": _mistakes(run, prepared, said, truth),
        "rows": {part: len(each) for part, each in rows.items()},
        **training_facts(run),
    }


def learning_curve(
    prepared: PreparedText, settings: TextSettings, evaluation: Mapping[str, Any]
) -> list[dict[str, float]]:
    """The metrics on the held-out documents after training on shares of the documents, the fewest first."""
    curve: list[dict[str, float]] = []
    train = prepared.rows["train"]
    problem, test = prepared.form.problem, prepared.rows["test"]
    order = np.random.default_rng(settings.seed).permutation(train)
    for share in SHARES:
        some = np.sort(order[: round(share * len(train))])
        if len(some) < max(_FEWEST, settings.batch_size):
            continue
        planned = prepared.plan_of(some, settings)
        run = train_recipe(
            planned.recipe, planned.training, planned.validation, initial=planned.initial, progress=False
        )
        said = _probabilities(run, prepared, test)
        figures = problem.figures(said, prepared.numbers[test], prepared.numbers[some])
        curve.append({"documents": len(some)} | figures["metrics"])
    return [*curve, {"documents": len(train)} | evaluation["metrics"]]


def _probabilities(run: Run, prepared: PreparedText, rows: np.ndarray) -> np.ndarray:
    return prepared.form.problem.probabilities(np.asarray(run.predict(prepared.arrays(rows).x)))


def _mistakes(run: Run, prepared: PreparedText, said: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    problem, test = prepared.form.problem, prepared.rows["test"]
    if truth.ndim != 1:
        return []
    chosen = said.argmax(1)
    wrong = np.flatnonzero(chosen != truth)
    surest = wrong[np.argsort(-said[wrong, chosen[wrong]], kind="stable")][:MISTAKES]
    texts = prepared.texts_of(test[surest])
    frame = prepared.table.frame
    return [
        {
            "place": str(frame.index[test[place]]),
            "true": str(problem.classes[truth[place]]),
            "predicted": str(problem.classes[chosen[place]]),
            "probability": float(said[place, chosen[place]]),
            "pieces": [
                [*piece] for piece in marked(run, prepared.form, text, int(chosen[place]), int(truth[place]))
            ],
        }
        for place, text in zip(surest, texts, strict=True)
    ]
