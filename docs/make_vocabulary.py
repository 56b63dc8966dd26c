"""Writes docs/vocabulary.md from the docstrings: `make docs`."""

import inspect
import re
import runpy
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from chainrule import nn

PAGE = Path(__file__).with_name("vocabulary.md")
LISTED = runpy.run_path(str(Path(__file__).with_name("fields.py")))["listed"]

FAMILIES = {
    "dense": "Fully connected",
    "bilinear": "Products of two inputs",
    "elementwise": "Elementwise",
    "gates": "Trained activations and gates",
    "reshaping": "Shape",
    "applying": "Functions of your own",
    "convolution": "Convolution",
    "depthwise": "Convolution by channel",
    "transposed": "Transposed convolution",
    "pooling": "Pooling",
    "power_pooling": "Pooling by powers",
    "global_pooling": "Pooling over everything",
    "adaptive_pooling": "Pooling to a size",
    "resizing": "Resizing",
    "borders": "Borders",
    "shuffling": "Channels and positions",
    "repetition": "Repetition",
    "normalization": "Normalization",
    "lengths": "Division by lengths",
    "reparametrizing": "Normalization of weights",
    "scaling": "Scaling of inputs",
    "whitening": "Whitening of inputs",
    "freezing": "Freezing",
    "augmentation": "Augmentation of images",
    "affine_augmentation": "Augmentation by affine maps",
    "warp_augmentation": "Augmentation by other geometry",
    "color_augmentation": "Augmentation of colors",
    "filter_augmentation": "Augmentation of sharpness",
    "sound": "Spectra of sound",
    "sound_augmentation": "Augmentation of sounds",
    "noise": "Noise",
    "embedding": "Embedding",
    "sequences": "Sequences",
    "masking": "Masks",
    "recurrent": "Recurrent",
    "convolutional_recurrent": "Recurrent convolution",
    "attention": "Attention",
    "additive_attention": "Additive attention",
    "containers": "Composition",
    "merging": "Branches",
    "remat": "Recomputation",
    "tables": "Tables",
    "ensemble": "Ensembles",
    "weighting": "Weights of classes",
}
"""Module of chainrule.nn.layers -> heading, in the order of the page."""

LOSSES = {
    "classification": "Classes",
    "margins": "Classes, by margins",
    "regression": "Numbers",
    "ratios": "Numbers, by other measures",
    "mixture": "Numbers with several likely values",
    "ordering": "Order and time",
    "overlap": "Regions and boxes",
    "detection": "Objects on a map",
    "embedding": "Embeddings",
    "similarity": "Directions",
    "alignment": "Sequences",
    "several": "Several outputs",
    "ensemble": "Ensembles",
    "weighting": "Weights of classes",
}
"""Module of chainrule.nn.losses -> heading."""

BASES = {"Layer", "Loss", "Initializer", "Penalty", "Mixing", "Schedule", "Transform"}
NO_ENTRIES = BASES | {
    *("PerceptronResult", "LayerSummary", "Summary", "building", "chain", "summary"),
    *("ACTIVATIONS", "KINDS", "LOSSES", "PRESETS"),
}
"""Public names that nothing is built of: base classes, tables, and how to put entries together."""

START = """# Vocabulary

Everything a network can be made of: layers, activations, losses, optimizers, schedules, initializers,
regularizers, mixing. This page is made from the docstrings (`make docs`), so `help(nn.LSTM)` says the same.
All of it is recorded as one program, runs on every executor, and can be stored in a configuration file.

```python
from chainrule import nn
from chainrule.training import Batch, Recipe, Supervised, training_step

network = nn.Sequential(
    [
        nn.Conv2D(16, 3, activation="relu"),
        nn.MaxPool2D(),
        nn.Residual([nn.BatchNorm(), nn.Activation("silu"), nn.Conv2D(16, 3, padding="same")]),
        nn.GlobalAvgPool2D(),
        nn.Dense(10),
    ]
)
optimizer = nn.chain(nn.ClipByGlobalNorm(1.0), nn.adamw(nn.OneCycle(1e-2, steps=1000)))
loss = nn.SoftmaxCrossEntropy(label_smoothing=0.1)
recipe = Recipe(Supervised(network, loss, nn.MixUp()), optimizer, penalties=(nn.L2(1e-4),))
step = training_step(recipe, Batch({"x": ((32, 28, 28, 1), "float32"), "y": ((32,), "int32")}))
print(step.program)  # the whole training step, to be read
```

In the equations x is the input, y the output, t the target, z a logit, θ or w a parameter, g its gradient and
η the learning rate. Sequences are (batch, time, features), images (batch, height, width, channels), volumes
(batch, depth, height, width, channels).
"""

