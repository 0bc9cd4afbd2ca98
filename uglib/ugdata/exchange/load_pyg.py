"""Loads the subgraphs of graphs.npz, which lies beside this file, for PyTorch Geometric.

    import load_pyg
    train = load_pyg.load(split="train")     # a list of torch_geometric.data.Data
    batch = torch_geometric.loader.DataLoader(train, batch_size=32)

load() needs torch and torch_geometric, arrays() NumPy alone. Each graph is the neighbourhood of a street view,
whose own node is number 0, and has

    x           float32 [nodes, kinds]: which class a node is of: image, street, crossing, poi, area
    pos         float32 [nodes, 2]: metres east and north of the image
    lonlat      float64 [nodes, 2]: longitude and latitude of the centroid, degrees
    node_text   list of str: class and name of each node
    node_id     int64 [nodes]: index in the node table of the city, -1 for the image
    osm_id      int64 [nodes]: of the element in OpenStreetMap, 0 for the image
    edge_index  int64 [2, edges]: each edge of the map in both directions, one half behind the other
    edge_attr   float32 [edges, 3 + types]: metres, sine and cosine of the bearing (from north, clockwise; turned round in
                the second half), and which type the edge is of
    edge_type   int64 [edges]: index in edge_types()
    y           int64 [1]: the split, index in splits()
    place_id, city, split, caption, heading, and the number of nodes
"""
import functools
import pathlib

import numpy

FOLDER = pathlib.Path(__file__).resolve().parent


@functools.lru_cache(maxsize=4)
def _open(path):
    with numpy.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _file(folder):
    return _open(pathlib.Path(folder or FOLDER) / "graphs.npz")


def _texts(file, name):
    at, utf8 = file[name + "_at"], file[name + "_utf8"].tobytes()
    return [utf8[a:b].decode("utf-8") for a, b in zip(at[:-1], at[1:])]


def splits(folder=None):
    """Names of the splits, by y."""
    return _texts(_file(folder), "splits")


def kinds(folder=None):
    """Names of the columns of x."""
    return _texts(_file(folder), "kinds")


def edge_types(folder=None):
    """Names of the types of edges, by edge_type."""
    return _texts(_file(folder), "edge_types")


def arrays(folder=None, split=None, city=None):
    """The graphs as a list of dictionaries of NumPy arrays; split and city choose among them."""
    f = _file(folder)
    names = {name: _texts(f, name) for name in ("splits", "cities", "kinds", "edge_types")}
    texts, captions = _texts(f, "table_text"), _texts(f, "caption")
    for value, known in ((split, names["splits"]), (city, names["cities"])):
        if value is not None and value not in known:
            raise ValueError(f"{value!r} is none of {known}")
    chosen = numpy.ones(len(f["place_id"]), dtype=bool)
    if split is not None:
        chosen &= f["split"] == names["splits"].index(split)
    if city is not None:
        chosen &= f["city"] == names["cities"].index(city)
    kind = numpy.eye(len(names["kinds"]), dtype=numpy.float32)
    typed = numpy.eye(len(names["edge_types"]), dtype=numpy.float32)
    out = []
    for i in numpy.flatnonzero(chosen):
        nodes = slice(f["node_at"][i], f["node_at"][i + 1])
        edges = slice(f["edge_at"][i], f["edge_at"][i + 1])
        rows = f["node"][nodes]
        lonlat = f["table_lonlat"][rows]
        lonlat[rows == 0] = f["lonlat"][i]
        there = numpy.stack([f["edge_from"][edges], f["edge_to"][edges]]).astype(numpy.int64)
        bearing = numpy.radians(f["edge_bearing"][edges])
        bearing = numpy.concatenate([bearing, bearing + numpy.float32(numpy.pi)])
        types = numpy.tile(f["edge_type"][edges].astype(numpy.int64), 2)
        metres = numpy.tile(f["edge_metres"][edges], 2)
        attributes = numpy.stack([metres, numpy.sin(bearing), numpy.cos(bearing)], axis=1)
        out.append(
            {
                "x": kind[f["table_kind"][rows]],
                "pos": f["pos"][nodes],
                "lonlat": lonlat,
                "node_text": [texts[r] for r in rows],
                "node_id": f["table_id"][rows],
                "osm_id": f["table_osm_id"][rows],
                "edge_index": numpy.concatenate([there, there[::-1]], axis=1),
                "edge_attr": numpy.concatenate([attributes, typed[types]], axis=1).astype(numpy.float32),
                "edge_type": types,
                "y": numpy.array([f["split"][i]], dtype=numpy.int64),
                "place_id": int(f["place_id"][i]),
                "city": names["cities"][f["city"][i]],
                "split": names["splits"][f["split"][i]],
                "caption": captions[i],
                "heading": float(f["heading"][i]),
            }
        )
    return out


def load(folder=None, split=None, city=None):
    """The graphs as a list of torch_geometric.data.Data; split and city choose among them."""
    import torch
    from torch_geometric.data import Data

    out = []
    for graph in arrays(folder, split, city):
        values = {k: torch.from_numpy(numpy.ascontiguousarray(v)) if isinstance(v, numpy.ndarray) else v for k, v in graph.items()}
        out.append(Data(num_nodes=len(graph["node_text"]), **values))
    return out
