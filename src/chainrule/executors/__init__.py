"""Executors run programs: numpy is the reference."""

from chainrule.executors.contract import Compiled, Executor

__all__ = ["Compiled", "Executor"]
