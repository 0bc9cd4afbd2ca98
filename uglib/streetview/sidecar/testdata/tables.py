"""Writes the small sidecars of this folder by other programs' writers: pandas
(CSV, and tab-separated UTF-16 as spreadsheets save it), the csv module with the
dialect of European spreadsheets, and GeoPandas.

    pip install pandas==2.3.3 geopandas==1.1.1 && python3 tables.py
"""
import csv

import geopandas
import pandas

rows = [
    ("a.jpg", 1234567890123456789, 39.7447, -75.5484, 271.5, "2024-05-17T13:45:59+02:00"),
    ("sub/Ünïcødé 写真.png", 9007199254740993, -33.857083, 151.215347, None, "2024-05-17 11:45:59"),
    ("c.webp", 700000000000003, 42.5063, 1.5218, 0.0, None),
]
frame = pandas.DataFrame(rows, columns=["file", "id", "lat", "lon", "heading", "captured_at"])
frame.to_csv("pandas.csv", index=False)
frame.to_csv("spreadsheet.tsv", index=False, sep="\t", encoding="utf-16", lineterminator="\r\n")

with open("europe.csv", "w", newline="", encoding="utf-8-sig") as f:
    out = csv.writer(f, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    out.writerow(["File Name", "ID", "Latitude", "Longitude", "Azimuth", "Timestamp"])
    for name, ident, lat, lon, heading, _ in rows:
        comma = lambda v: "" if v is None else str(v).replace(".", ",")
        out.writerow([name, ident, comma(lat), comma(lon), comma(heading), 1715946359000])

points = geopandas.GeoDataFrame(
    frame.drop(columns=["lat", "lon"]), geometry=geopandas.points_from_xy(frame.lon, frame.lat), crs="EPSG:4326"
)
points.rename(columns={"heading": "compass_angle"}).to_file("geopandas.geojson", driver="GeoJSON")