Entries = Mapping[str, Any]


def sections() -> Iterator[tuple[str, str, Entries]]:
    """(heading, sentence below it, entries by name) in the order of the page."""
    public = {name: getattr(nn, name) for name in nn.__all__ if name not in NO_ENTRIES}
    for table, kind, layer in ((FAMILIES, "layers", True), (LOSSES, "losses", False)):
        for module, title in table.items():
            found = _of_module(public, f"chainrule.nn.{kind}.{module}")
            yield f"{'Layers' if layer else 'Losses'}: {title}", "", found
    yield "Activations", 'By name, as in `Dense(64, "relu")`, or as `Activation("relu")`.', nn.ACTIVATIONS
    yield (
        "Optimizers",
        "Chains of the transforms below; `learning_rate` is a number or a schedule.",
        nn.PRESETS,
    )
    transforms = {n: each for n, each in public.items() if _is(each, nn.Transform) and n not in nn.PRESETS}
    yield "Transforms", "Links of `chain`, from gradients to updates; all can be mixed.", transforms
    yield "Schedules", "", {n: each for n, each in public.items() if _is(each, nn.Schedule)}
    modules = ("chainrule.nn.initializers", "chainrule.nn.structured")
    yield (
        "Initializers",
        "",
        {n: each for module in modules for n, each in _of_module(public, module).items()},
    )
    yield "Regularizers", "", {n: each for n, each in public.items() if _is(each, nn.Penalty)}
    yield "Mixing", "", {n: each for n, each in public.items() if _is(each, nn.Mixing)}
    yield "The perceptron", "", {"Perceptron": nn.Perceptron}


def page() -> str:
    """The whole page."""
    text = [START]
    last = ""
    for heading, sentence, entries in sections():
        kind, _, family = heading.partition(": ")
        if kind != last:
            text.append(f"## {kind}\n")
        last = kind
        if sentence:
            text.append(f"{sentence}\n")
        if family:
            text.append(f"### {family}\n")
        text += [entry(name, each) for name, each in entries.items()]
    return "\n".join(text)


def entry(name: str, each: Any) -> str:
    """How it is written, its equation or sentence, and the rest of its docstring."""
    first, rest = docstring(each)
    paragraphs = [LISTED(part.strip(), _escaped) for part in re.split(r"\n\s*\n", rest) if part.strip()]
    equation = f"```text\n{first}\n```"
    return "\n\n".join([f"#### {name}", f"`{signature(name, each)}`", equation, *paragraphs, ""])


def docstring(each: Any) -> tuple[str, str]:
    """Its first line, which has the equation, and the rest."""
    owner = each if hasattr(each, "__name__") else type(each)
    text = inspect.cleandoc(owner.__doc__ or "")
    first, _, rest = text.partition("\n")
    return first, rest


def signature(name: str, each: Any) -> str:
    """The call with its settings and what they are if left out."""
    if isinstance(each, type) and is_dataclass(each):
        settings = [_setting(field.name, field.default) for field in fields(each) if field.init]
    elif inspect.isroutine(each):
        parameters = inspect.signature(each).parameters.values()
        settings = [_setting(p.name, MISSING if p.default is p.empty else p.default) for p in parameters]
    else:
        return name
    return f"{name}({', '.join(settings)})"


def _setting(name: str, default: object) -> str:
    return name if default is MISSING else f"{name}={default!r}"


def _escaped(text: str) -> str:
    """Plain text, on one line, as Markdown shows it; what is in backticks is code already."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    parts[::2] = [re.sub(r"([*_<>|\\])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _of_module(entries: Entries, module: str) -> Entries:
    return {name: each for name, each in entries.items() if _home(each) == module}


def _home(each: Any) -> str:
    return each.__module__ if hasattr(each, "__name__") else type(each).__module__


def _is(each: Any, kind: type) -> bool:
    return isinstance(each, type) and issubclass(each, kind)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
