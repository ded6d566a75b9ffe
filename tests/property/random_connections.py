"""Projections and gates of random circuit files; see `random_texts`."""

from __future__ import annotations

from itertools import product

from random_words import Known, Shape, Thing, Words

WEIGHTS = (
    "spike",
    "-spike/2",
    "200",
    "-40",
    "2**7",
    "0.75",
    "theta / 4",
    "255",
    "-(theta - 1)",
    "0",
)
PROBABILITIES = ("0", "0.25", "1", "1 / 3")


class Connections(Words):
    """Writes projections and gates, and the populations that they need."""

    def declared(self, known: Known, shape: Shape | None = None) -> tuple[str, Thing]:
        """Declares a population, of which nobody else knows yet."""
        shape = shape or self.shape()
        thing = Thing(self.name("p"), shape, True, True)
        settings = self.random.choice((";", "{ refractory = 1; }", "{ decay_u = 2**11; }"))
        model = self.random.choice(("Gated", "Gated", "Base"))
        known.populations.append(thing)
        known.made.append(thing)
        return f"population {self.declarator(thing.text, shape, known)} : {model} {settings}", thing

    def tail(self, known: Known, label: bool = True) -> str:
        random = self.random
        parts = [f"delay {self.number(random.randint(0, 5), known)}"] * (random.random() < 0.3)
        parts += [f"as {self.name('l')}"] * (label and known.declares and random.random() < 0.2)
        return " ".join(["", *parts])

    def projection(self, known: Known) -> str:
        makers = [self.plain, self.plain, self.several, self.sparse, self.toeplitz]
        makers += [self.pairs, self.pairs, self.via]
        if known.declares:
            makers += [self.convolution, self.convolution]
        return self.random.choice(makers)(known)

    def same_size(self, known: Known, size: int) -> list[Thing]:
        return [thing for thing in known.populations if thing.size == size]

    def ends(self, known: Known) -> tuple[str, str, str]:
        """Returns source, target and a word for which neurons are joined."""
        source, target = (
            self.source(known),
            self.slice(self.random.choice(known.populations), known),
        )
        alike = self.same_size(known, source.size)
        if alike and self.random.random() < 0.5:
            return source.text, self.random.choice(alike).text, "one_to_one"
        return source.text, target.text, "all_to_all"

    def plain(self, known: Known) -> str:
        source, target, word = self.ends(known)
        weight = f"weight {self.random.choice(WEIGHTS)}"
        clauses = self.random.sample([word, weight], 2)
        return f"{source} -> {target} {' '.join(clauses)}{self.tail(known)};"

    def several(self, known: Known) -> str:
        sources = ", ".join(self.source(known).text for _ in range(2))
        targets = ", ".join(self.random.choice(known.populations).text for _ in range(2))
        return f"{sources} -> {targets} all_to_all weight 16{self.tail(known, label=False)};"

    def sparse(self, known: Known) -> str:
        source, target, _ = self.ends(known)
        seed = self.random.choice(("", ", 5", ", seed = 7"))
        call = f"sparse({self.random.choice(PROBABILITIES)}{seed})"
        return f"{source} -> {target} {call} weight {self.random.choice(WEIGHTS)};"

    def toeplitz(self, known: Known) -> str:
        source, target, _ = self.ends(known)
        values = self.random.choice(("[1]", "[1, 2, 1]", "[-2, 4, -2]", "[0..4]", "[0.5, 0, 1]"))
        first = self.random.choice(("", ", first = -1", ", 2"))
        weight = self.random.choice(("", " weight 16", " weight -2"))
        return f"{source} -> {target} toeplitz({values}{first}){weight}{self.tail(known)};"

    def convolution(self, known: Known) -> str:
        random = self.random
        source = self.source(known)
        grid = source.grid or source.shape
        flat = len(grid) == 1
        rows, columns = (1, *grid) if flat else grid
        stride = random.randint(1, 2)
        padding = random.randint(0, 2)
        height = 1 if flat else random.randint(1, rows + 2 * padding)
        width = random.randint(1, columns + 2 * padding)
        height, width = min(height, 3), min(width, 3)
        down = 1 if flat else (rows + 2 * padding - height) // stride + 1
        along = (columns + 2 * padding - width) // stride + 1
        kernel_rows = [
            f"[{', '.join(str(2 * random.randint(-2, 3)) for _ in range(width))}]"
            for _ in range(height)
        ]
        kernel = kernel_rows[0] if flat else f"[{', '.join(kernel_rows)}]"
        text, target = self.declared(known, (along,) if flat else (down, along))
        arguments = [kernel, f"stride = {self.number(stride, known)}"]
        arguments.append(f"padding = {self.number(padding, known)}")
        weight = random.choice(("", " weight 8"))
        return f"{text}\n{source.text} -> {target.text} conv({', '.join(arguments)}){weight};"

    def pairs(self, known: Known) -> str:
        random = self.random
        things = [t for t in (*known.populations, *known.inputs) if t.whole]
        targets = [t for t in known.populations if t.whole]
        if not targets:
            return self.plain(known)
        source, target = random.choice(things), random.choice(targets)
        variables, indices = [], []
        inside = dict(known.numbers)
        for thing in (source, target):
            names = []
            for extent in thing.shape:
                name = self.name("v")
                if random.random() < 0.2:
                    names.append(self.number(random.randrange(extent), known))
                    continue
                form = random.choice((f"0..{extent} - 1", f"[0..{extent - 1}]", "0..0"))
                variables.append(f"{name} in {form}")
                names.append(random.choice((name, f"({name} + 1) % {extent}")))
                inside[name] = 0
            indices.append(", ".join(names))
        if not variables:
            variables.append(f"{self.name('v')} in 0..1")
        variable = variables[0].split()[0]
        condition = random.choice(("", f" if {variable} != 1", f" if {variable} % 2 == 0 or true"))
        weight = random.choice(
            (*WEIGHTS[:6], f"8*{variable} + 4", f"2**{variable}", f"-{variable}")
        )
        return (
            f"{source.text}[{indices[0]}] -> {target.text}[{indices[1]}] "
            f"for {', '.join(variables)}{condition} weight {weight}{self.tail(known)};"
        )

    def via(self, known: Known) -> str:
        fitting = []
        for matrix, shape in known.matrices:
            for source, target in product((*known.populations, *known.inputs), known.populations):
                if (source.size, target.size) == shape:
                    fitting.append(f"{source.text} -> {target.text} via {matrix};")
                if (target.size, source.size) == shape:
                    fitting.append(f"{source.text} -> {target.text} via -{matrix}.T delay 1;")
        return self.random.choice(fitting) if fitting else self.plain(known)

    def gate(self, known: Known) -> str:
        source = self.slice(self.random.choice(known.populations), known)
        target = self.slice(self.random.choice(known.populations), known)
        word = self.random.choice(("all_to_all", "sparse(0.5)"))
        if source.size == target.size:
            word = "one_to_one"
        above = self.random.choice(("", " above 16", " above theta/4 delay 1"))
        return f"gate {source.text} -> {target.text} {word}{above};"
