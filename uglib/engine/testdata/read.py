"""Reads the results of a run as people do; prints what it finds as JSON."""

import json
import struct
import sys

import duckdb
import numpy
import pyarrow.parquet

folder = sys.argv[1]
table = pyarrow.parquet.read_table(folder + "/v.parquet")
vectors = numpy.array(table["vector"].to_pylist(), dtype=numpy.float32)
norms = duckdb.sql(
    f"select id, list_dot_product(vector, vector) as n from '{folder}/v.parquet' order by id"
).fetchall()
with open(folder + "/v.safetensors", "rb") as f:
    head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    tensor = head["embeddings"]
    matrix = numpy.frombuffer(f.read(), dtype="<f4").reshape(tensor["shape"])
print(
    json.dumps(
        {
            "types": [str(field.type) for field in table.schema],
            "names": table.schema.names,
            "ids": table["id"].to_pylist(),
            "model": table["model"].to_pylist()[0],
            "metadata": table.schema.metadata is not None
            and {k.decode(): v.decode() for k, v in table.schema.metadata.items()},
            "norms": [n for _, n in norms],
            "same": bool((vectors == matrix).all()),
            "dtype": tensor["dtype"],
            "tensor_ids": json.loads(head["__metadata__"]["ids"]),
        }
    )
)
