"""How running sums and order along an axis become nodes: chunks are cut along what lies outside of it."""

from collections.abc import Callable, Mapping
from typing import cast

from chainrule.executors.native import _core
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import size_of
from chainrule.program import Step


def _lines(builder: Builder, kind: str, step: Step, *settings: int) -> None:
    (x,) = step.inputs
    axis = cast(int, step.attributes["axis"])
    outer, length, inner = size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :])
    sizes = (_core.TYPES.index(x.dtype), outer, length, inner, *settings)
    builder.simple(kind, step, outer, sizes, (x,), True)


def _cumsum(builder: Builder, step: Step) -> None:
    _lines(builder, "cumsum", step, int(cast(bool, step.attributes["reverse"])))


def _argmax(builder: Builder, step: Step) -> None:
    _lines(builder, "argmax", step)


def _argsort(builder: Builder, step: Step) -> None:
    (x,) = step.inputs
    length = x.shape[cast(int, step.attributes["axis"])]
    _lines(builder, "argsort", step, length, int(cast(bool, step.attributes["descending"])))


def _arg_top_k(builder: Builder, step: Step) -> None:
    _lines(builder, "argsort", step, cast(int, step.attributes["k"]), 1)


ORDERING: Mapping[str, Callable[[Builder, Step], None]] = {
    "cumsum": _cumsum,
    "argmax": _argmax,
    "argsort": _argsort,
    "arg_top_k": _arg_top_k,
}
