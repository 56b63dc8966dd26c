"""The sections of a run's report: each function returns HTML, or "" if the run recorded nothing for it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from chainrule.nn.metrics import metric_of
from chainrule.report import figures, page
from chainrule.report.numbers import (
    gain_text,
    metric_gain,
    metric_name,
    metric_value,
)

_CLASSES = 20
"""The most rows of a table of classes."""

# What to look for in each figure of watched sizes: quantity -> (title, explanation).
_LAYER_FIGURES = {
    "activation": (
        "Size of activations",
        "Lines close together are good. Lines that fan out, or one near zero, show that the signal grows or "
        "vanishes from layer to layer.",
    ),
    "delta": (
        "Size of deltas",
        "Deltas flow from output to input. In early layers they should be about as large as in late ones: "
        "much smaller means vanishing gradients, much larger exploding gradients.",
    ),
}
_PARAMETER_FIGURES = {
    "gradient": (
        "Size of gradients",
        "Gradients should shrink slowly; sudden peaks call for clipping or a smaller learning rate.",
    ),
    "update": (
        "Size of updates",
        "What the optimizer adds to the parameters. Updates that stay large while the loss no longer falls "
        "show that the weights oscillate.",
    ),
}


def held_out(evaluation: Mapping[str, Any], guess: str, blocks: Sequence[str] = ()) -> str:
    """Metrics beside the baseline, then the task's own blocks; "" if nothing was held out.

    guess: what the baseline predicts, the end of the sentence "The baseline predicts …". blocks: HTML.
    """
    if not evaluation.get("metrics"):
        return ""
    table = _metrics_table(evaluation["metrics"], evaluation.get("baseline", {}))
    introduction = f"The baseline predicts {guess}. The gain is how much better the network is."
    return page.section("On held-out examples", [table, *blocks], introduction=introduction)


_DIRECTION = {True: "go down and ", False: "go up and ", None: ""}


def _metrics_table(measured: Mapping[str, float], baseline: Mapping[str, float]) -> str:
    rows = []
    for name, value in measured.items():
        row = [escape(metric_name(name)), f"<strong>{escape(metric_value(name, value))}</strong>"]
        if baseline:
            row += _compared(name, value, baseline.get(name))
        rows.append(row)
    header = ["metric", "network", "baseline", "gain"] if baseline else ["metric", "network"]
    return page.table(header, rows, kind="numbers")


def _compared(name: str, value: float, baseline: float | None) -> list[str]:
    """The cells of the baseline and of the gain over it; the gain is positive if the network is better."""
    if baseline is None:
        return ["", ""]
    gain = metric_gain(name, value, baseline)
    style = "good" if gain is None or gain > 0 else "bad"
    return [
        escape(metric_value(name, baseline)),
        f'<span class="{style}">{escape(gain_text(name, gain))}</span>',
    ]


def confusion(evaluation: Mapping[str, Any], one: str) -> str:
    """The matrix of an evaluation that has 'confusion' and 'classes'; one: what an example is called."""
    counts = np.asarray(evaluation["confusion"], dtype=np.int64)
    classes = [str(name) for name in evaluation.get("classes", range(len(counts)))]
    figure = figures.confusion(counts, classes)
    widest = f"{figure.layout.height + 120}px"  # about as wide as high, so that its cells fill it
    return page.plot("Confusion matrix", figure, _confused(counts, classes, one), widest=widest)


def _confused(counts: np.ndarray, classes: Sequence[str], one: str) -> str:
    """What to look for in a confusion matrix, with the pair of classes that is confused most often."""
    wrong = counts - np.diag(np.diag(counts))
    look = "Right predictions lie on the diagonal; each row shows how one true class was classified."
    if not wrong.any():
        return f"{look} Every held-out {one} is right."
    true, predicted = divmod(int(wrong.argmax()), len(classes))
    return (
        f"{look} The most frequent mistake: “{classes[true]}” taken for “{classes[predicted]}” "
        f"({wrong.max():,} of {counts[true].sum():,})."
    )


def class_recalls(evaluation: Mapping[str, Any], one: str) -> str:
    """The classes with the least recall, the worst first; the evaluation and `one` are as in `confusion`."""
    counts = np.array(evaluation["confusion"]).sum(1)
    found = sorted(zip(evaluation["recall"].items(), counts, strict=True), key=lambda each: each[0][1])
    rows = [
        [page.text(name), metric_value("accuracy", share), f"{count:,}"]
        for (name, share), count in found[:_CLASSES]
    ]
    return page.table(["class", "recall", f"held-out {one}s"], rows, kind="numbers")


def curves(metrics: figures.Epochs, best: int | None) -> str:
    """Loss, validation metrics and learning rate over the epochs; best: the epoch to mark."""
    if not metrics:
        return ""
    blocks = [
        page.plot("Loss", figures.learning_curve(metrics, "loss", best), _loss_look(metrics), log_toggle=True)
    ]
    small = [
        page.plot(
            f"Validation {metric_name(name)}",
            figures.learning_curve(metrics, name, best),
            f"It should {_DIRECTION[metric_of(name).lower_is_better]}level off; large jumps "
            "call for a smaller learning rate or larger batches.",
            log_toggle=bool(metric_of(name).lower_is_better),
        )
        for name in validation_metrics(metrics)
    ]
    if any("learning_rate" in epoch for epoch in metrics):
        learning_rate = page.plot(
            "Learning rate",
            figures.single_curve(metrics, "learning_rate"),
            "If the loss falls just after the learning rate does, the rate before was too high.",
            log_toggle=True,
        )
        small.append(learning_rate)
    return page.section("How it learned", [*blocks, page.grid(small)])


def _loss_look(metrics: figures.Epochs) -> str:
    if any("validation_loss" in epoch for epoch in metrics):
        return (
            "Both should fall; training falling while validation rises is overfitting, and both staying high "
            "is underfitting."
        )
    return "It should fall and flatten; without validation data it can't show whether the network overfits."


def layers(metrics: figures.Epochs, names: Sequence[str]) -> str:
    """Sizes of activations and deltas; names: the watched layers from input to output."""
    blocks = _size_plots(metrics, _LAYER_FIGURES, figures.depth_colours(names), showlegend=True)
    if not blocks:
        return ""
    introduction = (
        "Root mean square of each layer's output, and of the derivative of the loss with respect to it, "
        "measured at the last full batch of every epoch. A line ends where its value is exactly zero."
    )
    body = [_depth_key(), page.grid(blocks)]
    return page.section("What flows through the layers", body, introduction=introduction)


def parameters(metrics: figures.Epochs, layer_names: Sequence[str], names: Sequence[str]) -> str:
    """Sizes of gradients and updates; names: the watched parameters, in the colours of their layers."""
    owners = dict.fromkeys([*layer_names, *(_owner(name) for name in names)])
    colour_of_layer = figures.depth_colours(list(owners))
    colours = {name: colour_of_layer[_owner(name)] for name in names}
    moving = _recorded(metrics, "value", _recorded(metrics, "update", colours))
    blocks = []
    if moving:
        ratios = page.plot(
            "Update relative to value",
            figures.update_ratios(metrics, moving),
            "For weights (solid) about 0.001 a step is customary: far above, training is unstable; far "
            "below, it crawls. Biases (dotted) start at zero and move more.",
        )
        blocks.append(ratios)
    # The names stand in the legend of the first figure; the colours are the same in all of them.
    blocks.append(page.grid(_size_plots(metrics, _PARAMETER_FIGURES, colours, showlegend=not moving)))
    if not names:
        return ""
    introduction = (
        "Root mean squares at the last full batch of every epoch. Weights are solid lines, the rest dotted."
    )
    return page.section("How the parameters move", [_depth_key(), *blocks], introduction=introduction)


def _size_plots(
    metrics: figures.Epochs,
    texts: Mapping[str, tuple[str, str]],
    colours: Mapping[str, str],
    *,
    showlegend: bool,
) -> list[str]:
    """One figure for each quantity of `texts` that was recorded for any name of `colours`."""
    recorded = {quantity: _recorded(metrics, quantity, colours) for quantity in texts}
    return [
        page.plot(title, figures.sizes(metrics, quantity, recorded[quantity], showlegend=showlegend), look)
        for quantity, (title, look) in texts.items()
        if recorded[quantity]
    ]


def settings(config: Mapping[str, Any]) -> str:
    """Every setting of the run in a table."""
    rows = [[escape(name), escape(value)] for name, value in _flat(config, "")]
    if not rows:
        return ""
    introduction = "Everything that is needed to repeat the run, as in config.toml."
    table = page.table(["setting", "value"], rows, kind="settings")
    return page.section("Settings", [table], introduction=introduction)


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """(name, text) of every setting below a value: "optimizer.name", "model.layers[0].units"."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{index}]")
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _depth_key() -> str:
    stops = ", ".join(figures.depth_scale())
    return (
        '<p class="depth">colours: first layer '
        f'<i style="background: linear-gradient(to right, {stops})"></i> last layer</p>'
    )


