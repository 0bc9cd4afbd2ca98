"""Prints the S2 cell ids of s2_test.go. Needs s2sphere 0.2.5 (pip install s2sphere==0.2.5)."""
import s2sphere

for lon, lat, level in [(-75.5466, 39.7459, 18), (-75.5466, 39.7459, 14), (1.5218, 42.5063, 18), (103.8198, 1.3521, 24)]:
    cell = s2sphere.CellId.from_lat_lng(s2sphere.LatLng.from_degrees(lat, lon)).parent(level)
    print(lon, lat, level, cell.id())
