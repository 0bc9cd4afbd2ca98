"""Compares networks that were written as GraphML with what OSMnx makes of the same ways.

usage: check.py CASES, a JSON file of cases: network, graphml, ways (all ways with a highway tag, as JSON lines of id and tags),
taken (ids that the network's filter took), xml (an OSM file of the taken ways alone), raw, both, differ, largest."""
import collections
import json
import re
import sys

import networkx as nx
import osmnx as ox
from osmnx._overpass import _get_network_filter


def overpass(filter_text):
    """Clauses ["key"!~"regular expression"] of a filter."""
    return [(k, re.compile(v)) for k, v in re.findall(r'\["([^"]+)"!~"([^"]+)"\]', filter_text)]


PIECES = 1000  # ids of the ways in the XML are ids times this, and the number of the piece


def as_set(value):
    return tuple(sorted(set(map(str, value)))) if isinstance(value, list) else (str(value),)


def edges(graph):
    """The edges as a multiset of all that they carry."""
    out = collections.Counter()
    for u, v, d in graph.edges(data=True):
        line = tuple((round(x, 7), round(y, 7)) for x, y in d["geometry"].coords) if "geometry" in d else None
        tags = tuple(sorted((k, as_set(x)) for k, x in d.items() if k not in ("geometry", "length")))
        out[u, v, round(d["length"], 6), line, tags] += 1
    return out


def nodes(graph):
    streets = ox.stats.count_streets_per_node(graph)
    return {n: (round(d["x"], 7), round(d["y"], 7), streets[n], tuple(sorted((k, v) for k, v in d.items() if k not in ("x", "y", "street_count"))))
            for n, d in graph.nodes(data=True)}


def check(case):
    name = case["name"]
    clauses = overpass(_get_network_filter(case["network"]))
    want = [w["id"] for w in map(json.loads, open(case["ways"], encoding="utf-8"))
            if not any(c.search(w["tags"].get(k, "")) for k, c in clauses if k in w["tags"])]
    if want != case["taken"]:
        sys.exit(f"{name}: ways {sorted(set(want) ^ set(case['taken']))[:20]} are in one filter only")

    theirs = ox.graph_from_xml(case["xml"], simplify=False, retain_all=True, bidirectional=case["both"])
    for _, _, d in theirs.edges(data=True):
        d["osmid"] //= PIECES
    theirs.remove_nodes_from([n for n, d in dict(theirs.degree()).items() if d == 0])
    if case["largest"]:
        theirs = ox.truncate.largest_component(theirs)
    if not case["raw"]:
        theirs = ox.simplify_graph(theirs, edge_attrs_differ=case["differ"] or None)
    ours = ox.load_graphml(case["graphml"])
    assert ours.graph["simplified"] != case["raw"] and ours.graph["crs"] == "epsg:4326", ours.graph
    assert all(d["street_count"] == n[2] for (_, d), n in zip(ours.nodes(data=True), nodes(ours).values())), name
    for what, a, b in (("nodes", nodes(ours), nodes(theirs)), ("edges", edges(ours), edges(theirs))):
        if a != b:
            more = [x for x in a.items() if x not in b.items()], [x for x in b.items() if x not in a.items()]
            sys.exit(f"{name}: {what}: ours {len(a)}, OSMnx {len(b)}; only ours {more[0][:3]}, only OSMnx {more[1][:3]}")
    plain = nx.read_graphml(case["graphml"], node_type=int, force_multigraph=True)
    assert (len(plain), plain.number_of_edges()) == (len(ours), ours.number_of_edges())
    ox.routing.add_edge_travel_times(ox.routing.add_edge_speeds(ours, fallback=30))
    print(f"{name}: {len(ours)} nodes, {ours.number_of_edges()} edges")


for c in json.load(open(sys.argv[1], encoding="utf-8")):
    check(c)
