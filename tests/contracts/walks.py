"""The optimizers of the papers in plain NumPy, in the papers' own variables where those differ from ours."""

import numpy as np
from tests.contracts.valley import STEPS, each, gradient, references


def reference_sgd(point, *, rate, clip=lambda g: g):
    return references(
        point, STEPS, lambda p: (g := clip(gradient(p))) and each(p, lambda n: p[n] - rate * g[n])
    )


def reference_momentum(point, *, rate, decay):
    """Polyak's heavy ball: θₜ₊₁ = θₜ - η g + β (θₜ - θₜ₋₁)."""
    before = point

    def step(p):
        nonlocal before
        g, old = gradient(p), before
        before = p
        return each(p, lambda n: p[n] - rate * g[n] + decay * (p[n] - old[n]))

    return references(point, STEPS, step)


def reference_nesterov(point, *, rate, decay):
    """Sutskever's form: v ← μ v - η ∇(φ + μ v), φ ← φ + v; the parameters kept are φ + μ v."""
    phi, v = dict(point), each(point, lambda n: 0 * point[n])

    def step(_):
        nonlocal phi, v
        ahead = each(phi, lambda n: phi[n] + decay * v[n])
        g = gradient(ahead)
        v = each(v, lambda n: decay * v[n] - rate * g[n])
        phi = each(phi, lambda n: phi[n] + v[n])
        return each(phi, lambda n: phi[n] + decay * v[n])

    return references(point, STEPS, step)


def reference_adagrad(point, *, rate, epsilon):
    history = each(point, lambda n: np.zeros((0, *point[n].shape)))

    def step(p):
        nonlocal history
        g = gradient(p)
        history = each(p, lambda n: np.concatenate([history[n], g[n][None]]))
        return each(p, lambda n: p[n] - rate * g[n] / (epsilon + np.linalg.norm(history[n], axis=0)))

    return references(point, STEPS, step)


def reference_rmsprop(point, *, rate, decay, epsilon):
    square = each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal square
        g = gradient(p)
        square = each(p, lambda n: decay * square[n] + (1 - decay) * g[n] ** 2)
        return each(p, lambda n: p[n] - rate * g[n] / (np.sqrt(square[n]) + epsilon))

    return references(point, STEPS, step)


def reference_adamw(point, *, rate, beta1, beta2, epsilon, decay=0.0, clip=lambda g: g):
    """Algorithm 2 of Loshchilov and Hutter; without decay it is algorithm 1 of Kingma and Ba."""
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal m, v, t
        t += 1
        g = clip(gradient(p))
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        m_hat = each(p, lambda n: m[n] / (1 - beta1**t))
        v_hat = each(p, lambda n: v[n] / (1 - beta2**t))
        shrink = {"layer.weight": decay, "layer.bias": 0.0}
        return each(p, lambda n: p[n] - rate * (m_hat[n] / (np.sqrt(v_hat[n]) + epsilon) + shrink[n] * p[n]))

    return references(point, STEPS, step)


def reference_adadelta(point, *, rate, decay, epsilon):
    """Algorithm 1 of Zeiler, in root mean squares."""
    squares, moves = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal squares, moves
        g = gradient(p)
        squares = each(p, lambda n: decay * squares[n] + (1 - decay) * g[n] ** 2)
        delta = each(p, lambda n: -np.sqrt((moves[n] + epsilon) / (squares[n] + epsilon)) * g[n])
        moves = each(p, lambda n: decay * moves[n] + (1 - decay) * delta[n] ** 2)
        return each(p, lambda n: p[n] + rate * delta[n])

    return references(point, STEPS, step)


def reference_nadam(point, *, rate, beta1, beta2, epsilon, momentum_decay):
    """Algorithm 2 of Dozat, with the whole product of momenta computed anew at every step."""
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal m, v, t
        t += 1
        g = gradient(p)
        mu = [beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in range(1, t + 2)]
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        m_bar = each(
            p,
            lambda n: (1 - mu[-2]) * g[n] / (1 - np.prod(mu[:-1])) + mu[-1] * m[n] / (1 - np.prod(mu)),
        )
        return each(p, lambda n: p[n] - rate * m_bar[n] / (np.sqrt(v[n] / (1 - beta2**t)) + epsilon))

    return references(point, STEPS, step)


def reference_amsgrad(point, *, rate, beta1, beta2, epsilon):
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n][None]), 0

    def step(p):
        nonlocal m, v, t
        t += 1
        g = gradient(p)
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: np.concatenate([v[n], (beta2 * v[n][-1] + (1 - beta2) * g[n] ** 2)[None]]))
        root = each(p, lambda n: np.sqrt(v[n].max(axis=0)) / np.sqrt(1 - beta2**t))
        return each(p, lambda n: p[n] - rate / (1 - beta1**t) * m[n] / (root[n] + epsilon))

    return references(point, STEPS, step)


def reference_lion(point, *, rate, decay, beta1, beta2):
    m = each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal m
        g = gradient(p)
        c = each(p, lambda n: np.sign(beta1 * m[n] + (1 - beta1) * g[n]))
        m = each(p, lambda n: beta2 * m[n] + (1 - beta2) * g[n])
        shrink = {"layer.weight": decay, "layer.bias": 0.0}
        return each(p, lambda n: p[n] - rate * (c[n] + shrink[n] * p[n]))

    return references(point, STEPS, step)


def orthogonal_by_svd(g, steps):
    """Newton-Schulz on the singular values alone: s ← a s + b s³ + c s⁵."""
    u, s, v = np.linalg.svd(g, full_matrices=False)
    s = s / (np.linalg.norm(s) + 1e-7)
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ np.diag(s) @ v * np.sqrt(max(1, g.shape[1] / g.shape[0]))


def reference_muon(point, *, rate, momentum, steps, decay, adam_share):
    """The weight by Muon, the bias by Adam, whose path is its own because the gradients are shared."""
    velocity, t = 0.0, 0
    m, v = np.zeros(2), np.zeros(2)

    def step(p):
        nonlocal velocity, m, v, t
        t += 1
        g = gradient(p)
        velocity = momentum * velocity + g["layer.weight"]
        ahead = orthogonal_by_svd(g["layer.weight"] + momentum * velocity, steps)
        m = 0.9 * m + 0.1 * g["layer.bias"]
        v = 0.95 * v + 0.05 * g["layer.bias"] ** 2
        adam = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.95**t)) + 1e-8)
        weight = p["layer.weight"]
        return {
            "layer.weight": weight - rate * (ahead + decay * weight),
            "layer.bias": p["layer.bias"] - rate * adam_share * adam,
        }

    return references(point, STEPS, step)
