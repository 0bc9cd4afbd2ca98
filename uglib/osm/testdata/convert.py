"""Writes block.osm.pbf and block.osm.bz2 from block.osm. Needs pyosmium (pip install osmium)."""
import bz2
import os
import pathlib

import osmium

here = pathlib.Path(__file__).parent
target = here / "block.osm.pbf"
if target.exists():
    os.remove(target)
writer = osmium.SimpleWriter(str(target))
for thing in osmium.FileProcessor(str(here / "block.osm")):
    writer.add(thing)
writer.close()
(here / "block.osm.bz2").write_bytes(bz2.compress((here / "block.osm").read_bytes()))
