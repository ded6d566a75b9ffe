"""Warnings on learning: unopened coincidences, idle rewards, copies that come to differ."""

from __future__ import annotations

from collections.abc import Collection

from sfc.analysis.sentences import amount_text, names_text, phases_text
from sfc.analysis.solve import Reading
from sfc.analysis.survey import Survey
from sfc.analysis.ties import endings, lessons, moments_of
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Projection
from sfc.ir.rules import Rule


def unopened_coincidences(
    seen: Survey, told: Collection[tuple[str, int]], reporter: Reporter
) -> None:
    """Reports plastic projections that would learn from spikes for which nobody opened.

    Cells that nobody closes are left out: they are reported for themselves.

    Args:
        told: populations and phases of which an error says so already.
    """
    reading, circuit = seen.reading, seen.circuit
    for projection in circuit.projections.values():
        if not circuit.learns(projection):
            continue
        moments = _unopened(reading, projection)
        if not moments:
            continue
        where = phases_text(reading, moments)
        shut = {
            reading.network.blocks[block].name
            for moment in moments
            for end in endings(reading, projection)
            for block in end
            if _is_open(reading, block, moment)
        }
        phases = sorted({reading.timeline.phase(moment) for moment in moments})
        cells = [seen.reached.table.cell(name, phase) for name in sorted(shut) for phase in phases]
        if all((cell.population, cell.phase) in told for cell in cells):
            continue
        worst = min(cells, key=lambda cell: cell.margin)
        verb = "is" if len(shut) == 1 else "are"
        names = names_text(sorted(shut))
        message = (
            f"`{projection.name}` may learn in {where}, in which {names} {verb} closed too weakly"
        )
        drive, level = amount_text(worst.drive[1]), amount_text(worst.level)
        help = (
            f"a drive of up to {drive} arrives, and {level} is safe: `close {worst.population} by "
            "amount`, or limit the weights that drive it"
        )
        reporter.warning("W0602", message, projection.span, help=help)


def _unopened(reading: Reading, projection: Projection) -> list[int]:
    """Returns the moments of coincidences of which one end is open, and the other may fire."""
    sources, targets = endings(reading, projection)
    found = []
    for moment in range(reading.timeline.length):
        fires = [any(reading.firing(b, moment).high for b in end) for end in (sources, targets)]
        shut = [any(_is_open(reading, b, moment) for b in end) for end in (sources, targets)]
        if (fires[0] and shut[1]) or (shut[0] and fires[1]):
            found.append(moment)
    return found


def _is_open(reading: Reading, block: int, moment: int) -> bool:
    found = reading.found.get((block, moment))
    return found is not None and found.is_shut and found.total.closed and found.may_fire > 0


def idle_rewards(
    seen: Survey, late: Collection[str], reporter: Reporter
) -> frozenset[tuple[str, int]]:
    """Reports rewards in phases in which no rule that sees them learns anything.

    Args:
        late: populations of which it is reported that they are driven, or opened, at the wrong
            time.

    Returns:
        Populations and moments in which they should have learned.
    """
    reading, circuit = seen.reading, seen.circuit
    learning = [
        projection
        for projection in circuit.projections.values()
        if (rule := circuit.rule_of(projection)) is not None and _sees_reward(rule)
    ]
    if any(_keeps_reward(rule) for p in learning if (rule := circuit.rule_of(p))):
        return frozenset()
    ends = {end for p in learning for end in (p.source, p.target)}
    if any(seen.quiet.excuses(end) or end in late for end in ends):
        return frozenset()
    lively = {lesson.moment for projection in learning for lesson in lessons(reading, projection)}
    found: set[tuple[str, int]] = set()
    for reward in circuit.schedule.rewards:
        moments = moments_of(reading, reward.chain, reward.phase)
        if lively.intersection(moments):
            continue
        found |= {(end, moment) for end in ends for moment in moments}
        message = f"nothing learns in phase {reward.phase} of chain `{reward.chain}`, which is "
        message += "rewarded"
        fires = {
            end
            for end in ends
            for block in reading.network.blocks_of.get(end, ())
            if any(reading.firing(block, moment).high for moment in moments)
        }
        help = "no plastic projection has spikes at both ends then"
        half = next((p for p in learning if (p.source in fires) != (p.target in fires)), None)
        if half is not None:
            one, other = (
                (half.source, half.target) if half.source in fires else (half.target, half.source)
            )
            help = f"`{one}` fires then, and `{other}` does not"
        if lively:
            help += f"; there are coincidences in {phases_text(reading, lively)}"
        reporter.warning("W0604", message, reward.span, help=help)
    return frozenset(found)


def _sees_reward(rule: Rule) -> bool:
    return any({"r0", "r1"} & set(term.factors) for term in rule.dw)


def _keeps_reward(rule: Rule) -> bool:
    """Tells whether a rule sees a reward, or spikes, of other steps too."""
    return any(trace.variable in ("r1", "x1", "x2", "y1", "y2", "y3") for trace in rule.traces)


def broken_ties(
    seen: Survey, told: Collection[str], excused: Collection[str], reporter: Reporter
) -> None:
    """Reports matrices whose copies can come to differ.

    Args:
        told: matrices of which an error says so already.
        excused: populations of which it is reported that they are driven at the wrong time.
    """
    circuit = seen.circuit
    for matrix in circuit.matrices.values():
        if matrix.name in told:
            continue
        proofs = seen.reached.ties.of(matrix.name)
        worst = next((p for p in proofs if p.state == "open"), None)
        if worst is not None:
            ends = (circuit.projections[name] for name in (worst.first, worst.projection))
            names = [name for p in ends for name in (p.source, p.target)]
            if any(seen.quiet.excuses(name) or name in excused for name in names):
                continue
            message = f"copies of `{matrix.name}` may come to differ: {worst.reason}"
            help = f"`{worst.projection}` should see the spikes that `{worst.first}` sees"
        else:
            worst = next((p for p in proofs if p.state == "rail"), None)
            if worst is None:
                continue
            rule = circuit.rules[matrix.rule]
            end = min(-rule.low, rule.high)
            message = (
                f"copies of `{matrix.name}` come to differ once a weight reaches {rule.low} or "
                f"{rule.high}: {worst.reason}"
            )
            help = f"a range of {-end}..{end} ends at the same place for both signs"
            if rule.low == -rule.high:
                help = "weights that stay within the range stay equal"
        reporter.warning("W0603", message, circuit.projections[worst.projection].span, help=help)
