"""Overfitting, and three cures: an L2 penalty, dropout and early stopping.

A wide network that sees 60 noisy examples learns the noise, too: the training loss keeps falling while the
validation loss rises. A penalty on large weights, dropout, and keeping the weights of the best epoch each
hold it back. The same 2,000 unseen examples measure all of them.
The figure shows the losses of every epoch.

Run with: python examples/overfitting.py, or with the name of an HTML file for the figure.
"""

import sys

from plotly.subplots import make_subplots
from sklearn.datasets import make_moons

import chainrule
from chainrule import nn

examples = make_moons(60, noise=0.35, random_state=0)
unseen = make_moons(2000, noise=0.35, random_state=1)
validation = make_moons(200, noise=0.35, random_state=2)


def network(dropout=0.0):
    hidden = [nn.Dense(128, "relu"), nn.Dropout(dropout), nn.Dense(128, "relu"), nn.Dropout(dropout)]
    return nn.Sequential([*hidden, nn.Dense(1)])


# keep="last" returns the weights of the last epoch; keep="best", the default, those with the lowest
# validation loss, and patience ends training once that has not fallen for so many epochs.
trials = {
    "no cure": {"model": network(), "keep": "last"},
    "L2 penalty": {"model": network(), "keep": "last", "penalties": [nn.L2(0.01)]},
    "dropout": {"model": network(dropout=0.5), "keep": "last"},
    "early stopping": {"model": network(), "keep": "best", "patience": 30},
}
runs = {}
for name, settings in trials.items():
    runs[name] = chainrule.train(
        data=examples, validation=validation, loss="binary_cross_entropy", optimizer=nn.adam(0.003),
        epochs=250, **settings,
    )  # fmt: skip
    seen, new = runs[name].evaluate(examples), runs[name].evaluate(unseen)
    print(f"{name:15} {runs[name].history[-1]['epoch']:3} epochs   loss on the 60: {seen['loss']:.3f}, "
          f"on 2,000 unseen {new['loss']:.3f}; accuracy there {new['binary_accuracy']:.1%}")  # fmt: skip
losses = {name: run.evaluate(unseen)["loss"] for name, run in runs.items()}
assert all(losses[name] < losses["no cure"] for name in ("L2 penalty", "dropout", "early stopping"))

figure = make_subplots(cols=2, subplot_titles=("training loss", "validation loss"), shared_yaxes=True)
for (name, run), colour in zip(runs.items(), ("#c2478f", "#2f7fc4", "#d9762b", "#3d9970"), strict=True):
    epochs = [record["epoch"] for record in run.history]
    for column, key in ((1, "loss"), (2, "validation_loss")):
        figure.add_scatter(
            x=epochs, y=[record[key] for record in run.history], name=name, line_color=colour,
            legendgroup=name, showlegend=column == 1, row=1, col=column,
        )  # fmt: skip
figure.update_xaxes(title="epoch")
figure.update_yaxes(range=[0, 1.5])
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
