"""The optimizers of the literature, composed of transforms. PRESETS lists them by name.

g is the gradient, θ the parameters, η the learning rate, a number above 0 or a Schedule. To clip gradients,
put the clip in front: chain(ClipByGlobalNorm(1.0), adam()).
"""

from collections.abc import Callable, Mapping

from chainrule.calls import naming_settings
from chainrule.nn.optimizers.adaptive import ScaleByAdadelta, ScaleByAmsgrad, ScaleByLion, ScaleByNadam
from chainrule.nn.optimizers.classic_presets import quickprop, rprop
from chainrule.nn.optimizers.descent import AddWeightDecay, last_link
from chainrule.nn.optimizers.large_presets import (
    adafactor,
    adamax,
    lamb,
    lars,
    prodigy,
    radam,
    schedule_free_adamw,
    schedule_free_sgd,
)
from chainrule.nn.optimizers.matrices import Orthogonalize
from chainrule.nn.optimizers.partition import Partition, Scale
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdagrad, ScaleByAdam, ScaleByRms
from chainrule.nn.optimizers.transform import Chain, chain
from chainrule.nn.schedules import Schedule

Rate = float | Schedule


@naming_settings()
def sgd(learning_rate: Rate = 0.01) -> Chain:
    """θ ← θ - η g: stochastic gradient descent (Cauchy 1847; Robbins and Monro 1951)."""
    return chain(last_link("sgd", learning_rate))


@naming_settings()
def momentum(learning_rate: Rate = 0.01, momentum: float = 0.9) -> Chain:
    """v ← momentum · v + g; θ ← θ - η v (Polyak 1964).

    PyTorch's form, with η outside of v. For a constant rate it equals Keras's v ← momentum · v - η g;
    θ ← θ + v; a change of the rate acts on the whole step at once, not on later gradients only.
    """
    return chain(Momentum(momentum), last_link("momentum", learning_rate))


@naming_settings()
def nesterov(learning_rate: Rate = 0.01, momentum: float = 0.9) -> Chain:
    """v ← momentum · v + g; θ ← θ - η (g + momentum · v) (Nesterov 1983).

    The form of Bengio, Boulanger-Lewandowski and Pascanu 2013, as in PyTorch and Keras: θ is the look-ahead
    point, at which g is computed. η is outside of v, as in `momentum`.
    """
    return chain(Momentum(momentum, nesterov=True), last_link("nesterov", learning_rate))


@naming_settings()
def adagrad(learning_rate: Rate = 0.01, initial: float = 0.0, epsilon: float = 1e-10) -> Chain:
    """s ← s + g²; θ ← θ - η g / (√s + ε) (Duchi, Hazan and Singer 2011, diagonal form).

    ε outside the root; s starts at 0, as in the paper and PyTorch (Keras: 0.1, and ε inside the root).
    """
    return chain(ScaleByAdagrad(initial, epsilon), last_link("adagrad", learning_rate))


@naming_settings()
def rmsprop(learning_rate: Rate = 0.001, rho: float = 0.9, epsilon: float = 1e-8) -> Chain:
    """s ← rho · s + (1 - rho) g²; θ ← θ - η g / (√s + ε) (Tieleman and Hinton 2012).

    rho is 0.9 as in the source (PyTorch: 0.99); ε outside the root as in PyTorch (Keras: inside); s starts at
    0 without bias correction; not centred, no momentum.
    """
    return chain(ScaleByRms(rho, epsilon), last_link("rmsprop", learning_rate))


