"""The report's sections on texts: what words say, the most confident mistakes, the learning curve."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from chainrule.report import page
from chainrule.report.numbers import metric_name, metric_value
from chainrule.report.sections import confusion, held_out
from chainrule.tasks.text.shown import curve_figure

_CLASSES = 20
"""The most classes whose words are shown."""


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics, the confusion matrix and the learning curve; the words of each class; mistakes."""
    blocks = []
    if evaluation.get("confusion"):
        blocks.append(confusion(evaluation, "document"))
    if len(evaluation.get("learning_curve", ())) > 1:
        blocks.append(_curve(evaluation["learning_curve"]))
    several = evaluation.get("problem") == "labels"
    guess = "the labels that most training documents have" if several else "the most frequent class"
    found = [held_out(evaluation, guess, blocks)]
    if evaluation.get("speaking"):
        found.append(_speaking(evaluation))
    if evaluation.get("mistakes"):
        found.append(_mistakes(evaluation["mistakes"]))
    return found


def _curve(curve: Sequence[Mapping[str, float]]) -> str:
    name = next(name for name in curve[0] if name != "documents")
    best = metric_value(name, curve[-1][name])
    return page.plot(
        "What more documents teach",
        curve_figure(curve, name),
        f"{metric_name(name).capitalize()} on the held-out documents after training on shares of the "
        f"documents, up to all ({best}). A line that still rises says that more documents would help.",
    )


def _speaking(evaluation: Mapping[str, Any]) -> str:
    said = list(evaluation["speaking"].items())[:_CLASSES]
    rows = [[page.text(name), page.text(", ".join(f"“{each}”" for each in grams))] for name, grams in said]
    ordinal = evaluation.get("problem") == "ordinal"
    introduction = (
        "The words, and words in a row, that add most to the score of "
        + ("being at least this class" if ordinal else "each class")
        + ", and are not too rare."
    )
    table = page.table(["class", "what speaks for it"], rows, kind="settings")
    return page.section("What speaks for each class", [table], introduction=introduction)


def _mistakes(mistakes: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{escape(each['predicted'])}, {metric_value('accuracy', each['probability'])}<br>"
            f"<small>truly {escape(each['true'])}; row {escape(each['place'])}</small>",
            "".join(_piece(*piece) for piece in each["pieces"]),
        ]
        for each in mistakes
    ]
    introduction = (
        "Held-out documents that the network got wrong with the largest probabilities. Marked are the words "
        "that moved the answer: to the predicted class in orange, to the true one in blue (the derivative of "
        "the difference between both scores with respect to each n-gram, shared by its words). Some "
        "documents may be labelled wrongly."
    )
    table = page.table(["predicted", "document"], rows, kind="settings")
    return page.section("The most confident mistakes", [table], introduction=introduction)


def _piece(text: str, strength: float) -> str:
    if abs(strength) < 0.1:
        return escape(text)
    colour = "230, 126, 34" if strength > 0 else "52, 120, 200"
    style = f"color: inherit; background: rgba({colour}, {abs(strength) * 0.7:.2f})"
    return f'<mark style="{style}">{escape(text)}</mark>'
