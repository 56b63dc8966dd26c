"""Last links of a chain, which keep parameters within bounds."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from chainrule.nn.optimizers.clipping import unit_norm
from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform
from chainrule.nn.regularizers import matching
from chainrule.nn.settings import check_number, check_text
from chainrule.program import functions as f


@dataclass(frozen=True)
class MaxNorm(Transform):
    """w ← w min(1, limit / ‖w‖) after the step, for the incoming weights w of each unit.

    Srebro and Shraibman 2005; with dropout Hinton et al. 2012 and Srivastava et al. 2014, who take 3 to 4. A
    kernel (..., inputs, outputs) has a unit per output; a vector is one unit. Put it last, such as
    chain(sgd(), MaxNorm(3.0)). limit: above 0. on: which parameters, a shell pattern on names.
    """

    limit: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)
        check_text(self, "on", self.on)

    def acts_by_rows(self, name: str) -> bool:
        """Whether it leaves the parameter alone, since units are columns."""
        return not fnmatchcase(name, self.on)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Change the updates so that no norm exceeds the limit."""
        changed = dict(updates)
        for name, u in matching(self.on, updates).items():
            moved = parameters[name] + u
            norm = unit_norm(moved)
            shorter = moved * (self.limit / f.maximum(norm, self.limit)) - parameters[name]
            changed[name] = f.where(norm > self.limit, shorter, u)
        return changed, {}
