"""Random gated circuits such as people write: openings, copies, pairs, masks, memories, ties.

Most of what is written fires as planned; now and then something is wired wrongly.
"""

from __future__ import annotations

from random import Random

HEAD = """sfc 1;
const theta = 64;
neuron Relay {{ threshold = theta; ring = 128; {relays} }}
neuron Gated {{ threshold = theta; bias = -8*theta; drive = 40; close = 496; }}
rule Delta {{ dw = 4*x0*y0*r1 - 2*x0*y0; range = {range}; }}
rule Grow {{ dw = 2*x0*y0; range = 0..255; }}
rule Pair {{ dw = x1*y0/4 - 2*y0; range = -256..254; trace x1 impulse 16 tau 3; }}
rule Still {{ dw = 0; range = -256..254; }}
"""

Event = tuple[str, int]
"""A population that is planned to fire in a phase of the frame."""


class GatedWriter:
    """Writes one circuit, and keeps track of what is planned to fire when."""

    def __init__(self, random: Random, steps: int) -> None:
        self.random = random
        self.frame = random.choice((1, 2, 3, 4, 6, 8, 12))
        self.size = random.randint(1, 5)
        self.lines: list[str] = []
        self.gated: set[tuple[str, str, int]] = set()
        self.events: list[Event] = []
        self.names = 0
        relays = random.choice(("", "", "", f"refractory = {self.frame};"))
        weights = random.choice(("-256..254", "-8..8", "-254..254", "0..255"))
        self.lines.append(HEAD.format(relays=relays, range=weights))
        kind = random.choice(("ring", "ring", "ring", ""))
        self.lines.append(f"chain g[{self.frame}] : Relay {kind};")
        self.inputs = [self.input() for _ in range(random.randint(1, 2))]
        for name in self.inputs:
            self.present(name)
        if random.random() < 0.4:
            self.other_chain()
        makers = (
            self.copy, self.copy, self.pair, self.mask, self.levels, self.learning, self.apart,
            self.again,
            self.close, self.slice, self.sum, self.stray,
        )  # fmt: skip
        for _ in range(steps):
            random.choice(makers)()

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def input(self) -> str:
        random, name = self.random, self.name("i")
        least = random.choice((0, 0, random.randint(0, self.size)))
        most = random.choice((self.size, random.randint(least, self.size)))
        bounds = f" at least {least}" * (least > 0) + f" at most {most}" * (most < self.size)
        self.lines.append(f"input {name}[{self.size}]{bounds};")
        return name

    def population(self, count: int | None = None) -> str:
        random, name = self.random, self.name("p")
        settings = random.choice(
            ("", "", "", "", "", "refractory = 2;", f"refractory = {self.frame + 1};",
             "decay_v = 2048;", "decay_u = 3000;", "drive = 39;", "bias = -64;")
        )  # fmt: skip
        shape = str(count or self.size)
        if shape == "4" and random.random() < 0.3:
            shape = "2, 2"
        self.lines.append(f"population {name}[{shape}] : Gated {{ {settings} }}")
        return name

    def phase(self, number: int, text: str) -> None:
        self.lines.append(f"phase g[{number % self.frame}] {{ {text} }}")

    def open(self, name: str, number: int, level: str = "", part: str = "") -> None:
        """Opens a population in a phase, with a slip now and then."""
        random = self.random
        number = (number + (random.random() < 0.06)) % self.frame
        if random.random() < 0.06 or (name, "g", number) in self.gated:
            return
        self.gated.add((name, "g", number))
        self.phase(number, f"open {name}{part}{level};")

    def close(self) -> None:
        name, number = self.event()[0], self.random.randrange(self.frame)
        if (name, "g", number) not in self.gated:
            self.gated.add((name, "g", number))
            self.phase(number, f"close {name}{self.random.choice(('', ' by 40', ' by 1024'))};")

    def join(self, event: Event, target: str, number: int, weight: str, form: str = "") -> None:
        """Joins populations so that spikes of an event arrive in a phase, here or frames later."""
        random = self.random
        delay = (number - event[1] - 1) % self.frame
        delay += self.frame * random.choice((0, 0, 0, 0, 1, 2))
        delay += random.random() < 0.06
        if random.random() < 0.04:
            weight = random.choice(("0", "20", "-spike", "64"))
        delay = min(delay, 62)
        form = form or random.choice(("one_to_one",) * 5 + ("all_to_all",))
        self.lines.append(f"{event[0]} -> {target} {form} weight {weight} delay {delay};")

    def event(self) -> Event:
        random = self.random
        if random.random() < 0.5:
            return self.events[-1]
        return random.choice(self.events)

    def present(self, name: str) -> None:
        target, number = self.population(), self.random.randrange(self.frame)
        self.phase(number, f"present {name} to {target};")
        self.open(target, number)
        self.events.append((target, number))
        again = self.random.randrange(self.frame)
        if again != number and self.random.random() < 0.5:
            self.phase(again, f"present {name} to {target};")
            self.open(target, again)

    def other_chain(self) -> None:
        """A second ring, a chain that the host starts, or one that a population starts."""
        random = self.random
        length = random.randint(1, 4)
        kind = random.choice((" ring", "", f" started by {self.event()[0]}"))
        self.lines.append(f"chain k[{length}] : Relay{kind};")
        name, number = random.choice(self.inputs), random.randrange(length)
        target = random.choice((self.event()[0], self.population()))
        said = f"present {name} to {target};"
        if (target, "k", number) not in self.gated and random.random() < 0.8:
            self.gated.add((target, "k", number))
            said += random.choice((f" open {target};", f" close {target};", ""))
        self.lines.append(f"phase k[{number}] {{ {said} }}")
        self.events.append((target, random.randrange(self.frame)))
        if random.random() < 0.3:
            self.lines.append(f"phase k[{number}] {{ reward r1; }}")

    def after(self, *events: Event) -> int:
        """A phase in which spikes of events can arrive: soon after the last."""
        return max(number for _, number in events) + self.random.choice((1, 1, 1, 2, 3))

    def copy(self) -> None:
        event, target = self.event(), self.population()
        number = self.after(event)
        self.join(event, target, number, "spike")
        self.open(target, number)
        self.events.append((target, number % self.frame))

    def pair(self) -> None:
        """Two populations against each other."""
        first, second = self.event(), self.event()
        number = self.after(first, second)
        for one, other in ((first, second), (second, first))[: self.random.choice((1, 2))]:
            target = self.population()
            self.join(one, target, number, "spike")
            self.join(other, target, number, "-spike")
            self.open(target, number)
            self.events.append((target, number % self.frame))

    def mask(self) -> None:
        """A population opens another neuron by neuron."""
        event, gate, target = self.event(), self.event(), self.population()
        number = self.after(event, gate)
        self.join(event, target, number, "spike")
        delay = min((number - gate[1] - 1) % self.frame, 62)
        form = self.random.choice(("one_to_one", "one_to_one", "all_to_all"))
        self.lines.append(f"gate {gate[0]} -> {target} {form} delay {delay};")
        self.events.append((target, number % self.frame))

    def levels(self) -> None:
        """Three populations see one drive and fire above three levels; their differences follow."""
        random, events = self.random, [self.event(), self.event()]
        number = self.after(*events)
        targets = [self.population() for _ in range(3)]
        forms = [random.choice(("one_to_one", "all_to_all")) for _ in events]
        for event, form in zip(events, forms, strict=True):
            for target in targets:
                self.join(event, target, number, "spike", form)
        for target, level in zip(targets, ("", " above 0", " above theta"), strict=True):
            self.open(target, number, level)
            self.events.append((target, number % self.frame))

    def learning(self) -> None:
        """Copies of a matrix, forth and perhaps back."""
        random, name = self.random, self.name("W")
        event = self.event()
        number = self.after(event)
        rule = random.choice(("Delta", "Delta", "Delta", "Grow", "Pair", "Still"))
        start = "init uniform(low = -40, high = 60)"
        self.lines.append(f"plastic {name}[{self.size}, {self.size}] by {rule} {start};")
        targets = [self.population() for _ in range(random.randint(1, 3))]
        delay = (number - event[1] - 1) % self.frame
        for target in targets:
            slip = random.random() < 0.1
            self.lines.append(f"{event[0]} -> {target} via {name} delay {min(delay + slip, 62)};")
            self.open(target, number, random.choice(("", "", " above 0")))
            self.events.append((target, number % self.frame))
            if random.random() < 0.5:
                source = random.choice((event, self.event()))
                again = self.after(source)
                self.join(source, target, again, "spike", "one_to_one")
                self.open(target, again)
                self.events.append((target, again % self.frame))
        if random.random() < 0.5:
            back = random.choice((f"{name}.T", f"-{name}.T"))
            self.lines.append(f"{random.choice(targets)} -> {self.event()[0]} via {back};")
        for number in {random.randrange(self.frame) for _ in range(random.randint(0, 2))}:
            if ("", "reward", number) not in self.gated:
                self.gated.add(("", "reward", number))
                self.phase(number, "reward r1;")

    def apart(self) -> None:
        """Two copies of a matrix learn from the same spikes in two phases."""
        event, name = self.event(), self.name("W")
        rule = self.random.choice(("Delta", "Grow"))
        self.lines.append(f"plastic {name}[{self.size}, {self.size}] by {rule} init constant(16);")
        for number in (self.after(event), self.after(event)):
            ends = self.population(), self.population()
            for end in ends:
                self.join(event, end, number, "spike", "one_to_one")
                self.open(end, number)
                self.events.append((end, number % self.frame))
            self.lines.append(f"{ends[0]} -> {ends[1]} via {name};")

    def again(self) -> None:
        """What fired drives itself, or another that is known, in a later phase."""
        event, target = self.event(), self.event()[0]
        number = self.after(event) + self.random.randint(0, self.frame)
        self.join(event, target, number, "spike")
        self.open(target, number)
        self.events.append((target, number % self.frame))

    def slice(self) -> None:
        """Some neurons drive some neurons."""
        random, count = self.random, self.random.randint(1, self.size)
        event, target = self.event(), self.population()
        offsets = [random.randint(0, self.size - count) for _ in range(2)]
        source, goal = (
            f"{name}[{offset}..{offset + count - 1}]"
            for name, offset in zip((event[0], target), offsets, strict=True)
        )
        if any(f"{name}[2, 2]" in "".join(self.lines) for name in (event[0], target)):
            return  # a slice of two dimensions is written with two ranges
        number = self.after(event)
        form = random.choice(("one_to_one", "all_to_all", "toeplitz([40, 40], 0)"))
        weight = "" if "toep" in form else "weight spike"
        delay = min((number - event[1] - 1) % self.frame, 62)
        self.lines.append(f"{source} -> {goal} {form} {weight} delay {delay};")
        self.open(target, number, part=random.choice(("", goal.removeprefix(target))))
        self.events.append((target, number % self.frame))

    def sum(self) -> None:
        """One neuron, or all, that need several spikes."""
        event, target = self.event(), self.population(self.random.choice((1, self.size)))
        number = self.after(event)
        self.join(event, target, number, self.random.choice(("12", "20", "-12")), "all_to_all")
        self.open(target, number, self.random.choice(("", " above 0")))
        if f"population {target}[1]" not in self.lines[-3]:
            return
        if self.random.random() < 0.3:
            self.lines.append(
                f"{target} -> g[{self.random.randrange(self.frame)}] all_to_all weight -20;"
            )

    def stray(self) -> None:
        """Something joined at random."""
        random = self.random
        first, second = self.event(), self.event()
        weight = random.choice(("spike", "-spike", "600", "-200", "5", "32640"))
        self.join(first, second[0], random.randrange(self.frame), weight, "all_to_all")


def gated_text(seed: int, steps: int) -> str:
    """Returns a circuit file; more steps make a longer one."""
    return "\n".join(GatedWriter(Random(seed), steps).lines) + "\n"
