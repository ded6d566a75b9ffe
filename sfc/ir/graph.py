"""The circuit as a networkx graph."""

from __future__ import annotations

import networkx as nx

from sfc.ir.circuit import Circuit


def view(circuit: Circuit) -> nx.MultiDiGraph[str]:
    """Returns a frozen multigraph of the circuit.

    Nodes are populations and inputs, with the IR object as attribute ``node``; edges are
    projections, keyed by name, with the IR object as attribute ``projection``.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=circuit.name)
    for name, node in (*circuit.inputs.items(), *circuit.populations.items()):
        graph.add_node(name, node=node)
    for name, projection in circuit.projections.items():
        graph.add_edge(projection.source, projection.target, key=name, projection=projection)
    frozen: nx.MultiDiGraph[str] = nx.freeze(graph)
    return frozen
