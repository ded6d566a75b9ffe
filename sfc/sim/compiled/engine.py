"""The compiled engine: frames that are as the analysis supposes run in a kernel, others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.clock import Clock, Phase
from sfc.sim.compiled.anchor import TAIL, Anchor, Segment
from sfc.sim.compiled.batch import Batch
from sfc.sim.compiled.boundary import Boundary
from sfc.sim.compiled.interrupts import undivided
from sfc.sim.compiled.outputs import Outputs
from sfc.sim.compiled.plan import make_program
from sfc.sim.compiled.program import Program
from sfc.sim.compiled.terms import NotCompiled
from sfc.sim.engines import Arrays
from sfc.sim.fallbacks import Fallbacks
from sfc.sim.recorder import Recorder
from sfc.sim.reference import ReferenceEngine
from sfc.sim.stimulus import Stimulus

if TYPE_CHECKING:
    from sfc.sim.event.engine import EventEngine

FEWEST_FRAMES = 4
"""Frames below which a kernel is not entered."""

_BLOCK = 512
"""Frames after which the kernel's state is copied, to go back to; fewer just after a surprise."""

_WORTH = 50
"""Frames in a kernel that are worth while to enter and leave it."""

_MOST_PATIENCE = 1024
"""Frames that the general engine runs at most after a surprise."""

_MOST_WAIT = 64
"""Frames that it runs at most before the state is looked at again, if a kernel cannot go on."""

_ALIKE = "its frames are alike"

_FEW_STEPS = 2400
"""Steps that the reference engine takes before the event engine is loaded."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that is under way, and where its results go."""

    stimulus: Stimulus
    recorder: Recorder
    learn: bool
    outputs: Outputs


class Weights(Mapping[str, NDArray[np.int16]]):
    """The weights of an engine, which are brought up to date when somebody looks at them."""

    def __init__(self, engine: CompiledEngine, arrays: Arrays) -> None:
        """Wraps the arrays."""
        self._engine = engine
        self._arrays = arrays

    def __getitem__(self, name: str) -> NDArray[np.int16]:
        self._engine.unpack()
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays


