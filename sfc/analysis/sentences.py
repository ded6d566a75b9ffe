"""Words for cells, phases and amounts, as messages have them."""

from __future__ import annotations

from collections.abc import Iterable

from sfc.analysis.cells import Root
from sfc.analysis.solve import Reading
from sfc.analysis.table import Cell
from sfc.analysis.timeline import NO_PHASE
from sfc.ir.circuit import Circuit
from sfc.ir.integers import closing_weight


def amount_text(amount: float) -> str:
    """Returns an amount in weight units: ``78,740``."""
    return f"{int(amount):,}" if float(amount).is_integer() else f"{amount:,.6g}"


def phases_text(reading: Reading, moments: Iterable[int]) -> str:
    """Returns phases in words: ``phase 3``, ``phases 3, 5 and 9``, or ``any step``."""
    timeline = reading.timeline
    if timeline.tree:
        found = sorted({p for m in moments for p in timeline.phases(m) or (NO_PHASE,)})
        words = [f"{chain}[{index}]" if chain else "steps between" for chain, index in found]
        return f"phase{'s' * (len(words) > 1)} {listed(words)}"
    if timeline.frame is None:
        return "any step"
    numbers = [str(n) for n in sorted({reading.timeline.phase(moment) for moment in moments})]
    return f"phase{'s' * (len(numbers) > 1)} {listed(numbers)}"


def where_text(circuit: Circuit, chain: str, phase: int) -> str:
    """Returns when a cell is, to follow its name: `` in phase 3``, `` in phase play[3]``."""
    if not chain:
        return " between phases" if circuit.schedule.clock else ""
    is_one = len(circuit.schedule.chains) == 1
    return f" in phase {phase}" if is_one else f" in phase {chain}[{phase}]"


def cells_text(cells: list[Cell]) -> str:
    """Returns the phases of cells of one circuit in words, see `phases_text`."""
    if not cells[0].chain:
        return "any step"
    numbers = [str(cell.phase) for cell in cells]
    return f"phase{'s' * (len(numbers) > 1)} {listed(numbers)}"


def action_text(circuit: Circuit, cell: Cell, action: str, names: list[str]) -> str:
    """Returns what opens or closes populations in the phase of a cell."""
    if not cell.chain:
        return ""
    phase = str(cell.phase)
    if len(circuit.schedule.chains) > 1:
        phase = f"{cell.chain}[{phase}]"
    return f"`phase {phase} {{ {action} {', '.join(names)}; }}`"


def closing_text(circuit: Circuit, cell: Cell, names: list[str], excess: float) -> str:
    """Returns what closes populations in the phase of a cell strongly enough, or most strongly.

    Args:
        circuit: theirs.
        cell: in whose phase.
        names: of the populations.
        excess: by how much their drive may exceed what is safe, in weight units.
    """
    if not cell.chain:
        return ""
    amount = closing_weight(excess)
    said = action_text(circuit, cell, "close", [", ".join(names) + f" by {amount}"])
    if amount < excess:
        said += (
            f" takes {amount:,} away, the most that one gate holds; bound inputs or weights, too"
        )
    return said


def names_text(names: Iterable[str]) -> str:
    """Returns names in words: ```a`, `b` and `c```."""
    return listed([f"`{name}`" for name in names])


def listed(words: list[str]) -> str:
    """Returns words as a sentence lists them: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def root_text(reading: Reading, root: Root, most: int) -> str:
    """Returns a condition on the cell that bounds the spikes of others."""
    if root.moment < 0:
        return f"at most {most:,} of {root.name}'s neurons are on"
    where = phases_text(reading, [root.moment])
    return f"at most {most:,} neurons of {root.name} fire in {where}"
