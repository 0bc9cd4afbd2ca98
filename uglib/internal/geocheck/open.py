"""Opens GeoParquet files as users do and prints what it finds as JSON.

usage: open.py FILE ID_COLUMN [FILE ID_COLUMN ...]
"""
import json
import sys

import duckdb
import geopandas
import geoparquet_validator
import pyarrow.parquet

db = duckdb.connect()


def with_geopandas(path, column):
    table = geopandas.read_parquet(path)
    shapes = table.geometry.dropna()
    authority = table.crs.to_authority()
    out = {"rows": len(table), "crs": ":".join(authority) if authority else str(table.crs), "ids": [], "type": ""}
    if column in table:
        out["type"] = str(table[column].dtype)
        out["ids"] = [str(v) for v in table[column]]
    out["bound"] = list(shapes.total_bounds) if len(shapes) else []
    # The box of each row is that of its geometry, and readers find rows by it.
    if len(shapes):
        boxes = pyarrow.parquet.read_table(path, columns=["bbox"])["bbox"].to_pylist()
        bounds = shapes.bounds
        for at, west, south, east, north in bounds.itertuples():
            assert boxes[at] == {"xmin": west, "ymin": south, "xmax": east, "ymax": north}, f"{path}: row {at}: {boxes[at]}"
        assert len(geopandas.read_parquet(path, bbox=shapes.iloc[0].bounds)) >= 1
    return out


def with_duckdb(path, column):
    names = {n: t for n, t in db.execute("select column_name, column_type from (describe select * from read_parquet(?))", [path]).fetchall()}
    out = {"rows": db.execute("select count(*) from read_parquet(?)", [path]).fetchone()[0], "ids": [], "type": ""}
    if column in names:
        out["type"] = names[column]
        rows = db.execute(f'select "{column}" from read_parquet(?, file_row_number = true) order by file_row_number', [path]).fetchall()
        out["ids"] = [str(v) for (v,) in rows]
    (geo,) = db.execute("select value from parquet_kv_metadata(?) where key = 'geo'", [path]).fetchone()
    meta = json.loads(bytes(geo))
    column = meta["columns"][meta["primary_column"]]
    out["crs"] = "OGC:CRS84" if "crs" not in column else str(column["crs"])
    box = db.execute("select min(bbox.xmin), min(bbox.ymin), max(bbox.xmax), max(bbox.ymax) from read_parquet(?)", [path]).fetchone()
    out["bound"] = list(box) if box[0] is not None else []
    out["geometry"] = names["geometry"]
    return out


def failures(path):
    """What a GeoParquet 1.1 file must do, and what it claims on its boxes."""
    report = geoparquet_validator.check(path)
    return [f"{o['id']}: {o['message']}" for o in report["outcomes"] if o["status"] == "fail" and "/distribution/" not in o["id"]]


out = []
for path, column in zip(sys.argv[1::2], sys.argv[2::2]):
    out.append({"failed": failures(path), "geopandas": with_geopandas(path, column), "duckdb": with_duckdb(path, column)})
json.dump(out, sys.stdout)
