"""Makes a small folder of files as the scripts of the UGE reference write them: rows of every form, graphs as
pickles of networkx, images, metadata of images; among them lines and files that are broken.

usage: make_reference.py FOLDER
"""
import json
import os
import pathlib
import pickle
import sys

import networkx

root = pathlib.Path(sys.argv[1])
for name in ("rows", "subgraphs", "images", "more/images"):
    (root / name).mkdir(parents=True)

NEWYORK, SINGAPORE = (-73.98571234, 40.74841234), (103.84790001, 1.35010001)
ELM, OAK, CAFE, CORNER, PARK = 41, 42, 7, 900, 3


def text(name, node, category, at):
    place = f"({at[0]:.6f}, {at[1]:.6f})"
    return f"Name: {name}, ID: {node}, Category: {category}, Address: nan, Neighborhood: Midtown, Borough: Manhattan, Country: USA, , Coordinates: {place}"


def graph(image, at, stripped=True):
    """A neighbourhood around an image, with the attributes of a caption's or of a path's graph."""
    x, y = at
    nodes = {
        ELM: ("Elm Lane", "residential", (x + 0.0002, y)),
        OAK: ("Oak Road", "major_road", (x + 0.0010, y)),
        CAFE: ("Café, Bar & Grill", "food", (x + 0.0012, y + 0.0001)),
        CORNER: ("Intersection of Elm Lane and Oak Road", "nan", (x + 0.0008, y)),
        PARK: ("Elm Park", "leisure", (x, y + 0.0003)),
    }
    g = networkx.Graph()
    for node, (name, category, p) in nodes.items():
        if stripped:
            g.add_node(node, node_text=text(name, node, category, p), coords=p)
        elif category in ("residential", "major_road"):
            g.add_node(node, name=name, street=name, type="line", category=category, address="nan", city="", id=node, start_x=p[0] - 0.001, start_y=p[1], end_x=p[0] + 0.001, end_y=p[1], line_length=170.0, is_mapillary=False)
        else:
            g.add_node(node, name=name, type="point", category=category, address="nan", id=node, x=p[0], y=p[1], is_mapillary=False)
    if stripped:
        g.add_node(image, node_text=f"Name: mapillary image, ID: {image}, Category: nan, Address: nan, , Coordinates: ({x:.6f}, {y:.6f})", coords=at)
    g.add_edge(image, ELM, type="nearest", distance=12.5, weight=12.5, bearing=63.0)
    if not stripped:
        g.nodes[image]["pos"] = at
    g.add_edge(ELM, OAK, type="crossing", weight=1.0, distance=0.0)
    g.add_edge(CORNER, ELM, type="nearest", distance=0.0, weight=1.0)
    g.add_edge(CAFE, OAK, type="nearest", distance=15.3, bearing=268.0)
    g.add_edge(ELM, PARK, type="boundary_adjacent", distance=0.0)
    return g


def save(name, value, protocol=4):
    with open(root / "subgraphs" / name, "wb") as f:
        pickle.dump(value, f, protocol=protocol)
    return f"/mydata/multiview_three_pairs/subgraphs/{name}"


class Command:
    def __reduce__(self):
        return os.system, (f"touch {root}/owned",)


def user(text):
    return {"role": "user", "content": text}


images = [812345678901234567 + i for i in range(6)]
where = [NEWYORK] * 2 + [SINGAPORE] + [NEWYORK] * 3
where = [(x + 0.0004 * i, y) for i, (x, y) in enumerate(where)]
for i, image in enumerate(images):
    if i != 3:  # the image of this one is lost
        folder = "images" if i < 2 else "more/images"
        (root / folder / f"{image}.jpg").write_bytes(b"image %d" % i)
a, b, c, lost, spare, last = images
graphs = {
    a: save(f"subgraph_9926589412345678901_{a}.pkl", {"subgraph": graph(a, NEWYORK), "center_nodes": [a]}, 5),
    b: save(f"mapillary_{b}_subgraph.pkl", graph(b, where[1], stripped=False), 2),
    c: save(f"extended_{c}_{a}.pkl", {"subgraph_data": {"subgraph": graph(c, where[2])}}, 3),
    spare: save(f"subgraph_9926589412345678902_{spare}.pkl", graph(spare, where[4])),
}
evil = save(f"subgraph_9926589412345678903_{last}.pkl", Command())


def write(name, rows):
    with open(root / name, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False))
            f.write("\n")


