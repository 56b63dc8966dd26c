"""The optimizers of the literature, composed of transforms. PRESETS lists them by name.

g is the gradient, θ the parameters, η the learning rate: a number above 0 or a Schedule. To clip, put the
clip in front: chain(ClipByGlobalNorm(1.0), adam()).
"""

from collections.abc import Callable, Mapping

from chainrule.nn.optimizers.descent import AddDecay, Descend
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdagrad, ScaleByAdam, ScaleByRms
from chainrule.nn.optimizers.transform import Chain, chain
from chainrule.nn.schedules import Schedule
from chainrule.nn.settings import check_number

Rate = float | Schedule


def sgd(learning_rate: Rate = 0.01) -> Chain:
    """θ ← θ - η g: gradient descent (Cauchy 1847), stochastic by its batches (Robbins and Monro 1951)."""
    return chain(_descend("sgd", learning_rate))


def momentum(learning_rate: Rate = 0.01, decay: float = 0.9) -> Chain:
    """v ← decay · v + g; θ ← θ - η v (Polyak 1964).

    PyTorch's form: η is outside of v. With a constant rate it walks the same path as Keras's
    v ← decay · v - η g; θ ← θ + v; when the rate changes, ours changes the whole step at once.
    """
    return chain(Momentum(decay), _descend("momentum", learning_rate))


def nesterov(learning_rate: Rate = 0.01, decay: float = 0.9) -> Chain:
    """v ← decay · v + g; θ ← θ - η (g + decay · v) (Nesterov 1983).

    The form of Bengio, Boulanger-Lewandowski and Pascanu 2013, which PyTorch and Keras have too: θ is the
    point looked ahead to, where g is taken. η is outside of v, as in `momentum`.
    """
    return chain(Momentum(decay, nesterov=True), _descend("nesterov", learning_rate))


def adagrad(learning_rate: Rate = 0.01, initial: float = 0.0, epsilon: float = 1e-10) -> Chain:
    """s ← s + g²; θ ← θ - η g / (√s + ε) (Duchi, Hazan and Singer 2011, diagonal form).

    ε outside the root; s starts at 0, as in the paper and PyTorch (Keras: 0.1, and ε inside the root).
    """
    return chain(ScaleByAdagrad(initial, epsilon), _descend("adagrad", learning_rate))


def rmsprop(learning_rate: Rate = 0.001, decay: float = 0.9, epsilon: float = 1e-8) -> Chain:
    """s ← decay · s + (1 - decay) g²; θ ← θ - η g / (√s + ε) (Tieleman and Hinton 2012).

    Hinton's decay of 0.9 (PyTorch: 0.99); ε outside the root as in PyTorch (Keras: inside); s starts at 0
    without correction; not centred, no momentum.
    """
    return chain(ScaleByRms(decay, epsilon), _descend("rmsprop", learning_rate))


def adam(
    learning_rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Chain:
    """m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; θ ← θ - η m̂ / (√v̂ + ε) (Kingma and Ba 2015).

    m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ), t = 1, 2, … Algorithm 1: ε outside the root, after the correction
    (PyTorch too; Keras adds it before). For weight decay use `adamw`; an L2 penalty on the loss is the
    coupled form.
    """
    return chain(ScaleByAdam(beta1, beta2, epsilon), _descend("adam", learning_rate))


def adamw(
    learning_rate: Rate = 0.001,
    decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    on: str = "*weight",
) -> Chain:
    """θ ← θ - η (m̂ / (√v̂ + ε) + decay · θ), m̂ and v̂ as in `adam` (Loshchilov and Hutter 2019).

    Decoupled: the decay passes by m and v. It is multiplied by η, as in PyTorch and Keras; in the paper only
    by the schedule's multiplier, so its λ is our η · decay. on: which parameters decay, a shell pattern on
    names; biases do not by default.
    """
    return chain(ScaleByAdam(beta1, beta2, epsilon), AddDecay(decay, on), _descend("adamw", learning_rate))


PRESETS: Mapping[str, Callable[..., Chain]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def _descend(preset: str, learning_rate: Rate) -> Descend:
    """The last link; an error about the rate names the preset, which is what the user wrote."""
    if not isinstance(learning_rate, Schedule):
        check_number(preset, "learning_rate", learning_rate, above=0)
    return Descend(learning_rate)
