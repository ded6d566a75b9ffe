"""Inputs, populations, chains, matrices and their sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod

from sfc.diagnostics import nearest
from sfc.ir.circuit import Init, Input, Matrix, Origin, Population, Projection, Weight
from sfc.ir.inits import INITS
from sfc.ir.integers import DELAY_LIMIT
from sfc.ir.limits import CHAIN_LIMIT, NEURON_LIMIT, PROJECTION_LIMIT, SYNAPSE_LIMIT
from sfc.ir.rules import Rule
from sfc.ir.schedule import Chain
from sfc.sema.evaluate import integer, number
from sfc.sema.models import Model, constant_weight, extend
from sfc.sema.nodes import Node
from sfc.sema.references import counted, population
from sfc.sema.scope import Abandon, Scope
from sfc.syntax import ast


def declare_inputs(declaration: ast.InputDeclaration, scope: Scope) -> None:
    """Declares the inputs of one statement."""

    def resolve(declarator: ast.Declarator) -> Node:
        name = scope.path + declarator.name.text
        shape = _shape(declarator, scope)
        least, most = _bounds(declarator, prod(shape), scope)
        source = Input(name, shape, least, most, declaration.doc, declarator.span)
        scope.draft.inputs.append(source)
        return Node(source)

    for declarator in declaration.declarators:
        scope.declare("input", declarator.name, partial(resolve, declarator))


def _bounds(declarator: ast.Declarator, size: int, scope: Scope) -> tuple[int, int | None]:
    """Returns how many of an input's generators are on at least and at most, None if all may be."""
    name = declarator.name.text
    values: dict[str, int] = {}
    for bound in declarator.bounds:
        clause = f"`at {bound.kind}` of `{name}`"
        if bound.kind in values:
            scope.error("E0205", f"{clause} is given twice", bound.span, help="keep one of them")
        help = f"it bounds how many of the {counted(size, 'generator')} of `{name}` are on"
        values[bound.kind] = integer(bound.value, scope, clause, 0, size, help)
    least, most = values.get("least", 0), values.get("most")
    if most is not None and least > most:
        message = f"`{name}` has at least {least} generators on, and at most {most}"
        scope.error("E0302", message, declarator.bounds[-1].span, help="exchange them")
    return least, most


def declare_populations(declaration: ast.PopulationDeclaration, scope: Scope) -> None:
    """Declares the populations of one statement."""

    def resolve(declarator: ast.Declarator) -> Node:
        model: Model = scope.lookup(declaration.model, "neuron model")
        model = extend(model, declaration.settings, scope)
        neuron = model.neuron(scope, declaration.model.span)
        shape = _shape(declarator, scope)
        name = scope.path + declarator.name.text
        population = Population(name, shape, neuron, None, declaration.doc, declarator.span)
        scope.draft.populations[name] = population
        scope.draft.models[name] = model
        return Node(population)

    for declarator in declaration.declarators:
        scope.declare("population", declarator.name, partial(resolve, declarator))


def declare_chain(declaration: ast.ChainDeclaration, scope: Scope) -> None:
    """Declares a chain; resolving it makes its relays and the synapses between them."""

    def resolve() -> Chain:
        draft, declarator = scope.draft, declaration.declarator
        model: Model = scope.lookup(declaration.model, "neuron model")
        neuron = model.neuron(scope, declaration.model.span)
        if len(declarator.extents) != 1:
            message = "a chain has one extent, its number of relays"
            scope.error("E0401", message, declarator.span, help="write `chain g[12] : …`")
        what = "the number of relays"
        length = integer(declarator.extents[0], scope, what, 1, CHAIN_LIMIT)
        name = scope.path + declarator.name.text
        if len(draft.populations) + length > PROJECTION_LIMIT:
            message = f"the circuit has more than {PROJECTION_LIMIT:,} populations and relays"
            scope.once(("limit", "relays"))
            scope.error("E0306", message, declarator.span)
        relays = tuple(f"{name}[{index}]" for index in range(length))
        for index, relay in enumerate(relays):
            origin = Origin("relay", name, index)
            draft.populations[relay] = Population(
                relay, (1,), neuron, origin, declaration.doc, declarator.span
            )
            draft.models[relay] = model
        closes = declaration.ring and not declaration.starters
        followers = relays[1:] + (relays[:1] if closes else ())
        if followers:
            weight = _relay_weight(declaration, model, scope)
        for index, (relay, follower) in enumerate(zip(relays, followers, strict=False)):
            draft.add(
                Projection(
                    "",
                    relay,
                    follower,
                    "all_to_all",
                    weight,
                    origin=Origin("link", name, index),
                    span=declaration.span,
                )
            )
        chain = Chain(name, relays, declaration.ring, (), declaration.doc, declarator.span)
        draft.chains[name] = chain
        return chain

    scope.declare("chain", declaration.declarator.name, resolve)