def caption(image, graph, **more):
    caption_text, summary = "**Image:** A street of brick houses.", "A quiet street near a café."
    row = {"image_paths": [f"data/images/{image}.jpg"], "prompt": "...", "image_caption": caption_text, "summarization": summary}
    row["swift_format"] = {
        "messages": [user(f"<graph><image>{caption_text} <summarization>{summary}"), {"role": "assistant", "content": summary}],
        "images": [f"/mydata/stage2_images/{image}.jpg"],
        "graphs": [graph],
        "label": 1.0,
    }
    return row | {"source": "mapillary", "timestamp": "2026-01-01T00:00:00", "mapillary_id": image, "coordinates": list(where[images.index(image)])} | more


write(
    "rows/captions_newyork.jsonl",
    [
        caption(last, "subgraphs/missing.pkl"),
        caption(spare, evil),
        '{"messages": [{"role": "user", "content": "cut',
        '{"mapillary_id": 8.123456789012345e17, "messages": [{"role": "user", "content": "x"}], "images": []}',
        {"mapillary_id": str(a), "messages": [user("<image>"), {"role": "assistant", "content": ""}], "images": []},
        {"mapillary_id": a, "coordinates": [200, 95], "messages": [user("x")], "images": []},
        {"mapillary_id": a, "status": "success", "timestamp": "2026-01-01"},
    ],
)
path = f"({a}, nearest, Elm Lane) (12.5m, 63°(NE)) -> (100.0m, 90°(E)) -> (Elm Lane, Intersection of Elm Lane and Oak Road, Oak Road) -> (125.5m, 180°(S)) -> (Oak Road, near, Café, Bar & Grill) (15.3m, 268°(W))"
summary = f"You can reach Café, Bar & Grill from the current location shown in the image with id {a} at (-73.9857, 40.7484)."
composed = {
    "messages": [
        user(f"<graph><image>A legend. Spatial Reasoning Path: {path}. Based on the spatial context represented in graph and the spatial reasoning path,{summary}\nHere are relevant place entities informations: {{'Elm Lane': {{'id': 41}}}}"),
        {"role": "assistant", "content": summary},
    ],
    "images": f"/mydata/stage2_images/{a}.jpg",
    "graphs": graphs[a],
    "summarization": summary,
    "image_coordinates": "(-73.9857, 40.7484)",
    "mapillary_node": str(a),
}
record = {
    "s2cell_id": "9926589412345678901",
    "run_id": "20260101_000000_9926589412345678901",
    "origin_node": a,
    "destination_node": CAFE,
    "hop_distance": 3,
    "geometric_distance_km": 0.1,
    "mapillary_node": str(a),
    "messages": [user(path), {"role": "assistant", "content": summary}],
    "image_path": f"data/images/{a}.jpg",
    "image_coordinates": "(-73.9857, 40.7484)",
    "summarization": summary,
    "origin_name": str(a),
    "destination_name": "Café, Bar & Grill",
    "graph_path": graphs[a],
    "path_meta": {"paths": [[a, ELM, OAK, CAFE]], "paths_parsed": [{"path": [a, ELM, OAK, CAFE], "formatted_path": path, "total_length_meters": float("nan")}]},
}
record_b = record | {"origin_node": b, "mapillary_node": str(b), "image_path": f"data/images/{b}.jpg", "graph_path": graphs[b], "image_coordinates": None}
record_b["path_meta"] = {"paths": [[b, ELM, 999]]}
write("rows/reasoning_path_mapillary_newyork.jsonl", [record, record_b])
write("rows/training_newyork.jsonl", [composed, caption(a, graphs[a]), caption(a, graphs[a])["swift_format"] | {"mapillary_id": a}])
pair = {"messages": [user("<graph><image> Describe the place.")], "positive_messages": [[user("A street in Bishan, Singapore.")]], "images": [f"/mydata/stage2_images/{c}.jpg"], "graphs": [graphs[c]], "pair_type": "stage2_image_graph", "label": 1}
lost_pair = pair | {"images": [f"/mydata/stage2_images/{lost}.jpg"], "graphs": [graphs[spare]]}
write("rows/singapore_stage2.jsonl", [pair, lost_pair])
write(
    "mapillary_results_cleaned.jsonl",
    [
        {"mapillary_id": image, "geometry": {"type": "Point", "coordinates": list(at)}, "url": "http://localhost/x.jpg", "city": "newyork" if at[0] < 0 else "singapore", "compass_angle": -10.0 if image == a else float("nan")}
        for image, at in zip(images, where)
    ],
)
