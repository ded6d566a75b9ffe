"""Whether the copies of a plastic matrix stay equal: they do if they learn from the same spikes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from sfc.analysis.solve import Reading
from sfc.ir.circuit import Projection, Tie
from sfc.ir.integers import COEFFICIENT_BITS
from sfc.ir.rules import Rule

TieState = Literal["proved", "frames", "rail", "open"]


@dataclass(frozen=True, slots=True)
class TieProof:
    """What is known of one copy of a matrix, beside the first.

    Attributes:
        state: proved: always equal. frames: equal whenever a frame begins. rail: equal then, until
            a weight reaches an end of the range. open: not proved, as they may learn from
            different spikes.
        reason: in words, with phases; empty where proved.
    """

    matrix: str
    first: str
    projection: str
    state: TieState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ties:
    """The copies of all plastic matrices, without the first of each.

    Attributes:
        proofs: in the order of the projections.
    """

    proofs: tuple[TieProof, ...]

    def of(self, matrix: str) -> list[TieProof]:
        """Returns the proofs of a matrix."""
        return [proof for proof in self.proofs if proof.matrix == matrix]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One update of weights in a frame: the weights of rows and columns change by dw.

    Attributes:
        rows, columns: the neurons, by the matrix's rows and columns.
        change: of the matrix's value, by which a copy of opposite sign changes negatively; where it
            depends on a reward that may come or not, both changes, and when.
    """

    moment: int
    rows: Hashable
    columns: Hashable
    change: tuple[int, ...]


def prove(reading: Reading) -> Ties:
    """Compares what the copies of every matrix learn in a frame, in one reading."""
    circuit = reading.network.circuit
    proofs = []
    for matrix in circuit.matrices.values():
        copies = circuit.tied(matrix.name)
        rule = circuit.rules[matrix.rule]
        for copy in copies[1:]:
            proofs.append(compare(reading, rule, copies[0], copy))
    return Ties(tuple(proofs))


def differing_ties(reading: Reading) -> frozenset[Tie]:
    """Returns the ties of which two projections are not proved to hold equal weights."""
    circuit = reading.network.circuit
    groups: dict[Tie, list[Projection]] = {}
    for projection in circuit.projections.values():
        if isinstance(projection.weight, Tie):
            groups.setdefault(projection.weight, []).append(projection)
    return frozenset(
        tie
        for tie, (first, *others) in groups.items()
        for rule in [circuit.rules[circuit.matrices[tie.matrix].rule]]
        if any(compare(reading, rule, first, copy).state != "proved" for copy in others)
    )


def compare(reading: Reading, rule: Rule, first: Projection, copy: Projection) -> TieProof:
    """Compares what two copies of a matrix learn in a frame, in one reading."""
    assert isinstance(first.weight, Tie)
    assert isinstance(copy.weight, Tie)
    name = first.weight.matrix
    names = (name, first.name, copy.name)
    same_sign = first.weight.sign == copy.weight.sign
    lopsided = not same_sign and rule.low != -rule.high
    rails = f"the range {rule.low}..{rule.high} ends elsewhere for {copy.weight}"
    if not rule.dw:
        return TieProof(*names, "proved")
    if is_by_coincidence(rule):
        ours, theirs = (lessons(reading, p) for p in (first, copy))
        bare = [_taught(reading, sequence) for sequence in (ours, theirs)]
        if bare[0] == bare[1] and not lopsided:
            if ours == theirs:
                return TieProof(*names, "proved")
            if _by_frames(reading, ours) == _by_frames(reading, theirs):
                return TieProof(*names, "frames")
        if sorted(bare[0], key=repr) == sorted(bare[1], key=repr):
            reason = rails if lopsided else "they learn the same in another order"
            return TieProof(*names, "rail", reason)
        return TieProof(*names, "open", _difference(reading, first, copy, ours, theirs))
    same_ends = same_sign and first.weight.transpose == copy.weight.transpose
    if same_ends and first.delay == copy.delay and _see_the_same(reading, first, copy):
        return TieProof(*names, "proved")
    reason = f"its rule `{rule.name}` sees more than coincidences, and the spikes may differ"
    return TieProof(*names, "open", reason)


def is_by_coincidence(rule: Rule) -> bool:
    """Tells whether nothing but coincidences of spikes and the reward change a weight."""
    return all(
        {"x0", "y0"} <= set(term.factors) <= {"x0", "y0", "r0", "r1"} for term in rule.dw
    ) and not any(trace.variable == "r1" for trace in rule.traces)


def lessons(reading: Reading, projection: Projection) -> list[Lesson]:
    """Returns what a projection learns in a frame, if its rule is one of coincidences."""
    circuit = reading.network.circuit
    rule = circuit.rule_of(projection)
    assert rule is not None
    assert isinstance(projection.weight, Tie)
    per_moment = changes(reading, rule, projection.weight.sign)
    found: dict[Lesson, None] = {}
    for moment, change in enumerate(per_moment):
        pre, post = (
            [block for block in end if reading.firing(block, moment).high]
            for end in endings(reading, projection)
        )
        for source in pre:
            for target in post:
                rows, columns = (
                    (_set(reading, block, moment), _place(reading, end, projection))
                    for end, block in (("source", source), ("target", target))
                )
                if projection.weight.transpose:
                    rows, columns = columns, rows
                if change != (0,):
                    found[Lesson(moment, rows, columns, change)] = None
    return list(found)