def watched_names(metrics: figures.Epochs) -> tuple[list[str], list[str]]:
    """(layers, parameters) that were watched, in order of first appearance, which is from input to output."""
    quantities: dict[str, set[str]] = {}
    for epoch in metrics:
        for name, sizes in epoch.get("watch", {}).items():
            quantities.setdefault(name, set()).update(sizes)
    layer_names = [name for name, recorded in quantities.items() if recorded & _LAYER_FIGURES.keys()]
    return layer_names, [name for name in quantities if name not in layer_names]


def _recorded(metrics: figures.Epochs, quantity: str, colours: Mapping[str, str]) -> dict[str, str]:
    """The colours of those names for which the quantity was recorded."""
    recorded = {
        name for epoch in metrics for name, sizes in epoch.get("watch", {}).items() if quantity in sizes
    }
    return {name: colour for name, colour in colours.items() if name in recorded}


def _owner(parameter: str) -> str:
    """The layer of a parameter: "dense_1.weight" -> "dense_1"."""
    return parameter.rpartition(".")[0] or parameter


def validation_metrics(metrics: figures.Epochs) -> list[str]:
    """Names of recorded validation metrics other than the loss, without the prefix."""
    prefix = "validation_"
    names = dict.fromkeys(name for epoch in metrics for name in epoch if name.startswith(prefix))
    return [name.removeprefix(prefix) for name in names if name != f"{prefix}loss"]
