"""Loads a pickle with NetworkX, changes the graph to see that it is whole, and prints what it holds as JSON.

usage: load.py FILE
"""
import json
import pickle
import sys

import networkx

with open(sys.argv[1], "rb") as f:
    g = pickle.load(f)
out = {"class": type(g).__name__, "nodes": g.number_of_nodes(), "edges": g.number_of_edges()}
image = [n for n in g if isinstance(n, int) and n > 2**53][0]
out["id"] = str(image)
# An edge has one dictionary, whichever end it is seen from.
for u, v, *_ in list(g.edges):
    back = g.pred[v][u] if g.is_directed() else g.adj[v][u]
    out["same"] = g.adj[u][v] is back or (g.is_multigraph() and all(g.adj[u][v][k] is back[k] for k in back))
    if not out["same"]:
        break
out["loop"] = g.has_edge(900, 900)
assert g.nodes[image]["coords"] == (103.8479, 1.3501)
assert g.graph["big"] == 2**80 and g.graph["low"] == -3 * 2**70 and g.graph["bytes"] == b"\x00\xff", g.graph
assert g.graph["list"] == [None, True, False, -5, image, "街", (1.5, []), {"a": 1, 2: "b"}], g.graph
g.add_edge("new", image)
g.remove_node(900)
assert networkx.number_weakly_connected_components(g) if g.is_directed() else networkx.number_connected_components(g)
assert g.copy().number_of_nodes() == g.number_of_nodes()
json.dump(out, sys.stdout)
