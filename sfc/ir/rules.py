"""Learning rules: sums of products of spikes, traces, reward and the synapse's own state."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.ir.integers import COEFFICIENT_BITS, WeightRange, plastic_range
from sfc.span import Span

PRE_VARIABLES = ("x0", "x1", "x2")
POST_VARIABLES = ("y0", "y1", "y2", "y3")
REWARD_VARIABLES = ("r0", "r1")
SYNAPSE_VARIABLES = ("w", "d", "t")
TRACE_VARIABLES = ("x1", "x2", "y1", "y2", "y3", "r1")
RULE_VARIABLES = PRE_VARIABLES + POST_VARIABLES + REWARD_VARIABLES + SYNAPSE_VARIABLES


@dataclass(frozen=True, slots=True)
class Term:
    """A product in a learning rule: coefficient times factors.

    Attributes:
        coefficient: a multiple of 2^-8.
        factors: names from RULE_VARIABLES, sorted, repeated for powers.
    """

    coefficient: float
    factors: tuple[str, ...]

    @property
    def scaled(self) -> int:
        """The coefficient in units of 2^-COEFFICIENT_BITS."""
        return int(self.coefficient * 2**COEFFICIENT_BITS)


@dataclass(frozen=True, slots=True)
class Trace:
    """A decaying trace of spikes or reward: x1 x2 (pre), y1 y2 y3 (post), r1 (reward).

    Attributes:
        impulse: added at a spike, 0..127.
        tau: time constant in steps; 0 forgets at once.
    """

    variable: str
    impulse: int
    tau: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A learning rule: in every step w <- clip(w + dw, low, high), and t <- clip(t + dt).

    Attributes:
        dw, dt: sums of products for the weight and the tag.
        low, high: range of the weights, weight units.
        traces: for every trace variable that the terms use.
    """

    name: str
    dw: tuple[Term, ...]
    dt: tuple[Term, ...] = ()
    low: int = -256
    high: int = 254
    traces: tuple[Trace, ...] = ()
    doc: str = ""
    span: Span | None = None

    @property
    def weights(self) -> WeightRange:
        """How the weights are held."""
        weights = plastic_range(self.low, self.high)
        if weights is None:
            raise ValueError(f"no mantissa and exponent hold {self.low}..{self.high}")
        return weights

    def trace(self, variable: str) -> Trace:
        """Returns the trace of a trace variable; r1 defaults to the reward of this step."""
        default = Trace(variable, 1, 0.0)
        return next((t for t in self.traces if t.variable == variable), default)
