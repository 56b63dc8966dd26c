"""Further optimizers of the papers in plain NumPy, in the papers' own variables."""

import numpy as np
from tests.contracts.valley import NAMES, STEPS, each, gradient, references


def decayed(decay):
    """λ for each parameter: the bias does not decay."""
    return {"layer.weight": decay, "layer.bias": 0.0}


def reference_adamax(point, *, rate, beta1, beta2, epsilon):
    """Algorithm 2 of Kingma and Ba."""
    m, u, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal m, u, t
        t += 1
        g = gradient(p)
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        u = each(p, lambda n: np.maximum(beta2 * u[n], np.abs(g[n]) + epsilon))
        return each(p, lambda n: p[n] - rate / (1 - beta1**t) * m[n] / u[n])

    return references(point, STEPS, step)


def reference_radam(point, *, rate, beta1, beta2, epsilon):
    """Algorithm 2 of Liu et al., with the bound 5."""
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0
    full = 2 / (1 - beta2) - 1

    def step(p):
        nonlocal m, v, t
        t += 1
        g = gradient(p)
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        m_hat = each(p, lambda n: m[n] / (1 - beta1**t))
        rho = full - 2 * t * beta2**t / (1 - beta2**t)
        if rho <= 5:
            return each(p, lambda n: p[n] - rate * m_hat[n])
        r = np.sqrt((rho - 4) * (rho - 2) * full / ((full - 4) * (full - 2) * rho))
        length = each(p, lambda n: np.sqrt(1 - beta2**t) / (np.sqrt(v[n]) + epsilon))
        return each(p, lambda n: p[n] - rate * r * m_hat[n] * length[n])

    return references(point, STEPS, step)


def reference_adafactor(point, *, rate, decay, threshold, least):
    """Algorithms 4 and 5 of Shazeer and Stern, with row and column means written as sums."""
    rows, columns, square, t = np.zeros(2), np.zeros(3), np.zeros(2), 0

    def rms(x):
        return np.linalg.norm(x) / np.sqrt(x.size)

    def step(p):
        nonlocal rows, columns, square, t
        t += 1
        g, beta = gradient(p), 1 - t**-decay
        matrix, vector = g["layer.weight"], g["layer.bias"]
        rows = beta * rows + (1 - beta) * (matrix**2).sum(1) / 3
        columns = beta * columns + (1 - beta) * (matrix**2).sum(0) / 2
        square = beta * square + (1 - beta) * vector**2
        v = {"layer.weight": np.outer(rows, columns) / (rows.sum() / 2), "layer.bias": square}
        u = each(p, lambda n: g[n] / np.sqrt(v[n]))
        u = each(p, lambda n: u[n] / max(1.0, rms(u[n]) / threshold))
        return each(p, lambda n: p[n] - rate * max(least, rms(p[n])) * u[n])

    return references(point, STEPS, step)


def reference_lars(point, *, rate, decay, momentum, trust):
    """Algorithm 1 of You, Gitman and Ginsburg for the weight, the heavy ball for the bias."""
    v = each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal v
        g = gradient(p)
        w, slope = p["layer.weight"], g["layer.weight"]
        local = trust * np.linalg.norm(w) / (np.linalg.norm(slope) + decay * np.linalg.norm(w))
        u = {"layer.weight": local * (slope + decay * w), "layer.bias": g["layer.bias"]}
        v = each(p, lambda n: momentum * v[n] + rate * u[n])
        return each(p, lambda n: p[n] - v[n])

    return references(point, STEPS, step)


def reference_lamb(point, *, rate, decay, beta1, beta2, epsilon):
    """Algorithm 2 of You et al. 2020."""
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal m, v, t
        t += 1
        g = gradient(p)
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        r = each(p, lambda n: m[n] / (1 - beta1**t) / (np.sqrt(v[n] / (1 - beta2**t)) + epsilon))
        u = each(p, lambda n: r[n] + decayed(decay)[n] * p[n])
        return each(p, lambda n: p[n] - rate * np.linalg.norm(p[n]) / np.linalg.norm(u[n]) * u[n])

    return references(point, STEPS, step)


def reference_schedule_free_sgd(point, *, rate, momentum):
    """Equations 5 to 7 of Defazio et al.; the points are y, and x is the mean of all z."""
    return _schedule_free(point, rate, momentum, lambda g, p: g)


def reference_schedule_free_adamw(point, *, rate, decay, momentum, beta2, epsilon):
    """Algorithm 1 of Defazio et al. without a warm-up."""
    v, t = each(point, lambda n: 0 * point[n]), 0

    def scaled(g, p):
        nonlocal v, t
        t += 1
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        root = each(p, lambda n: np.sqrt(v[n] / (1 - beta2**t)) + epsilon)
        return each(p, lambda n: g[n] / root[n] + decayed(decay)[n] * p[n])

    return _schedule_free(point, rate, momentum, scaled)


def _schedule_free(point, rate, momentum, scaled):
    z, every = dict(point), []

    def step(y):
        nonlocal z
        u = scaled(gradient(y), y)
        z = each(z, lambda n: z[n] - rate * u[n])
        every.append(z)
        x = each(z, lambda n: np.mean([each_z[n] for each_z in every], axis=0))
        return each(z, lambda n: (1 - momentum) * z[n] + momentum * x[n])

    return references(point, STEPS, step)


def reference_prodigy(point, *, rate, beta1, beta2, epsilon, distance):
    """Algorithm 4 of Mishchenko and Defazio with γ = 1; the rate scales the step alone."""
    m, v, s = ({n: 0 * point[n] for n in NAMES} for _ in range(3))
    d, r, root = distance, 0.0, np.sqrt(beta2)

    def step(p):
        nonlocal m, v, s, d, r
        g = gradient(p)
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * d * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * d**2 * g[n] ** 2)
        away = sum((g[n] * (point[n] - p[n])).sum() for n in NAMES)
        r = root * r + (1 - root) * d**2 * away
        s = each(p, lambda n: root * s[n] + (1 - root) * d**2 * g[n])
        moved = each(p, lambda n: p[n] - rate * d * m[n] / (np.sqrt(v[n]) + d * epsilon))
        d = max(d, r / sum(np.abs(s[n]).sum() for n in NAMES))
        return moved

    return references(point, STEPS, step)
