"""The reference executor: one line of NumPy an operation."""

from chainrule.executors.numpy_.executor import NumpyProgram, compile_numpy, every_value
from chainrule.executors.numpy_.kernels import KERNELS

__all__ = ["KERNELS", "NumpyProgram", "compile_numpy", "every_value"]
