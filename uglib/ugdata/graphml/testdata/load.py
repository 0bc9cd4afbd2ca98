"""Loads a GraphML file with NetworkX and prints it as JSON, integers as text.

usage: load.py FILE
"""
import json
import sys

import networkx


def plain(attrs):
    return {k: str(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in attrs.items()}


g = networkx.read_graphml(sys.argv[1], node_type=int, force_multigraph=True)
graph = {k: v for k, v in g.graph.items() if k not in ("node_default", "edge_default")}
out = {
    "class": type(g).__name__,
    "graph": plain(graph),
    "nodes": [[str(n), plain(a)] for n, a in g.nodes(data=True)],
    "edges": [[str(u), str(v), plain(a)] for u, v, a in g.edges(data=True)],
}
json.dump(out, sys.stdout)
