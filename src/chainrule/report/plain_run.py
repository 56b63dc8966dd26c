"""The figure and the page of any run: its curves, its recipe, its mathematics, its network."""

from html import escape
from typing import TYPE_CHECKING, Any

from chainrule.nn.summarizing import Summary
from chainrule.report import page
from chainrule.report.figures import TRAINING, Epochs, learning_curve, single_curve
from chainrule.report.numbers import metric_name
from chainrule.report.run_page import best_epoch, run_page
from chainrule.report.sections import validation_metrics
from chainrule.training import Run

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_HEIGHT = 260  # of each part, in pixels


def run_figure(epochs: Epochs) -> "Figure":
    """Loss, validation metrics and learning rate over the epochs, one below the other.

    epochs: at least one record.
    """
    from plotly.subplots import make_subplots

    parts = [("loss", learning_curve(epochs, "loss"))]
    parts += [(name, learning_curve(epochs, name)) for name in validation_metrics(epochs)]
    if any("learning_rate" in epoch for epoch in epochs):
        parts.append(("learning_rate", single_curve(epochs, "learning_rate")))
    figure = make_subplots(rows=len(parts), shared_xaxes=True, vertical_spacing=0.25 / len(parts) ** 1.5)
    shown: set[str] = set()
    for row, (name, part) in enumerate(parts, start=1):
        lines: Any = part.data
        for trace in lines:
            kind = "validation" if trace.line.color != TRAINING else "training"
            trace.update(name=kind, legendgroup=kind, showlegend=kind not in shown)
            shown.add(kind)
            figure.add_trace(trace, row=row, col=1)
        figure.update_yaxes(title_text=metric_name(name), row=row, col=1)
    figure.update_xaxes(title_text="epoch", row=len(parts), col=1)
    best = best_epoch(epochs)
    if best is not None:
        figure.add_vline(x=best, line_width=1, line_dash="dot", opacity=0.6)
    return figure.update_layout(height=80 + _HEIGHT * len(parts), showlegend=len(shown) > 1)


def plain_page(run: Run, title: str) -> str:
    """The report of a run as one HTML page that needs no internet connection."""
    network = run.summary()
    sections = [_recipe(run), _mathematics(run, network), _network(network), _step(run)]
    return run_page(run.recipe.to_plain(), run.history, {}, title, more=sections)


def _recipe(run: Run) -> str:
    rows = [
        (escape(name), f"<pre>{escape(text)}</pre>")
        for name, text in (
            ("objective", repr(run.recipe.objective)),
            ("optimizer", repr(run.recipe.optimizer)),
            ("penalties", ", ".join(map(repr, run.recipe.penalties)) or "none"),
            ("epochs, batch size", f"{run.recipe.epochs:,}, {run.batch.rows:,}"),
            ("ended", run.stopped),
        )
    ]
    return page.section(
        "Recipe", [page.table(("setting", "value"), rows)], introduction="What was trained, and how."
    )


def _mathematics(run: Run, network: Summary) -> str:
    rows = [(escape(layer.path or "(model)"), escape(layer.equation)) for layer in network.layers]
    loss = getattr(run.recipe.objective, "loss", None)
    if loss is not None:
        rows.append(("loss", f"{escape(loss.equation)}<br>∂E/∂y: {escape(loss.slope)}"))
    return page.section(
        "Mathematics",
        [page.table(("layer", "equation"), [(name, said or "as its code says") for name, said in rows])],
        introduction="Each layer's equation, from input to loss; x is the input of the layer, y its output.",
    )


def _network(network: Summary) -> str:
    header, *rows = network.cells()
    table = page.table(header, [[escape(cell) for cell in row] for row in rows], kind="numbers")
    return page.section(
        "Network",
        [table],
        introduction="Costs of one example's forward pass, layer by layer; a step of training needs about "
        "three times the multiply-adds.",
    )


def _step(run: Run) -> str:
    text = f"<details><summary>show it</summary><pre>{escape(str(run.program))}</pre></details>"
    return page.section(
        "The training step",
        [text],
        introduction="The program that was repeated: forward, backward, update.",
    )
