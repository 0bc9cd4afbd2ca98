#!/bin/sh
# Writes the other files of this folder from map.osm with osmium-tool 1.15.
set -e
cd "$(dirname "$0")"
osmium cat --overwrite map.osm -o dense.osm.pbf
osmium cat --overwrite map.osm -o plain.osm.pbf -f pbf,pbf_dense_nodes=false
osmium cat --overwrite map.osm -o raw.osm.pbf -f pbf,pbf_compression=none
osmium cat --overwrite map.osm -o lz4.osm.pbf -f pbf,pbf_compression=lz4
osmium add-locations-to-ways --overwrite map.osm -o onways.osm.pbf
gzip -9nc map.osm > map.osm.gz
bzip2 -9c map.osm > map.osm.bz2
