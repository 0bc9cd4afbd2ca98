"""Loads the graphs of a folder with its own load_pyg.py and prints them as JSON.

usage: load_graphs.py FOLDER numpy|torch
"""
import json
import sys

folder, mode = sys.argv[1:]
sys.path.insert(0, folder)
import load_pyg
import numpy

if mode == "torch":
    import torch
    from torch_geometric.data import Data
    from torch_geometric.loader import DataLoader
    from torch_geometric.utils import is_undirected

    graphs = load_pyg.load()
    assert all(isinstance(g, Data) and g.validate() and is_undirected(g.edge_index) for g in graphs)
    batch = next(iter(DataLoader(graphs, batch_size=4)))
    assert batch.num_graphs == 4 and batch.x.dtype == torch.float32 and batch.edge_index.dtype == torch.int64
    assert batch.edge_index.max() < batch.num_nodes
    train = load_pyg.load(split="train")
    assert 0 < len(train) < len(graphs) and {g.split for g in train} == {"train"}
    graphs = [{k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in g.to_dict().items()} for g in graphs]
else:
    graphs = load_pyg.arrays()
    train = load_pyg.arrays(split="train", city=graphs[0]["city"])
    assert 0 < len(train) < len(graphs) and {g["split"] for g in train} == {"train"}
    try:
        load_pyg.arrays(split="none")
        raise AssertionError("a split that is not there")
    except ValueError:
        pass

out = []
for g in graphs:
    e = g["edge_index"]
    half = e.shape[1] // 2
    attr = g["edge_attr"]
    valid = bool((g["x"].sum(1) == 1).all() and (attr[:, 3:].sum(1) == 1).all() and (attr[:, 3:].argmax(1) == g["edge_type"]).all())
    valid &= numpy.allclose(attr[:half, 1:3], -attr[half:, 1:3], atol=1e-5) and len(load_pyg.edge_types()) == attr.shape[1] - 3
    valid &= load_pyg.kinds()[0] == "image" and bool((g["pos"][0] == 0).all()) and g["node_id"][0] == -1 and bool((g["node_id"][1:] >= 0).all())
    out.append(
        {
            "id": str(g["place_id"]),
            "city": g["city"],
            "split": g["split"],
            "caption": g["caption"],
            "y": int(g["y"][0]),
            "nodes": len(g["x"]),
            "edges": e.shape[1],
            "center": g["lonlat"][0].tolist(),
            "kinds": g["x"].sum(0).astype(int).tolist(),
            "far": float(numpy.hypot(*g["pos"].T).max()),
            "texts": list(g["node_text"]),
            "back": bool((e[:, :half] == e[::-1, half:]).all()),
            "metres": float(attr[:, 0].astype(numpy.float64).sum()),
            "valid": bool(valid),
        }
    )
json.dump(out, sys.stdout)
