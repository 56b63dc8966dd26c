"""Presets of the textbooks, for small problems and whole batches: Rprop, Quickprop."""

from chainrule.calls import naming_settings
from chainrule.nn.optimizers.descent import last_link
from chainrule.nn.optimizers.resilient import ScaleByQuickprop, ScaleByRprop
from chainrule.nn.optimizers.transform import Chain, chain
from chainrule.nn.schedules import Schedule


@naming_settings()
def rprop(
    learning_rate: float | Schedule = 0.01,
    grow: float = 1.2,
    shrink: float = 0.5,
    smallest: float = 1e-4,
    largest: float = 5e3,
    backtracking: str = "never",
) -> Chain:
    """θ ← θ - η sign(g) d; d ← grow · d while the sign of g stays, shrink · d where it changes.

    Resilient backpropagation (Riedmiller and Braun 1993), by default Igel and Hüsken's iRprop-, which is
    PyTorch's; backtracking 'if_worse' is their iRprop+, 'always' the form of 1993. η is the first step (Δ₀;
    the paper's is 0.1), and d between `smallest` and `largest` is in units of it: with η = 0.01 steps are
    from 10⁻⁶ to 50. batch_size must be at least the number of examples. See ScaleByRprop.
    """
    scaled = ScaleByRprop(grow, shrink, smallest, largest, backtracking)
    return chain(scaled, last_link("rprop", learning_rate))


@naming_settings()
def quickprop(learning_rate: float | Schedule = 0.01, growth: float = 1.75) -> Chain:
    """θ ← θ - η (g + u g / (g' - g)), u the last step and g' its gradient (Fahlman 1988).

    Each number jumps to the lowest point of the parabola through its last two slopes. η is the paper's ε;
    growth its μ. Means over examples have smaller gradients than the paper's sums, so that η may be larger.
    batch_size must be at least the number of examples. For the exact rule see ScaleByQuickprop.
    """
    return chain(ScaleByQuickprop(growth), last_link("quickprop", learning_rate))
