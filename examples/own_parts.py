"""A layer, a loss and a metric of one's own, in plain Python.

A courier promises a time of arrival: a minute too late costs four times as much as a minute too early. The
loss says so, and the network learns to promise the time after which one parcel of five comes. The layer has
waves of learned frequencies, which suit the hour of the day. Derivatives, both executors and the run folder
follow from the two classes. Run with: python examples/own_parts.py, or with the name of an HTML file for
the figure.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import plotly.graph_objects as go

import chainrule
from chainrule import nn
from chainrule.program import functions as f


@dataclass(frozen=True)
class Waves(nn.Layer):
    """y = (sin(x W + p), cos(x W + p)); the frequencies W and phases p are learned.

    units: number of waves. frequency: what W starts from. x: (batch, features) -> (batch, 2 · units).
    """

    units: int
    frequency: nn.Initializer

    def __call__(self, x):
        weight = self.param("weight", (x.shape[-1], self.units), self.frequency)
        phase = self.param("bias", (self.units,), nn.zeros)
        angle = x @ weight + phase  # (batch, units)
        return f.concatenate([f.sin(angle), f.cos(angle)], axis=-1)


@dataclass(frozen=True)
class Lateness(nn.Loss):
    """l = late · (t - y) where t is above the promise y, else y - t. late: above 0."""

    late: float = 4.0

    def each(self, outputs, targets):
        beyond = targets.reshape(*outputs.shape) - outputs  # (batch, 1)
        return f.where(beyond > 0.0, self.late * beyond, -beyond).mean(1)


def share_late(targets, promised):
    """A metric: how many parcels come after their promise."""
    return float((targets.reshape(-1) > promised.reshape(-1)).mean())


# Made-up parcels: the way takes longer at the rush hours, and its length is less certain then.
random = np.random.default_rng(0)
hour = random.uniform(0, 1, size=(3000, 1))  # of a day
rush = np.exp(-(((hour - 0.35) / 0.06) ** 2)) + np.exp(-(((hour - 0.72) / 0.08) ** 2))
minutes = 20 + 15 * rush + (2 + 8 * rush) * np.abs(random.normal(size=hour.shape))

waves = Waves(16, frequency=nn.normal(15.0))
network = nn.Sequential([waves, nn.Dense(32, "tanh"), nn.Dense(1, bias=nn.constant(25.0))])
settings = {
    "optimizer": nn.adam(nn.CosineDecay(0.02, 60 * 75)),
    "epochs": 60,
    "validation": 0.2,
    "metrics": ["mean_absolute_error", share_late],
}
run = chainrule.train(network, (hour, minutes), loss=Lateness(4.0), **settings)
even = chainrule.train(network, (hour, minutes), loss="mean_absolute_error", **settings)

with TemporaryDirectory() as folder:  # a stored run is told the classes that are not chainrule's
    run.save(Path(folder) / "parcels")
    again = chainrule.load_run(Path(folder) / "parcels", classes=(Waves, Lateness))
assert np.array_equal(again.predict(hour), run.predict(hour))

print(nn.summary(network, (1,)))
for name, each in (("late counts four times", run), ("both alike", even)):
    print(f"{name}: {each.history[-1]['validation_share_late']:.0%} of the parcels held out are late")

promises = run.predict(np.array([[8.4], [13.0], [17.3]]) / 24)
print("promised at 8:24, 13:00 and 17:18:", ", ".join(f"{each:.0f} min" for each in promises[:, 0]))

assert promises[1, 0] < 26 < 40 < promises[0, 0]
assert abs(run.history[-1]["validation_share_late"] - 0.2) < 0.05
assert abs(even.history[-1]["validation_share_late"] - 0.5) < 0.07

at = np.linspace(0, 1, 300)[:, None]
figure = go.Figure(
    go.Scatter(x=24 * hour[:600, 0], y=minutes[:600, 0], mode="markers", name="parcels", opacity=0.3)
)
for name, each, colour in (("late counts four times", run, "#d9762b"), ("both alike", even, "#2f7fc4")):
    line = {"color": colour, "width": 3}
    figure.add_trace(go.Scatter(x=24 * at[:, 0], y=each.predict(at)[:, 0], name=name, line=line))
figure.update_layout(xaxis_title="hour of the day", yaxis_title="minutes")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
