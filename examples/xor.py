"""The exclusive or: a perceptron can't learn it, a network with a hidden layer can.

Run with: python examples/xor.py
"""

import numpy as np

import chainrule
from chainrule import nn

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
t = np.array([0, 1, 1, 0])

# Rosenblatt's perceptron draws one straight line. For 'and' that is enough; for 'exclusive or' none does it.
print("and:", nn.Perceptron().fit(x, np.array([0, 0, 0, 1])).message)
print("xor:", nn.Perceptron().fit(x, t).message)

# One hidden layer bends the line. Backpropagation finds the weights of both layers.
network = nn.Sequential([nn.Dense(8, "tanh", weight=nn.glorot_uniform()), nn.Dense(1)])
run = chainrule.train(
    network,
    (x, t),
    loss=nn.BinaryCrossEntropy(),
    optimizer=nn.adam(0.05),
    epochs=200,
    batch_size=4,
    seed=0,
)
probability = run.predict(x)[:, 0]
for inputs, target, chance in zip(x, t, probability, strict=True):
    print(f"{inputs.astype(int)}  target {target}  the network says {chance:.3f}")

assert ((probability > 0.5) == t).all()