@naming_settings()
def adam(
    learning_rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Chain:
    """m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; θ ← θ - η m̂ / (√v̂ + ε) (Kingma and Ba 2015).

    m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ), t = 1, 2, … Algorithm 1: ε is added outside the root, after the
    bias correction (as in PyTorch; Keras adds it before). For decoupled weight decay use `adamw`; the coupled
    form is an L2 penalty on the loss.
    """
    return chain(ScaleByAdam(beta1, beta2, epsilon), last_link("adam", learning_rate))


@naming_settings()
def adamw(
    learning_rate: Rate = 0.001,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    on: str = "*weight",
) -> Chain:
    """θ ← θ - η (m̂ / (√v̂ + ε) + weight_decay · θ), m̂ and v̂ as in `adam` (Loshchilov and Hutter 2019).

    Decoupled: the decay does not enter m and v. It is multiplied by η, as in PyTorch and Keras; in the paper
    only by the schedule's multiplier, so its λ is our η · weight_decay. on: which parameters decay, a shell
    pattern on names; by default biases do not.
    """
    return chain(
        ScaleByAdam(beta1, beta2, epsilon),
        AddWeightDecay(weight_decay, on),
        last_link("adamw", learning_rate),
    )


@naming_settings()
def adadelta(learning_rate: Rate = 1.0, rho: float = 0.9, epsilon: float = 1e-6) -> Chain:
    """s ← ρ s + (1 - ρ) g²; u = √(d + ε) / √(s + ε) · g; d ← ρ d + (1 - ρ) u²; θ ← θ - η u (Zeiler 2012).

    ρ is `rho`. With η = 1, the default as in PyTorch, it is the paper's algorithm 1, which has no learning
    rate (Keras's default is 0.001).
    """
    return chain(ScaleByAdadelta(rho, epsilon), last_link("adadelta", learning_rate))


@naming_settings()
def nadam(
    learning_rate: Rate = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    momentum_decay: float = 0.004,
) -> Chain:
    """θ ← θ - η u, with u of Adam with Nesterov's momentum (Dozat 2016, algorithm 2, with his schedule).

    For the equation of u see ScaleByNadam. PyTorch's form.
    """
    scaled = ScaleByNadam(beta1, beta2, epsilon, momentum_decay)
    return chain(scaled, last_link("nadam", learning_rate))


@naming_settings()
def amsgrad(
    learning_rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Chain:
    """w ← max(w, v); θ ← θ - η m̂ / (√(w / (1 - β₂ᵗ)) + ε), m̂ and v as in `adam` (Reddi et al. 2018).

    With Adam's bias corrections, which the paper leaves out; PyTorch's form.
    """
    return chain(ScaleByAmsgrad(beta1, beta2, epsilon), last_link("amsgrad", learning_rate))


@naming_settings()
def lion(
    learning_rate: Rate = 0.0001,
    weight_decay: float = 0.0,
    beta1: float = 0.9,
    beta2: float = 0.99,
    on: str = "*weight",
) -> Chain:
    """θ ← θ - η (sign(β₁ m + (1 - β₁) g) + weight_decay · θ); m ← β₂ m + (1 - β₂) g (Chen et al. 2023).

    Choose η three to ten times smaller than for `adamw`, and a weight decay larger by the same factor. on:
    which parameters decay, a shell pattern on names.
    """
    return chain(
        ScaleByLion(beta1, beta2), AddWeightDecay(weight_decay, on), last_link("lion", learning_rate)
    )


@naming_settings()
def muon(
    learning_rate: Rate = 0.02,
    weight_decay: float = 0.0,
    momentum: float = 0.95,
    steps: int = 5,
    adam_share: float = 0.015,
    on: str = "*weight",
) -> Chain:
    """v ← momentum · v + g; W ← W - η (orthogonal(g + momentum · v) + weight_decay · W) (Keller Jordan 2024).

    orthogonal: `steps` iterations of Newton-Schulz, see Orthogonalize. on: which parameters, a shell pattern
    on names; all others are updated by Adam (β₁ 0.9, β₂ 0.95) at the rate adam_share · η. The author uses
    Adam for embeddings and the last layer, too. Weight decay is decoupled and acts on the parameters that
    `on` matches.
    """
    matrices = chain(
        Momentum(momentum, nesterov=True), Orthogonalize(steps), AddWeightDecay(weight_decay, on)
    )
    others = chain(ScaleByAdam(0.9, 0.95), Scale(adam_share))
    return chain(Partition(((on, matrices),), others), last_link("muon", learning_rate))


PRESETS: Mapping[str, Callable[..., Chain]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "adadelta": adadelta,
    "nadam": nadam,
    "amsgrad": amsgrad,
    "lion": lion,
    "muon": muon,
    "rprop": rprop,
    "quickprop": quickprop,
    "adamax": adamax,
    "radam": radam,
    "adafactor": adafactor,
    "lars": lars,
    "lamb": lamb,
    "schedule_free_sgd": schedule_free_sgd,
    "schedule_free_adamw": schedule_free_adamw,
    "prodigy": prodigy,
}
"""Optimizers by the names that `optimizer=` accepts."""
