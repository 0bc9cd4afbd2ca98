"""Writes reference_features.json: the UGE reference's spatial and edge features of a few places, computed from the published formulas
(not from the Go code): r_min*(r_max/r_min)**(i/(F-1)) degree bands of float32 coordinates in float64, haversine with its 1e-8, bearing, raw displacement."""
import json, math, struct
f32 = lambda x: struct.unpack("f", struct.pack("f", x))[0]
places = {"wilmington": (-75.5466, 39.7459), "dover": (-75.5244, 39.1582), "andorra": (1.5218, 42.5063), "singapore": (103.8198, 1.3521), "south": (-0.25, -33.5)}
F, lo, hi = 16, 1e-6, 360.0
tau = [lo * (hi / lo) ** (i / (F - 1)) for i in range(F)]
spatial = {}
for name, (lon, lat) in places.items():
    spatial[name] = [f(f32(x) / t) for x in (lon, lat) for t in tau for f in (math.sin, math.cos)]
edges = []
for s, t in [((-75.5466, 39.7459), (-75.5471, 39.7465)), ((1.5218, 42.5063), (1.5218, 42.5063)), ((103.8198, 1.3521), (103.83, 1.3521)), ((-0.25, -33.5), (-0.26, -33.49)), ((179.9, 10.0), (-179.9, 10.0)), ((0.0, 0.0), (180.0, 0.0))]:
    lon1, lat1, lon2, lat2 = map(math.radians, (*s, *t))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    d = 6371000.0 * 2 * math.atan2(math.sqrt(a), math.sqrt(1 - a + 1e-8))
    th = math.atan2(math.sin(lon2 - lon1) * math.cos(lat2), math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(lon2 - lon1))
    edges.append({"from": s, "to": t, "features": [math.log(1 + d), math.sin(th), math.cos(th), t[0] - s[0], t[1] - s[1]]})
json.dump({"places": places, "spatial": spatial, "edges": edges}, open("reference_features.json", "w"), indent=1)
