"""PyTorch as most people write it, with the fastest form of its optimizer."""

from benchmarks.peers.pytorch_model import Stepwise, usual_step, version
from benchmarks.problem import Problem

__all__ = ["build", "version"]

_FORMS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "one by one": {"foreach": False}}


def build(problem: Problem, variant: str) -> Stepwise:
    """variant: a form of the optimizer, and for images the memory format."""
    form, _, memory = variant.partition(", ")
    note = f"{form} optimizer" + (f", {memory}" if memory else "")
    return usual_step(problem, note, _FORMS[form], channels_last=bool(memory))
