"""The report's sections on a translator: metrics, samples, the worst translations, attention."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from chainrule.report import page
from chainrule.report.figures import common_figure
from chainrule.report.sections import held_out

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics beside the baseline; samples; the worst; where the network looks."""
    guess = (
        "the translation of that training text which has most in common with the text, by its letters; a "
        "network that does not beat it has learned less than a dictionary of sentences"
    )
    blocks = []
    if evaluation.get("signature"):
        blocks.append(f"<p>BLEU by sacrebleu: <code>{escape(evaluation['signature'])}</code></p>")
    found = [held_out(evaluation, guess, blocks)]
    if evaluation.get("samples"):
        found.append(
            _table("Samples", evaluation["samples"], "The first held-out texts, as the network writes them.")
        )
    if evaluation.get("worst"):
        told = (
            "Held-out texts whose translations have the least in common with the right ones (by chrF). Some "
            "of the right ones may be free, or wrong."
        )
        found.append(_table("The worst translations", evaluation["worst"], told))
    if evaluation.get("attention"):
        found.append(_attention(evaluation["attention"]))
    return found


def _table(title: str, rows: Sequence[Sequence[str]], introduction: str) -> str:
    cells = [[escape(each) for each in row] for row in rows]
    table = page.table(["text", "translation", "right"], cells, kind="texts")
    return page.section(title, [table], introduction=introduction)


def _attention(pictures: Sequence[Mapping[str, Any]]) -> str:
    introduction = (
        "For each token that is written, a row: how the attention of the last block is shared among the "
        "tokens of the source (mean of all heads). A diagonal says that words are translated in their order."
    )
    blocks = [
        page.plot("".join(each["target"][:-1]).strip() or "…", _picture(each), "", widest="700px")
        for each in pictures
    ]
    return page.section("Where the network looks", blocks, introduction=introduction)


def _picture(picture: Mapping[str, Any]) -> "Figure":
    import plotly.graph_objects as go

    source, target = picture["source"], picture["target"]
    heat = go.Heatmap(
        z=picture["shares"], zmin=0, zmax=1, autocolorscale=True, xgap=1, ygap=1, colorbar={"thickness": 10}
    )
    figure = common_figure([heat], x="source", y="written", showlegend=False)
    figure.update_xaxes(tickvals=list(range(len(source))), ticktext=[escape(each) for each in source])
    figure.update_yaxes(
        tickvals=list(range(len(target))), ticktext=[escape(each) for each in target], autorange="reversed"
    )
    return figure.update_layout(height=160 + 18 * len(target))
