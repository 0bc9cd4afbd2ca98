"""Loads a city's graph with NetworkX and OSMnx and a place's with NetworkX; prints what they hold as JSON.

usage: load_graphml.py CITY.graphml PLACE.graphml OSMNX_CITY.graphml
"""
import collections
import json
import sys

import networkx
import osmnx

g = networkx.read_graphml(sys.argv[1], node_type=int, force_multigraph=True)
out = {"nodes": g.number_of_nodes(), "edges": g.number_of_edges(), "crs": g.graph["crs"]}
out["kinds"] = collections.Counter(k for _, k in g.nodes(data="kind"))
out["length"] = sum(x for _, _, x in g.edges(data="length"))
ids = [x for _, x in g.nodes(data="osm_id")]
assert all(isinstance(x, int) for x in ids)
out["osm"] = str(sum(ids))
for _, a in g.nodes(data=True):
    assert isinstance(a["x"], float) and isinstance(a["y"], float) and isinstance(json.loads(a["tags"]), dict | None), a

m = osmnx.load_graphml(sys.argv[3])
nodes, edges = osmnx.convert.graph_to_gdfs(m)
out["geo"] = [len(nodes), len(edges)]
assert nodes.crs.to_epsg() == 4326 and edges.geometry.geom_type.eq("LineString").all()
assert (nodes.geometry.x == nodes["x"]).all() and edges["length"].dtype == float and abs(edges["length"].sum() - out["length"]) < 1e-3
assert {k: v for k, v in m.nodes(data="x")} == {k: v for k, v in g.nodes(data="x")}

p = networkx.read_graphml(sys.argv[2], node_type=int)
out["center"] = str(p.graph["center_node"])
assert p.nodes[p.graph["center_node"]]["kind"] == "image"
out["placenodes"], out["placeedges"] = p.number_of_nodes(), p.number_of_edges()
out["texts"] = [t for _, t in p.nodes(data="node_text")]
json.dump(out, sys.stdout)
