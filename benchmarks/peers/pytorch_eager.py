"""PyTorch as most people write it, with the fastest form of its optimizer."""

from benchmarks.peers.pytorch_model import Stepwise, usual_step, version
from benchmarks.problem import Problem

__all__ = ["build", "version"]

_FORMS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "one by one": {"foreach": False}}


def build(problem: Problem, variant: str) -> Stepwise:
    """variant: a form of the optimizer."""
    return usual_step(problem, f"{variant} optimizer", _FORMS[variant])
