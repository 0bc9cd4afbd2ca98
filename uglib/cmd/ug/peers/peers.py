"""Runs one Python peer of "ug city bench" on an extract and prints what it took as a line of JSON.

usage: peers.py CASE EXTRACT [FILE]

  version            versions of the packages
  prepare EXTRACT OUT
                     writes the ways that OSMnx's filter "all" takes, with their nodes, as OSM XML for graph_from_xml,
                     which takes whatever ways a file holds
  pyrosm EXTRACT     the network of all ways as a NetworkX graph, as pyrosm makes it by default
  pyrosm-check EXTRACT WAYS
                     the same of the ways whose ids WAYS lists, without segments of no length: what it would find by our rules
  osmnx XML          graph_from_xml with simplification, all components kept

Seconds are those of the work, imports not included; peak_mb is the most memory that the process held."""
import json
import os
import re
import sys
import time


def peak_mb():
    """VmHWM: getrusage may count what the process held before it became Python."""
    try:
        with open("/proc/self/status", encoding="ascii") as f:
            return round(int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1)) * 1024 / 1e6, 1)
    except (OSError, AttributeError):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)


def version():
    from importlib.metadata import version as of
    return {name: of(name) for name in ("pyrosm", "osmnx", "networkx", "osmium")} | {"python": sys.version.split()[0]}


def prepare(extract, out):
    import osmium
    from osmnx._overpass import _get_network_filter
    clauses = [(k, re.compile(v)) for k, v in re.findall(r'\["([^"]+)"!~"([^"]+)"\]', _get_network_filter("all"))]
    nodes, ways = set(), set()
    for way in osmium.FileProcessor(extract, osmium.osm.WAY):
        if "highway" in way.tags and not any(c.search(way.tags[k]) for k, c in clauses if k in way.tags):
            ways.add(way.id)
            nodes.update(n.ref for n in way.nodes)
    if os.path.exists(out):
        os.remove(out)
    writer = osmium.SimpleWriter(out)
    for thing in osmium.FileProcessor(extract, osmium.osm.NODE | osmium.osm.WAY):
        if thing.id in (nodes if thing.is_node() else ways):
            writer.add(thing)
    writer.close()
    return {"ways": len(ways)}


def pyrosm(extract, ways=None):
    import pyrosm as rosm
    t = time.perf_counter()
    osm = rosm.OSM(extract)
    nodes, edges = osm.get_network("all", nodes=True)
    out = {}
    if ways is not None:
        with open(ways, encoding="ascii") as f:
            taken = {int(line) for line in f}
        loops = edges["u"] == edges["v"]
        out = {"other_ways": sorted(set(edges["id"].tolist()) - taken), "loops": int(loops.sum())}
        edges = edges[edges["id"].isin(taken) & ~loops]
    graph = osm.to_graph(nodes, edges, graph_type="networkx", network_type="all", progress=False)
    return out | {"seconds": time.perf_counter() - t, "nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}


def osmnx(xml):
    import osmnx as ox
    t = time.perf_counter()
    graph = ox.graph_from_xml(xml, simplify=True, retain_all=True)
    return {"seconds": time.perf_counter() - t, "nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}


case, args = sys.argv[1], sys.argv[2:]
result = {"version": version, "prepare": prepare, "pyrosm": pyrosm, "pyrosm-check": pyrosm, "osmnx": osmnx}[case](*args)
print(json.dumps(result if case == "version" else result | {"peak_mb": peak_mb()}))
