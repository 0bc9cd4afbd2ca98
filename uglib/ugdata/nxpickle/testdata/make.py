"""Writes graphs as the UGE reference stores them: networkx objects in pickles.

make.sh runs it once for each version of networkx and each protocol.

usage: make.py FOLDER PROTOCOL
"""
import collections
import collections.abc
import fractions
import math
import pickle
import sys

# What old versions of networkx import from places where newer Pythons no longer have it.
fractions.gcd = math.gcd
for name in ("Mapping", "Set", "Iterable", "Sequence", "Iterator", "MutableMapping"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))

import networkx

folder, protocol = sys.argv[1], int(sys.argv[2])
IMAGE = 812345678901234567  # above 2**53, and odd
STREET, SHOP, CROSSING, PARK = 41, 7, 900, 3


def stripped(kind=networkx.Graph):
    """A graph of an SCC file: node_text and coords only."""
    g = kind()
    g.graph["city"] = "Zürich 東京"
    g.add_node(STREET, node_text="Name: Elm Lane, ID: 41, Category: residential, Address: nan, , Coordinates: (103.848100, 1.350200)", coords=(103.8481, 1.3502))
    g.add_node(SHOP, node_text="Name: مقهى, ID: 7, Category: food, Address: nan, , Coordinates: (103.848200, 1.350300)", coords=(103.8482, 1.3503))
    g.add_node(CROSSING, node_text="Name: Intersection of Elm Lane and Oak Road, ID: 900", coords=[103.8483, 1.3504])
    g.add_node(PARK, node_text="", coords=(103.8484, 1.3505))
    g.add_node(IMAGE, node_text="Name: mapillary image, ID: 812345678901234567", coords=(103.8479, 1.3501))
    g.add_edge(IMAGE, STREET, type="nearest", distance=12.5, weight=12.5, bearing=63.0)
    g.add_edge(CROSSING, STREET, type="nearest", distance=0.0, weight=1.0)
    g.add_edge(SHOP, STREET, type="nearest", distance=15, weight=15)
    g.add_edge(STREET, PARK, type="boundary_adjacent", distance=None, ok=True)
    return g


def save(name, value):
    with open(f"{folder}/{name}-nx{networkx.__version__}-p{protocol}.pkl", "wb") as f:
        pickle.dump(value, f, protocol=protocol)


g = stripped()
save("graph", g)
save("centres", {"subgraph": g, "center_nodes": [IMAGE]})
if protocol in (2, 4):
    # Views that networkx keeps inside a graph once they were asked for.
    list(g.nodes(data=True)), list(g.edges(data=True)), g.adj, g.degree
    save("used", {"subgraph_data": {"subgraph": g}, "meta": collections.OrderedDict(cell=5221390301001263)})
    if not networkx.__version__.startswith("1."):
        save("view", g.subgraph([STREET, CROSSING, IMAGE]))
    d = stripped(networkx.MultiDiGraph)
    d.add_edge(IMAGE, STREET, type="second")
    save("multi", d)
if "numpy" in sys.argv:
    import numpy
    from shapely.geometry import LineString, Point, Polygon

    g = stripped()
    g.nodes[STREET].update(x=numpy.float64(103.8481), hops=numpy.int64(2**62 + 1), small=numpy.float32(0.5), flag=numpy.bool_(True), byte=numpy.uint8(250), name=numpy.str_("Elm 街"))
    g.nodes[STREET]["coords"] = numpy.array([103.8481, 1.3502])
    g.nodes[STREET]["order"] = numpy.array([1, 2, 3], dtype=">i4")
    g.nodes[STREET]["geometry"] = LineString([(103.8, 1.3), (103.9, 1.4)])
    g.nodes[SHOP]["geometry"] = Point(103.8482, 1.3503)
    g.nodes[PARK]["geometry"] = Polygon([(1, 2), (3, 2), (3, 4), (1, 2)])
    g.nodes[PARK]["factory"] = collections.defaultdict(list, {"a": [1, 2]})
    g.nodes[PARK]["tags"] = {"b", "a"}
    g.nodes[PARK]["frozen"] = frozenset({1})
    g.nodes[PARK]["big"] = 2**80
    g.nodes[PARK]["negative"] = -(2**40)
    g.nodes[PARK]["bytes"] = b"\x00\xff"
    save("values-numpy%s-shapely%s" % (numpy.__version__, __import__("shapely").__version__), g)