class CompiledEngine:
    """Runs frames in a kernel made for the circuit, and falls back to a general engine.

    A kernel works out only the cells that may fire, as the conditional reading of the phase
    analysis has them, and checks in every frame that everything else stays silent. A frame in which
    that is not so is a surprise: nothing of it has happened, and the general engine runs it.

    Between frames the kernel knows only weights, and who fires early. Nothing else of one frame has
    a bearing on the next, as long as that is as supposed. Where the exact state is asked for, which
    also has what is under way, the kernel goes through the frames since an anchor again, and the
    general engine through the last two of them.

    Attributes:
        circuit: what runs.
        weights: by plastic projection, (n_pre, n_post), in weight units.
        reason: why the last run had a kernel, or had none.
        frames: how many were run.
        general_frames: how many of them the general engine ran.
        surprises: how often each kind came.
    """

    pace = 20_000

    def __init__(
        self,
        circuit: Circuit,
        weights: Arrays,
        fewest: int = FEWEST_FRAMES,
        batch: Batch | None = None,
    ) -> None:
        """Starts at step 0 with nothing under way.

        Args:
            circuit: what runs.
            weights: used in place.
            fewest: frames of a run for which a kernel is made, if there is none yet.
            batch: made for this circuit, if there is one.
        """
        self.circuit = circuit
        self.weights: Mapping[str, NDArray[np.int16]] = Weights(self, weights)
        has_frames = circuit.schedule.clock is not None
        self.reason = f"no run has had {fewest} frames" if has_frames else "it has no frames"
        self.frames = self.general_frames = 0
        self.surprises: Counter[str] = Counter()
        self._arrays = weights
        self._fewest = fewest
        self._general: ReferenceEngine | EventEngine = ReferenceEngine(circuit, weights)
        self._general_steps = 0
        self._like: dict[str, NDArray[Any]] = {}
        self._is_packed = False
        self._anchor: Anchor | None = None
        self._patience = 1
        self._since_entry = 0
        self._entry_wait = 1
        self._batch: Batch | None = None
        self._is_tried = False
        if batch is not None:
            self._take(batch)

    @property
    def clock(self) -> Clock:
        """Where the engine stands in time."""
        return self._general.clock

    @property
    def kind(self) -> str:
        """The name of what runs the circuit."""
        return "compiled" if self.reason == _ALIKE else self._general.kind

    @property
    def fallbacks(self) -> Fallbacks | None:
        """How many frames were not run in a kernel; None if there is none."""
        if self._batch is None:
            return None
        return Fallbacks(self.frames, self.general_frames, self.surprises)

    @property
    def program(self) -> Program | None:
        """What the kernel does in a frame, if there is one."""
        return self._batch.program if self._batch is not None else None

    def fresh(self, weights: Arrays) -> CompiledEngine:
        """Returns an engine of the same circuit before step 0; `weights` is used in place."""
        batch = self._batch.twin() if self._batch is not None else None
        return CompiledEngine(self.circuit, weights, self._fewest, batch)

    def prepare(self) -> None:
        """Makes the kernel, or finds out why there can be none."""
        if not self._is_tried:
            self._is_tried = True
            try:
                self._take(Batch(self.circuit, make_program(self.circuit)))
            except NotCompiled as why:
                self.reason = str(why)

    def _take(self, batch: Batch) -> None:
        self._is_tried = True
        self._batch = batch
        self._boundary = Boundary(self.circuit, batch.program)
        self.reason = _ALIKE

    def unpack(self) -> None:
        """Brings the arrays of the weights up to date; they may then be changed."""
        if self._is_packed and self._batch is not None:
            self._batch.storage.store(self._arrays)
        self._is_packed = False

    def state(self) -> dict[str, NDArray[Any]]:
        """Returns everything but the weights that the next steps depend on."""
        self._leave_kernel()
        return self._general.state()

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Goes on from what `state` returned, here or of another engine.

        Raises:
            SfcError: the arrays are not those of this circuit (E0801).
        """
        self._leave_kernel()
        self._general.restore(state)

    def run(self, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Runs until the stimulus is over.

        Raises:
            SfcError: the chain that makes frames fell silent.
        """
        if stimulus.by_frames and stimulus.length >= self._fewest:
            self.prepare()
        if not self._is_for_kernel(stimulus, recorder):
            before = self.clock.frame
            self._leave_kernel()
            self._run_generally(stimulus, recorder, learn)
            frames = self.clock.frame - before
            self.frames, self.general_frames = self.frames + frames, self.general_frames + frames
            return
        while not stimulus.is_over(self.clock):
            left = stimulus.length - stimulus.frames
            if left >= FEWEST_FRAMES and self._may_enter_kernel():
                self._run_kernel(stimulus, recorder, learn, left)
            else:
                self._run_general(stimulus, recorder, learn, min(left, self._entry_wait))

    def _is_for_kernel(self, stimulus: Stimulus, recorder: Recorder) -> bool:
        if self._batch is None or not stimulus.by_frames:
            return False
        if self._batch.wanted(recorder) is None:
            self.reason = "a kernel does not tell what was asked for"
            return False
        if not self._pack():
            self.reason = "weights that are held once differ"
            return False
        self.reason = _ALIKE
        return True

    def _pack(self) -> bool:
        """Lets the kernel have the weights; False if copies that it holds once differ."""
        assert self._batch is not None
        if not self._is_packed:
            if self._anchor is not None and not self._batch.storage.holds(self._arrays):
                self._leave_kernel()  # what was run before cannot be run again with new weights
            self._is_packed = self._batch.storage.load(self._arrays)
        return self._is_packed

    def _may_enter_kernel(self) -> bool:
        """Tells whether the next step begins a frame of which a kernel knows all that matters."""
        if self._anchor is not None:
            return True
        if self.clock.frame_is_over and self._batch is not None:
            carried = self._boundary.enter(self.clock, self._general.state())
            if carried is not None:
                if not self._pack():
                    return False
                self._batch.carry(carried)
                self._anchor = self._new_anchor(is_exact=True)
                self._since_entry = 0
                self._entry_wait = 1
                return True
        self._entry_wait = min(2 * self._entry_wait, _MOST_WAIT)
        return False

    def _lose_patience(self) -> None:
        """Lets the general engine run for longer, unless the kernel was worth while."""
        is_worth_it = self._since_entry >= _WORTH
        self._patience = 1 if is_worth_it else min(2 * self._patience, _MOST_PATIENCE)
        self._since_entry = 0

    def _run_kernel(self, stimulus: Stimulus, recorder: Recorder, learn: bool, count: int) -> None:
        """Runs frames until all are done, or one is a surprise."""
        assert self._batch is not None
        run = _Run(stimulus, recorder, learn, self._batch.outputs(recorder, count))
        while count:
            with undivided():
                done = self._run_block(run, count)
            if not done:
                return
            count -= done
        run.outputs.hand_over()

    def _run_block(self, run: _Run, count: int) -> int:
        """Runs at most so many frames and sets an anchor; returns how many, 0 for a surprise."""
        part = min(count, max(TAIL, _BLOCK // 16, min(self._since_entry, _BLOCK)))
        if self._has_surprise(run, max(part - TAIL, 0)):
            return 0
        anchor = self._new_anchor(is_exact=False)
        if self._has_surprise(run, min(part, TAIL)):
            return 0
        assert self._anchor is not None
        if part >= TAIL:
            anchor.segments.append(self._anchor.segments[-1])
            self._anchor = anchor
        # What the run was given is not held on to.
        self._anchor.segments[:] = [s.part(0, s.count) for s in self._anchor.segments]
        return part

    def _has_surprise(self, run: _Run, count: int) -> bool:
        """Runs frames in the kernel; tells whether there was a surprise, which is over then."""
        assert self._batch is not None
        assert self._anchor is not None
        stimulus, first = run.stimulus, run.stimulus.frames
        done, surprise = self._batch.run(stimulus.rows, first, count, run.learn, run.outputs)
        if done:
            rows = {name: array[first : first + done] for name, array in stimulus.rows.items()}
            self._anchor.segments.append(Segment(rows, done, run.learn))
            stimulus.next_frame(done)
            self._boundary.go_on(self.clock, done)
            self.frames += done
            self._since_entry += done
        if surprise is None:
            return False
        self.surprises[surprise.what] += 1
        self._lose_patience()
        run.outputs.hand_over()
        left = stimulus.length - stimulus.frames
        self._run_general(stimulus, run.recorder, run.learn, min(left, self._patience))
        return True

    def _new_anchor(self, is_exact: bool) -> Anchor:
        assert self._batch is not None
        weights, carried = self._batch.storage.copy(), self._batch.carried()
        return Anchor(is_exact, weights, carried, self._where())

    def _where(self) -> tuple[int, int, int, tuple[Phase, ...]]:
        clock = self.clock
        return clock.step, clock.frame, clock.frame_start, clock.spiked

    def _run_general(self, stimulus: Stimulus, recorder: Recorder, learn: bool, count: int) -> None:
        """Runs so many frames in the general engine, after what is left of the one under way."""
        self._leave_kernel()
        first = stimulus.frames
        rows = {name: r[first : first + count] for name, r in stimulus.rows.items()}
        self._run_generally(Stimulus(True, count, rows), recorder, learn)
        stimulus.next_frame(count)
        self.frames += count
        self.general_frames += count

    def _run_generally(self, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Runs the reference engine, or another as soon as it is worth while to load it."""
        chain = self.circuit.schedule.clock
        frame = len(chain.relays) if chain is not None and stimulus.by_frames else 1
        self._general_steps += stimulus.length * frame
        if self._general_steps > _FEW_STEPS and isinstance(self._general, ReferenceEngine):
            from sfc.sim.event.engine import EventEngine

            other = EventEngine(self.circuit, self._arrays)
            other.restore(self._general.state())
            self._general = other
        self._general.run(stimulus, recorder, learn)

    def _leave_kernel(self) -> None:
        """Brings the general engine to where the kernel stands."""
        self.unpack()
        if self._anchor is None or not self._anchor.segments:
            self._anchor = None
            return
        assert self._batch is not None
        now = {name: array.copy() for name, array in self._arrays.items()}
        where = self._where()
        try:
            with undivided():
                self._go_back(self._anchor)
                self._anchor = None
        finally:
            for name, array in now.items():
                self._arrays[name][:] = array
            if self._anchor is not None:
                clock = self.clock
                clock.step, clock.frame, clock.frame_start, clock.spiked = where

    def _go_back(self, anchor: Anchor) -> None:
        """Goes through the frames since an anchor again, the last of them in a general engine."""
        assert self._batch is not None
        before, tail = anchor.divided()
        self._batch.storage.restore(anchor.weights)
        self._batch.carry(anchor.carried)
        outputs = self._batch.outputs(None, sum(segment.count for segment in before))
        for segment in before:
            self._batch.run(segment.rows, 0, segment.count, segment.learn, outputs)
        self._batch.storage.store(self._arrays)
        clock = self.clock
        clock.step, clock.frame, clock.frame_start, clock.spiked = anchor.clock
        if before or not anchor.is_exact:
            self._boundary.go_on(self.clock, sum(segment.count for segment in before))
            carried = self._batch.carried()
            self._like = self._like or self._general.state()
            state = self._boundary.state(self.clock, self._like, carried)
            self._general.restore(state)
        recorder = Recorder(self.circuit, (), False)
        for segment in tail:
            stimulus = Stimulus(True, segment.count, segment.rows)
            self._run_generally(stimulus, recorder, segment.learn)
