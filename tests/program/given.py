"""Inputs for tests of what is refused."""

from chainrule.program import Tensor, Trace


class Given:
    """Makes named inputs of one trace."""

    def __init__(self) -> None:
        self.trace = Trace()

    def __call__(self, *shape: int, dtype: str = "float32") -> Tensor:
        return self.trace.input(f"x{len(self.trace.program({}).inputs) + 1}", shape, dtype)
