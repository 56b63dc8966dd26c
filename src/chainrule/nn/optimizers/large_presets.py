"""Presets for large networks and batches: less memory, layerwise rates, no schedule, no rate to choose."""

from chainrule.calls import naming_settings
from chainrule.nn.optimizers.descent import AddWeightDecay, last_link
from chainrule.nn.optimizers.distance import ScaleByProdigy
from chainrule.nn.optimizers.factored import ScaleByFactoredRms, ScaleByParameter
from chainrule.nn.optimizers.rectified import ScaleByAdamax, ScaleByRectifiedAdam
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdam
from chainrule.nn.optimizers.schedule_free import ScheduleFree
from chainrule.nn.optimizers.transform import Chain, chain
from chainrule.nn.optimizers.trust import ScaleByLars, ScaleByTrustRatio
from chainrule.nn.schedules import Schedule


@naming_settings()
def adamax(
    learning_rate: float | Schedule = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> Chain:
    """m ← β₁ m + (1 - β₁) g; u ← max(β₂ u, |g| + ε); θ ← θ - η m / ((1 - β₁ᵗ) u).

    Kingma and Ba 2015, algorithm 2, with PyTorch's ε.
    """
    return chain(ScaleByAdamax(beta1, beta2, epsilon), last_link("adamax", learning_rate))


@naming_settings()
def radam(
    learning_rate: float | Schedule = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> Chain:
    """θ ← θ - η r m̂ / (√v̂ + ε), where r makes the first steps shorter: Adam with its own warm-up.

    Liu et al. 2020, in PyTorch's form: see ScaleByRectifiedAdam.
    """
    return chain(ScaleByRectifiedAdam(beta1, beta2, epsilon), last_link("radam", learning_rate))


@naming_settings()
def adafactor(
    learning_rate: float | Schedule = 0.01,
    decay: float = 0.8,
    threshold: float = 1.0,
    epsilon: float = 1e-30,
    least: float = 1e-3,
) -> Chain:
    """θ ← θ - η max(least, RMS(θ)) u, u = g / √V clipped to RMS d; V by rows and columns.

    Shazeer and Stern 2018, with a rate η relative to the size of a parameter. Their η falls as min(0.01,
    1/√t), which is 0.01 for the first 10,000 steps. Memory: n + m numbers for an n × m matrix. See
    ScaleByFactoredRms for decay, threshold and epsilon.
    """
    return chain(
        ScaleByFactoredRms(decay, threshold, epsilon),
        ScaleByParameter(least),
        last_link("adafactor", learning_rate),
    )


@naming_settings()
def lars(
    learning_rate: float | Schedule = 0.01,
    weight_decay: float = 1e-4,
    momentum: float = 0.9,
    trust: float = 0.1,
    on: str = "*weight",
) -> Chain:
    """u = trust ‖w‖ / (‖g‖ + β ‖w‖) (g + β w); v ← momentum · v + u; w ← w - η v, β the weight decay.

    Layerwise rates for large batches (You, Gitman and Ginsburg 2017). η is outside of v, as in `momentum`;
    the paper has a smaller trust (0.001) and a rate larger by as much, since it scales biases, too.
    on: which parameters are scaled and decay, a shell pattern on names; others by plain momentum.
    """
    return chain(ScaleByLars(weight_decay, trust, on), Momentum(momentum), last_link("lars", learning_rate))


@naming_settings()
def lamb(
    learning_rate: float | Schedule = 0.001,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    on: str = "*weight",
) -> Chain:
    """u = m̂ / (√v̂ + ε) + weight_decay · θ; θ ← θ - η u ‖θ‖ / ‖u‖, for each array of parameters.

    Adam with layerwise rates, for large batches (You et al. 2020, algorithm 2). on: which parameters decay, a
    shell pattern on names.
    """
    return chain(
        ScaleByAdam(beta1, beta2, epsilon),
        AddWeightDecay(weight_decay, on),
        ScaleByTrustRatio(),
        last_link("lamb", learning_rate),
    )


@naming_settings()
def schedule_free_sgd(learning_rate: float | Schedule = 0.05, momentum: float = 0.9) -> Chain:
    """z ← z - η g(y); x ← mean of all z; y = (1 - β) z + β x, β the momentum; x is evaluated and stored.

    Defazio et al. 2024: no schedule is needed, and η is about ten times that of `momentum`
    or more. See ScheduleFree.
    """
    return chain(last_link("schedule_free_sgd", learning_rate), ScheduleFree(momentum))


@naming_settings()
def schedule_free_adamw(
    learning_rate: float | Schedule = 0.0025,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    on: str = "*weight",
) -> Chain:
    """z ← z - η (g / (√v̂ + ε) + weight_decay · y); x ← mean of all z; y = (1 - β) z + β x; x is evaluated.

    Defazio et al. 2024, algorithm 1, β the momentum, v̂ as in `adam`, g at y. on: which parameters decay, a
    shell pattern on names. See ScheduleFree.
    """
    return chain(
        ScaleByAdam(0.0, beta2, epsilon),
        AddWeightDecay(weight_decay, on),
        last_link("schedule_free_adamw", learning_rate),
        ScheduleFree(momentum),
    )


@naming_settings()
def prodigy(
    learning_rate: float | Schedule = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    distance: float = 1e-6,
) -> Chain:
    """θ ← θ - η d m / (√v + d ε), where d estimates the distance to the minimum: no rate to choose.

    Mishchenko and Defazio 2024, algorithm 4; η is 1, or a schedule that falls from 1. distance: the first d.
    See ScaleByProdigy.
    """
    return chain(ScaleByProdigy(beta1, beta2, epsilon, distance), last_link("prodigy", learning_rate))
