"""Random circuit files that are right, put together from all that the language has.

The writer keeps track of what every name stands for and how large it is, so that what it writes
compiles. Expressions, layout and comments vary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from random import Random

from random_connections import Connections
from random_words import Known, Shape, Thing

HEAD = """const theta = 64;
neuron Base { threshold = theta; drive = 80; ring = 128; close = 64; }
neuron Gated : Base { bias = -8*theta; refractory = 2; }
rule Delta { dw = 2*x0*y0*(2*r1 - 1); range = -256..254; }
rule Pair { dw = x1*y0/4 - w/64; range = 0..255; trace x1 impulse 16 tau 2.5; }
"""
TOWER = """module Tower(height) {
  port population below;
  population floor[height] : Gated;
  below -> floor all_to_all weight spike;
  if height > 1 { instance next : Tower(height - 1) { below = floor; } }
}
population ground : Gated;
instance tower : Tower(4) { below = ground; }
"""
LONGEST = 4
"""Relays of a chain that does not make the frames, at most."""

TRUE = (
    "true",
    "1 < 2",
    "not false",
    "theta == 64 and 2 >= 2",
    "false or 1 != 2",
    "[1, 2] == [1..2]",
)
FALSE = ("false", "1 > 2", "not true", "theta < 3", "true and 0.5 > 1")
COMMENTS = ("// why", "//", '// "text" {', "/// what", "//! about", "// } ;")


@dataclass
class Module:
    """A module with ports of the given shapes, and what its instances have inside."""

    name: str
    arguments: list[str]
    populations: list[tuple[str, Shape]]
    inputs: list[tuple[str, Shape]]
    chains: list[tuple[str, int]]
    made: list[Thing]


class Writer(Connections):
    """Writes one file."""

    def __init__(self, random: Random, size: int) -> None:
        super().__init__(random)
        self.size = size
        self.modules: list[Module] = []

    def file(self) -> str:
        """Returns the text of a circuit file."""
        random = self.random
        known = Known(numbers={"theta": 64}, one_chain=random.random() < 0.5, rewards=True)
        body = [HEAD]
        for _ in range(random.randint(0, 2)):
            value = random.randint(1, 4)
            name = self.name("n")
            known.numbers[name] = value
            body.append(f"param {name} = {value};")
        body.append("param sizes = [2, 3, 1];")
        kind = random.choice((" ring", " ring", "", f" ring started by g[{LONGEST}] delay 2"))
        known.chains.append(("g", LONGEST + 1))
        body.append(f"chain g[{self.number(LONGEST + 1, known)}] : Base{kind};")
        for _ in range(random.randint(0, 2)):
            body.append(self.module(known))
        if random.random() < 0.3:
            body.append(TOWER)
            known.populations.append(Thing("tower.next.next.floor", (2,)))
        body += self.statements(known, self.size + 2)
        if random.random() < 0.5:
            body += [self.readout(known)]
        tests = [self.test(known) for _ in range(random.randint(0, 2))]
        if random.random() < 0.3:
            # Names may be used before they are declared.
            random.shuffle(body)
        return self.laid_out("sfc 1;\n" + "\n".join([*body, *tests]) + "\n")

    # Statements

    def statements(self, known: Known, amount: int) -> list[str]:
        """Returns statements of a block that declares things; what it makes is noted."""
        texts = [self.population(known)]
        for _ in range(amount):
            makers: list[Callable[[Known], str]] = [
                *(self.population, self.input, self.plastic, self.constant, self.alias),
                *(self.projection, self.projection, self.projection, self.gate),
                *(self.phases, self.phases, self.probe, self.assertion, self.property_),
                self.placing,
            ]
            if not known.one_chain:
                makers.append(self.chain)
            if known.level < 3:
                makers += [self.loop, self.named_loop, self.conditional]
            if self.modules:
                makers += [self.instance, self.instances]
            texts.append(self.random.choice(makers)(known))
        return texts

    def anonymous(self, known: Known) -> list[str]:
        """Returns statements of a round of a loop without a name."""
        makers: list[Callable[[Known], str]] = [
            *(self.constant, self.alias, self.projection, self.projection, self.gate),
            *(self.probe, self.assertion),
        ]
        if known.level < 3:
            makers += [self.loop]
        return [self.random.choice(makers)(known) for _ in range(self.random.randint(1, 2))]

    def block(self, statements: list[str]) -> str:
        return "{\n" + "\n".join(statements) + "\n}"

    def population(self, known: Known) -> str:
        if self.random.random() < 0.5:
            return self.declared(known)[0]
        things = [Thing(self.name("p"), self.shape(), True, True) for _ in range(2)]
        listed = ", ".join(self.declarator(t.text, t.shape, known) for t in things)
        known.populations += things
        known.made += things
        return f"population {listed} : Gated;"

    def input(self, known: Known) -> str:
        thing = Thing(self.name("i"), self.shape())
        known.inputs.append(thing)
        return f"input {self.declarator(thing.text, thing.shape, known)};"

    def constant(self, known: Known) -> str:
        value, name = self.random.randint(0, 5), self.name("c")
        text = f"const {name} = {self.number(value, known)};"
        known.numbers[name] = value
        return text

    def alias(self, known: Known) -> str:
        thing, name = self.slice(self.random.choice(known.populations), known), self.name("a")
        known.populations.append(Thing(name, thing.shape, thing.whole, False, thing.grid))
        return f"alias {name} = {thing.text};"

    def chain(self, known: Known) -> str:
        name, length = self.name("k"), self.random.randint(1, LONGEST)
        starters = [self.slice(self.random.choice(known.populations), known)]
        starters += [Thing(f"{chain}[0]", (1,)) for chain, _ in known.chains[-1:]]
        start = self.random.choice(
            (
                "",
                f" started by {', '.join(s.text for s in starters)} delay 2",
                f" started by {starters[0].text}",
            )
        )
        known.chains.append((name, length))
        return f"chain {name}[{self.number(length, known)}] : Base{start};"

    def plastic(self, known: Known) -> str:
        source, target = (
            self.source(known),
            self.slice(self.random.choice(known.populations), known),
        )
        name, shape = self.name("W"), (source.size, target.size)
        known.matrices.append((name, shape))
        rule, init = self.random.choice(
            (
                ("Delta", ""),
                ("Delta", " init uniform(low = -20, high = 20)"),
                ("Delta", " init glorot_normal(theta, 100)"),
                ("Pair", " init constant(20)"),
            )
        )
        extents = ", ".join(self.number(extent, known) for extent in shape)
        via = self.random.choice((name, f"-{name}"))
        return (
            f"plastic {name}[{extents}] by {rule}{init};\n{source.text} -> {target.text} via {via};"
        )

    def phases(self, known: Known) -> str:
        """Returns a phase block that opens, closes and presents to what is its own."""
        random = self.random
        own = [thing for thing in known.populations if thing.own]
        if not own:
            return self.probe(known)
        chain, length = known.chains[0] if known.one_chain else random.choice(known.chains)
        low = random.randrange(length)
        high = random.choice((low, low, random.randint(low, length - 1)))
        rewarded = known.gated.setdefault("reward", set())
        here = {(chain, number) for number in range(low, high + 1)}
        actions = []
        if known.rewards and random.random() < 0.3 and not rewarded & here:
            rewarded |= here
            actions.append("reward r1;")
        for thing in random.sample(own, random.randint(0, min(2, len(own)))):
            taken = known.gated.setdefault(thing.text, set())
            if taken & here:
                continue
            taken |= here
            part = self.slice(thing, known).text
            level = random.choice(("", " above 16", " above theta / 2", " above 0"))
            amount = random.choice(("", " by 2*theta"))
            actions.append(random.choice((f"open {part}{level};", f"close {part}{amount};")))
            for source in random.sample(known.inputs, min(2, len(known.inputs))):
                ends = self.slice(source, known), self.slice(thing, known)
                if ends[0].size == ends[1].size:
                    actions.append(f"present {ends[0].text} to {ends[1].text};")
        at = self.phase(chain, low, known)
        if high > low:
            at += f"..{self.number(high, known)}"
        return f"phase {at} {{ {' '.join(actions)} }}"

    def probe(self, known: Known) -> str:
        random = self.random
        whole = [thing.text for thing in known.populations if thing.whole]
        chain, length = random.choice(known.chains)
        if not whole or random.random() < 0.2:
            return f"probe {chain};"
        subjects = random.choice(whole) + random.choice(("", ".v"))
        at = random.choice(("", f" at {chain}[{random.randrange(length)}]"))
        return f"probe {subjects}{at};"

    def readout(self, known: Known) -> str:
        text, thing = self.declared(known)
        name = self.name("i")
        at = self.phase("g", self.random.randint(0, LONGEST), known)
        size = ", ".join(map(str, thing.shape))
        return f"{text}\ninput {name}[{size}];\nreadout {thing.text} at {at} against {name};"

    def assertion(self, known: Known) -> str:
        condition = self.random.choice(TRUE)
        message = self.random.choice(("", ', "why, and // how"'))
        return f"assert {condition}{message};"

    def property_(self, known: Known) -> str:
        random = self.random
        whole = [thing.text for thing in known.populations if thing.whole]
        chain, length = random.choice(known.chains)
        forms = ["assert no_overflow;"]
        if whole:
            at = f"{chain}[{random.randrange(length)}]"
            subjects = ", ".join(random.sample(whole, min(2, len(whole))))
            forms += [f"assert silent {subjects} in {at};", f"assert fires {whole[0]} in {at};"]
        forms += [f"assert tied {name};" for name, _ in known.matrices[:1]]
        return random.choice(forms)

    def placing(self, known: Known) -> str:
        """Declares two populations and says where they are to be."""
        random = self.random
        (text, one), size = self.declared(known), random.randint(0, 3)
        other_text, other = self.declared(known, one.shape)
        low = random.randint(0, 3)
        cores = random.choice((self.number(low, known), self.interval(low, low + size, known)))
        beyond = self.interval(low + size + 1, low + size + 2, known)
        both = f"{one.text}, {other.text}"
        forms = [
            f"place {both} on cores {cores};",
            f"place {one.text} on cores {cores};\nplace together {both};",
            f"place apart {both};\nplace {other.text} on cores {cores};",
            f"place {one.text} on cores {cores};\nplace {other.text} on cores {beyond};\n"
            f"place apart {both};",
        ]
        return f"{text}\n{other_text}\n{random.choice(forms)}"

    # Blocks

    def loop(self, known: Known) -> str:
        variable = self.name("v")
        form = self.random.choice(("0..1", "[1, 3]", "1..0", "sizes", "2..2"))
        inner = known.inner()
        inner.declares = False
        return f"for {variable} in {form} {self.block(self.anonymous(inner))}"

    def named_loop(self, known: Known) -> str:
        random = self.random
        variable, label = self.name("v"), self.name("s")
        form, keys = random.choice(
            (("0..1", (0, 1)), ("3..3", (3,)), ("[5, 7]", (0, 1)), ("1..0", ()))
        )
        inner = known.inner()
        statements = self.statements(inner, random.randint(1, 3))
        if inner.made and form == "0..1":
            made = inner.made[0]
            last = f"{label}[{variable} - 1].{made.text}"
            join = f"{last} -> {made.text} one_to_one weight spike;"
            statements.append(f"if {variable} > 0 {{ {join} }}")
        for key in keys:
            outside = [Thing(f"{label}[{key}].{t.text}", t.shape) for t in inner.made]
            known.populations += outside
            known.made += outside
        return f"for {variable} in {form} as {label} {self.block(statements)}"

    def conditional(self, known: Known) -> str:
        """What is chosen belongs to what is around; the rest need not even make sense."""
        random = self.random
        nonsense = random.choice(("nobody -> nothing via W;", "probe unknown.v at 99;", ""))
        if random.random() < 0.5:
            chosen = self.block(self.statements(known, 1))
            text = f"if {random.choice(TRUE)} {chosen}"
            return text + random.choice(("", f" else {{ {nonsense} }}"))
        text = f"if {random.choice(FALSE)} {{ {nonsense} }}"
        if random.random() < 0.3:
            text += f" else if {random.choice(FALSE)} {{ {nonsense} }}"
        chosen = self.block(self.statements(known, 1))
        return text + random.choice((f" else {chosen}", f" else if {random.choice(TRUE)} {chosen}"))

    # Modules

    def module(self, known: Known) -> str:
        """Returns the declaration of a module, whose parameters have one value each."""
        random = self.random
        name = self.name("M")
        inner = Known(
            numbers={"theta": 64},
            one_chain=random.random() < 0.5,
        )
        parameters, arguments = [], []
        for _ in range(random.randint(0, 2)):
            parameter, value = self.name("m"), random.randint(1, 4)
            given = random.choice(("by place", "default"))
            parameters.append(parameter if given == "by place" else f"{parameter} = {value}")
            inner.numbers[parameter] = value
            prefix = "" if given == "by place" and len(parameters) == 1 else f"{parameter} = "
            if given == "by place" or random.random() < 0.5:
                arguments.append(f"{prefix}{value}")
        chains = [("g", random.randint(1, 3))]
        populations = [(self.name("b"), self.shape()) for _ in range(random.randint(1, 2))]
        inputs = [(self.name("b"), self.shape()) for _ in range(random.randint(0, 1))]
        inner.chains += chains
        inner.populations += [Thing(text, shape) for text, shape in populations]
        inner.inputs += [Thing(text, shape) for text, shape in inputs]
        ports = ["port chain g;"]
        for text, shape in populations:
            extents = random.choice((True, shape == ()))
            port = self.declarator(text, shape, inner) if extents and shape != (1,) else text
            ports.append(f"port population {port};")
        ports += [f"port input {text};" for text, _ in inputs]
        statements = [*ports, *self.statements(inner, random.randint(1, 1 + self.size))]
        listed = f"({', '.join(parameters)})" if parameters else ""
        # Those with a default come last, so that the others can be given by place.
        module = Module(name, arguments, populations, inputs, chains, inner.made)
        self.modules.append(module)
        return f"module {name}{listed} {self.block(statements)}"

    def bindings(self, module: Module, known: Known) -> tuple[str, str]:
        """Returns declarations of what an instance lacks, and its bindings; nothing without."""
        chains = [chain for chain, length in known.chains if length >= module.chains[0][1]]
        if not chains:
            return "", ""
        texts, bound = [], [f"g = {self.random.choice(chains)};"]
        for port, shape in module.populations:
            fitting = [t for t in known.populations if t.shape == shape and t.whole]
            if fitting and self.random.random() < 0.7:
                thing = self.random.choice(fitting)
            else:
                text, thing = self.declared(known, shape)
                texts.append(text)
            bound.append(f"{port} = {thing.text};")
        for port, shape in module.inputs:
            name = self.name("i")
            texts.append(f"input {name}[{', '.join(map(str, shape))}];")
            known.inputs.append(Thing(name, shape))
            bound.append(f"{port} = {name};")
        self.random.shuffle(bound)
        return "\n".join(texts), f"{{ {' '.join(bound)} }}"

    def made_of(self, module: Module) -> str:
        arguments = ", ".join(module.arguments)
        return f"{module.name}({arguments})" if arguments else module.name

    def instance(self, known: Known) -> str:
        module, name = self.random.choice(self.modules), self.name("x")
        before, bindings = self.bindings(module, known)
        if not bindings:
            return self.plain(known)
        outside = [Thing(f"{name}.{t.text}", t.shape) for t in module.made]
        known.populations += outside
        known.made += outside
        return f"{before}\ninstance {name} : {self.made_of(module)} {bindings}"

    def instances(self, known: Known) -> str:
        module, name = self.random.choice(self.modules), self.name("x")
        before, bindings = self.bindings(module, known)
        if not bindings:
            return self.plain(known)
        form, keys = self.random.choice((("0..1", (0, 1)), ("2..2", (2,)), ("1..0", ())))
        for key in keys:
            outside = [Thing(f"{name}[{key}].{t.text}", t.shape) for t in module.made]
            known.populations += outside
            known.made += outside
        made = self.made_of(module)
        return f"{before}\ninstance {name}[{self.name('v')} in {form}] : {made} {bindings}"

    # Tests

    def values(self, shape: Shape, choices: tuple[int, ...]) -> str:
        if self.random.random() < 0.3:
            return str(self.random.choice(choices))
        rows = [
            f"[{', '.join(str(self.random.choice(choices)) for _ in range(shape[-1]))}]"
            for _ in range(prod(shape[:-1]))
        ]
        return rows[0] if len(shape) == 1 else f"[{', '.join(rows)}]"

    def test_items(self, known: Known) -> list[str]:
        random = self.random
        items = []
        for _ in range(random.randint(0, 3)):
            chain, length = random.choice(known.chains)
            at = f"{chain}[{random.randrange(length)}]"
            thing = self.slice(random.choice(known.populations), known)
            forms = [
                f"expect {thing.text} at {at} = {self.values(thing.shape, (0, 1))};",
                f"expect {thing.text}.v at {at} = {self.values(thing.shape, (0, -512, 7))};",
                f"expect silent {thing.text} at {at};",
                f"expect silent {thing.text};",
            ]
            for source in known.inputs[:2]:
                part = self.slice(source, known)
                forms.append(f"present {part.text} = {self.values(part.shape, (0, 1))};")
            for matrix, shape in known.matrices[:2]:
                forms.append(f"expect {matrix} = {self.values(shape, (0, 2, 40))};")
            items.append(random.choice(forms))
        return items

    def test(self, known: Known) -> str:
        random = self.random
        items = self.test_items(known)
        for matrix, shape in known.matrices[:1]:
            if random.random() < 0.5:
                items.append(f"set {matrix} = {self.values(shape, (0, 2, 40))};")
        for form in ("frame 1, 3..4", "for t in 0..1", "for t in [1, 2]"):
            if random.random() < 0.3:
                items.append(f"{form} {self.block(self.test_items(known))}")
        items += ["run 9;"] * (random.random() < 0.3)
        title = random.choice(("it works", "a // b", "{", "ü", ""))
        return f'test "{title}" {self.block(items)}'

    def laid_out(self, text: str) -> str:
        """Returns a text with other white space and with comments."""
        random = self.random
        lines = []
        style = random.choice(("plain", "comments", "narrow", "long"))
        for line in text.split("\n"):
            if style == "comments" and random.random() < 0.2:
                lines += [*random.choice(([], [""])), random.choice(COMMENTS)]
            if style == "narrow" and random.random() < 0.5 and '"' not in line:
                line = line.replace(" ", "\n").replace("{", "{\n")
            if style == "comments" and random.random() < 0.1:
                line += "  // because"
            lines.append(line)
        if style == "long":
            return " ".join(lines)
        return "\n".join(lines)


def random_text(seed: int, size: int) -> str:
    """Returns a circuit file that compiles; a larger size makes a longer one."""
    return Writer(Random(seed), size).file()