def _taught(reading: Reading, sequence: list[Lesson]) -> list[Hashable]:
    """Returns what a frame teaches; when, only where its moments are not in all frames."""
    is_tree = bool(reading.timeline.tree)
    return [(x.moment if is_tree else 0, x.rows, x.columns, x.change) for x in sequence]


def _by_frames(reading: Reading, sequence: list[Lesson]) -> list[Hashable]:
    frame = reading.timeline.frame or 1
    return [(x.moment // frame, x.rows, x.columns, x.change) for x in sequence]


def endings(reading: Reading, projection: Projection) -> tuple[list[int], list[int]]:
    """Returns the blocks at both ends of a projection; lines, where that is an input."""
    network = reading.network
    sources = network.lines.get(projection.name) or network.blocks_of[projection.source]
    links = [
        link
        for source in sources
        for link in network.outgoing[source]
        if link.projection == projection.name
    ]
    ends = ((link.source for link in links), (link.target for link in links))
    return sorted(set(ends[0])), sorted(set(ends[1]))


def _set(reading: Reading, block: int, moment: int) -> Hashable:
    """Returns what stands for the neurons of a block that fire in a moment."""
    firing = reading.firing(block, moment)
    whole = reading.network.blocks[block]
    if firing.low == whole.size:
        return ("all", whole.place)
    return (firing.number, whole.place)


def _place(reading: Reading, end: str, projection: Projection) -> Hashable:
    """Returns which neurons of a population the rows or columns are."""
    circuit = reading.network.circuit
    if end == "source":
        if projection.source in circuit.inputs:
            return None
        return projection.source_part and (
            projection.source_part,
            circuit.ends(projection)[0].shape,
        )
    return projection.target_part and (projection.target_part, circuit.ends(projection)[1].shape)


def moments_of(reading: Reading, chain_name: str, phase: int, surely: bool = False) -> list[int]:
    """Returns the moments that may, or surely will, be a phase of a chain: its relay spiked."""
    network, length = reading.network, reading.timeline.length
    chain = network.circuit.schedule.chain(chain_name)
    blocks = list(network.blocks_of[chain.relays[phase]])
    if phase == 0:
        blocks += [kick for kick in network.kicks if network.blocks[kick].name == chain_name]
    found = []
    for moment in range(length):
        past = reading.timeline.past(moment, 1)
        before = [reading.sent(block, past)[0] for block in blocks]
        if any(firing.low if surely else firing.high for firing in before):
            found.append(moment)
    return found


def changes(reading: Reading, rule: Rule, sign: int) -> list[tuple[int, ...]]:
    """Returns for every moment by how much a coincidence changes the value of a matrix."""
    rewards = reading.network.circuit.schedule.rewards
    may, must = (
        {m for reward in rewards for m in moments_of(reading, reward.chain, reward.phase, surely)}
        for surely in (False, True)
    )
    plain, rewarded = (sign * _change(rule, is_rewarded) for is_rewarded in (False, True))
    found: list[tuple[int, ...]] = []
    for moment in range(reading.timeline.length):
        if plain != rewarded and moment in may - must:
            found.append((plain, rewarded, moment))
        else:
            found.append((rewarded if moment in may else plain,))
    return found


def _change(rule: Rule, rewarded: bool) -> int:
    """Returns by how much a coincidence changes a weight, in weight units."""
    total = sum(term.scaled for term in rule.dw if rewarded or not {"r0", "r1"} & set(term.factors))
    step = rule.weights.step
    size = (abs(total) >> COEFFICIENT_BITS) // step * step
    return size if total > 0 else -size


def _see_the_same(reading: Reading, first: Projection, copy: Projection) -> bool:
    """Tells whether both ends of two projections fire alike in every moment."""
    pairs = list(zip(endings(reading, first), endings(reading, copy), strict=True))
    parts = [[_place(reading, end, p) for end in ("source", "target")] for p in (first, copy)]
    if parts[0] != parts[1] or any(len(ours) != len(theirs) for ours, theirs in pairs):
        return False
    return all(
        _fire_alike(reading, ours, theirs, moment)
        for moment in range(reading.timeline.length)
        for blocks in pairs
        for ours, theirs in zip(*blocks, strict=True)
    )


def _fire_alike(reading: Reading, first: int, second: int, moment: int) -> bool:
    ours, theirs = reading.firing(first, moment), reading.firing(second, moment)
    if first == second or (ours.high == 0 and theirs.high == 0):
        return True
    return _set(reading, first, moment) == _set(reading, second, moment)


def _difference(
    reading: Reading,
    first: Projection,
    copy: Projection,
    ours: list[Lesson],
    theirs: list[Lesson],
) -> str:
    """Describes in words what two copies learn from."""

    def phases(projection: Projection, sequence: list[Lesson]) -> str:
        numbers = sorted({reading.timeline.phase(lesson.moment) for lesson in sequence})
        if not numbers:
            return f"`{projection.name}` learns nothing"
        listed = ", ".join(str(number) for number in numbers)
        where = f" in phase{'s' * (len(numbers) > 1)} {listed}" if numbers != [-1] else ""
        return f"`{projection.name}` learns{where}"

    said = f"{phases(first, ours)}, {phases(copy, theirs)}"
    return f"{said}: the neurons may differ" if len(ours) == len(theirs) else said
