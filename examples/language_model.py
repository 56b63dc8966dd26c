"""A language model of characters: an LSTM learns to add.

The text has a sum on each line, such as '72+84=570' for 27 + 48 = 75: digits stand in reverse, since the
carry goes from right to left. An LSTM reads the text character by character and predicts the next character
at each place, so the targets are the inputs shifted by one. After training it gets '72+84=' and continues.
Sums that were not in the text show whether it has learned to add or only to remember. The figure shows the
probability of every next character, place by place, for one of these sums.

Run with: python examples/language_model.py, or with the name of an HTML file for the figure.
"""

import sys

import numpy as np
import plotly.graph_objects as go

import chainrule
from chainrule import nn

ALPHABET = "0123456789+=\n"

random = np.random.default_rng(0)
sums = random.permutation([(a, b) for a in range(100) for b in range(100)])


def text(a, b):
    """One line: two digits, two digits, three digits, each number in reverse."""
    return f"{a:02}"[::-1] + "+" + f"{b:02}"[::-1] + "=" + f"{a + b:03}"[::-1] + "\n"


tokens = np.array([[ALPHABET.index(letter) for letter in text(a, b)] for a, b in sums])  # (10000, 10)
known, unknown = tokens[:8000], tokens[8000:]

network = nn.Sequential(
    [nn.Embedding(len(ALPHABET), 16), nn.LSTM(96, return_sequences=True), nn.Dense(len(ALPHABET))]
)
run = chainrule.train(
    network,
    (known[:, :-1], known[:, 1:]),  # inputs and targets, each (examples, 9)
    loss="cross_entropy",
    optimizer=nn.adam(nn.CosineDecay(0.01, steps=20 * 125)),
    batch_size=64,
    epochs=20,
    validation=(unknown[:, :-1], unknown[:, 1:]),
)

# Generation: append the most probable next character, three times.
written = unknown[:, :6]  # up to and with '='
for _ in range(3):
    likeliest = run.predict(written)[:, -1].argmax(axis=1)
    written = np.column_stack([written, likeliest])
right = (written == unknown[:, :9]).all(axis=1)
for (a, b), row in zip(sums[8000:8004], written, strict=False):
    print(f"{a} + {b} = {''.join(ALPHABET[token] for token in row[6:])[::-1]}")
print(f"{right.mean():.1%} of {len(unknown)} sums that were not in the text are right")
assert right.mean() > 0.5

# The figure: how sure the model is of each character of one line.
line = unknown[0]
chances = run.predict(line[None, :-1])[0]  # (9, alphabet): of the character at the next place
figure = go.Figure(
    go.Heatmap(
        z=chances.T,
        x=[f"{place}: {ALPHABET[token]}" for place, token in enumerate(line[:-1], start=1)],
        y=[repr(letter)[1:-1] for letter in ALPHABET],
        colorscale=["#f4f2ee", "#2f6fb7"],
        colorbar_title="probability",
    )
)
figure.update_xaxes(title="character read", type="category")
figure.update_yaxes(title="next character", type="category")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