def start_chain(declaration: ast.ChainDeclaration, scope: Scope) -> None:
    """Adds the synapses by which populations start a chain."""
    name = declaration.declarator.name
    chain: Chain = scope.lookup(name, "chain")
    if scope.symbols[name.text].name is not name:
        raise Abandon
    model: Model = scope.lookup(declaration.model, "neuron model")
    weight = _relay_weight(declaration, model, scope)
    delay = 0
    if declaration.delay is not None:
        delay = integer(declaration.delay, scope, "the delay", 0, DELAY_LIMIT)
    starters = [population(reference, scope) for reference in declaration.starters]
    for starter, reference in zip(starters, declaration.starters, strict=True):
        scope.draft.add(
            Projection(
                "",
                starter.thing.name,
                chain.relays[0],
                "all_to_all",
                weight,
                delay,
                starter.part,
                origin=Origin("start", chain.name),
                span=reference.span,
            )
        )
    names = tuple(starter.thing.name for starter in starters)
    scope.draft.chains[chain.name] = replace(chain, started_by=names)


def _relay_weight(declaration: ast.ChainDeclaration, model: Model, scope: Scope) -> Weight:
    ring = model.need("ring", scope, declaration.model.span)
    return constant_weight(ring, scope, declaration.model.span, "`ring`")


def declare_matrix(declaration: ast.PlasticDeclaration, scope: Scope) -> None:
    """Declares a plastic matrix."""

    def resolve() -> Matrix:
        declarator = declaration.declarator
        rule: Rule = scope.lookup(declaration.rule, "rule")
        shape = extents(declarator, scope, SYNAPSE_LIMIT)
        if len(shape) != 2:
            found = counted(len(shape), "extent")
            message = f"a plastic matrix has rows and columns, found {found}"
            help = f"write `plastic {declarator.name.text}[rows, columns] by …`"
            scope.error("E0401", message, declarator.span, help=help)
        init = _init(declaration.init, scope) if declaration.init else Init()
        rows, columns = shape
        name = scope.path + declarator.name.text
        span = declarator.span
        matrix = Matrix(name, (rows, columns), rule.name, init, declaration.doc, span)
        scope.draft.matrices.append(matrix)
        return matrix

    scope.declare("plastic matrix", declaration.declarator.name, resolve)


def _shape(declarator: ast.Declarator, scope: Scope) -> tuple[int, ...]:
    shape = extents(declarator, scope, NEURON_LIMIT) or (1,)
    if len(shape) > 2:
        message = f"`{declarator.name.text}` has {len(shape)} extents; at most 2 are possible"
        scope.error("E0401", message, declarator.span)
    return shape


def extents(declarator: ast.Declarator, scope: Scope, limit: int) -> tuple[int, ...]:
    """Returns the extents of a declarator, whose product is at most `limit`."""
    what = f"an extent of `{declarator.name.text}`"
    shape = tuple(integer(extent, scope, what, 1, limit) for extent in declarator.extents)
    if prod(shape) > limit:
        message = (
            f"`{declarator.name.text}` has {prod(shape):,} elements; at most {limit:,} are possible"
        )
        scope.error("E0306", message, declarator.span)
    return shape


def _init(call: ast.Call, scope: Scope) -> Init:
    method = call.name.text
    if method not in INITS:
        help = nearest(method, INITS) or f"the methods are {', '.join(INITS)}"
        scope.error("E0201", f"unknown initialisation `{method}`", call.name.span, help=help)
    ranges = INITS[method]
    values: dict[str, float] = {}
    for position, argument in enumerate(call.arguments):
        name = argument.name.text if argument.name else dict(enumerate(ranges)).get(position, "")
        if name not in ranges or name in values:
            problem = f"has no argument `{name}`" if name else "has too many arguments"
            problem = f"has two values for `{name}`" if name in values else problem
            span = argument.name.span if argument.name else argument.expression.span
            help = nearest(name, ranges) or f"it takes ({', '.join(ranges)})"
            scope.error("E0205", f"`{method}` {problem}", span, help=help)
        values[name] = number(argument.expression, scope)
        low, high = ranges[name]
        if not low <= values[name] <= high:
            message = f"`{name}` is {values[name]!r}; it can be {low} to {high}"
            scope.error("E0302", message, argument.expression.span)
    if missing := [name for name in ranges if name not in values]:
        message = f"`{method}` needs {', '.join(missing)}"
        scope.error("E0402", message, call.span, help=f"write {method}({', '.join(ranges)})")
    if method == "uniform" and values["low"] > values["high"]:
        scope.error("E0302", "`low` is larger than `high`", call.span, help="exchange them")
    return Init(method, tuple((name, values[name]) for name in ranges))
