"""Writes grid.osm: a made-up town of 9 by 9 streets, 333 m apart, on the equator.

Run as: python3 grid.py > grid.osm
"""
N, STEP = 9, 0.003
CLASSES = ["residential", "secondary", "residential", "tertiary", "residential"]
NAMES = ["Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Lime", "Maple", "Oak"]
SHOPS = [("amenity", "cafe"), ("shop", "bakery"), ("amenity", "pharmacy"), ("amenity", "school"), ("shop", "books")]

print('<?xml version="1.0" encoding="UTF-8"?>')
print('<osm version="0.6" generator="grid.py">')
for y in range(N):
    for x in range(N):
        print(f'<node id="{1 + y * N + x}" lat="{y * STEP:.4f}" lon="{x * STEP:.4f}"/>')
for y in range(N - 1):
    for x in range(N - 1):
        k = y * N + x
        key, value = SHOPS[k % 5]
        lat, lon = y * STEP + 0.0002 + k % 7 * 0.0003, x * STEP + 0.00015
        print(f'<node id="{1000 + k}" lat="{lat:.5f}" lon="{lon:.5f}"><tag k="{key}" v="{value}"/>'
              f'<tag k="name" v="{NAMES[x]} {value.title()} {y + 1}"/></node>')
for i in range(N):
    for base, name, nodes in [(2000, f"{NAMES[i]} Street", [1 + i * N + x for x in range(N)]),
                              (3000, f"{NAMES[i]} Avenue", [1 + y * N + i for y in range(N)])]:
        refs = "".join(f'<nd ref="{r}"/>' for r in nodes)
        print(f'<way id="{base + i}">{refs}<tag k="highway" v="{CLASSES[i % 5]}"/><tag k="name" v="{name}"/></way>')
print("</osm>")
