"""Opens a city's folder as users do: with DuckDB, or GeoPandas if there is no DuckDB. Prints JSON for files_test.go.

usage: open.py FOLDER
"""
import json
import sys

folder = sys.argv[1]
out = {}
try:
    import duckdb

    out["reader"] = "duckdb " + duckdb.__version__
    db = duckdb.connect()
    for table in ("nodes", "edges", "scenery"):
        path = f"{folder}/{table}.parquet"
        out[table] = db.execute("select count(*) from read_parquet(?)", [path]).fetchone()[0]
    nodes = f"{folder}/nodes.parquet"
    out["kinds"] = dict(db.execute("select kind, count(*) from read_parquet(?) group by kind", [nodes]).fetchall())
    out["ids"] = str(db.execute("select typeof(osm_id) from read_parquet(?) limit 1", [nodes]).fetchone()[0])
    out["bakery"] = db.execute(
        "select address from read_parquet(?) where tags like '%\"shop\":\"bakery\"%'", [nodes]
    ).fetchone()[0]
    meta = db.execute("select value from parquet_kv_metadata(?) where key = 'geo'", [nodes]).fetchone()[0]
    out["geo"] = json.loads(meta)
    out["streets"] = db.execute("select max(len(streets)) from read_parquet(?)", [nodes]).fetchone()[0]
except ImportError:
    import geopandas

    out["reader"] = "geopandas " + geopandas.__version__
    tables = {t: geopandas.read_parquet(f"{folder}/{t}.parquet") for t in ("nodes", "edges", "scenery")}
    for t, g in tables.items():
        out[t] = len(g)
        assert g.crs.to_string() == "OGC:CRS84", g.crs
    nodes = tables["nodes"]
    out["kinds"] = nodes["kind"].value_counts().to_dict()
    out["ids"] = {"int64": "BIGINT"}.get(str(nodes["osm_id"].dtype), str(nodes["osm_id"].dtype))
    out["bakery"] = nodes[nodes["tags"].map(json.loads).map(lambda t: t.get("shop")) == "bakery"]["address"].iloc[0]
    import pyarrow.parquet

    out["geo"] = json.loads(pyarrow.parquet.read_metadata(f"{folder}/nodes.parquet").metadata[b"geo"])
    out["streets"] = int(nodes["streets"].map(len).max())
print(json.dumps(out))
