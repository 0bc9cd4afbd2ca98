// Package extract streams the elements of an OpenStreetMap extract: a PBF file
// (.osm.pbf) or XML, plain (.osm) or compressed (.osm.gz, .osm.bz2).
//
// A PBF file is decompressed and decoded on all cores, block by block, and its
// elements are handed over in file order by one goroutine. Metadata (versions,
// times, users) is skipped undecoded, and so are the elements that the
// [Handler] does not ask for. Memory does not grow with the file: 64 MiB of
// unpacked blocks are under way at most, what was decoded from one is at most
// 128 MiB (a usual one takes 2), and a tag of XML is at most 1 MiB.
//
// The reader is our own because those at hand decode what is thrown away here,
// panic in a goroutine of theirs on a damaged block or on nodes that are not
// dense, and do not say where a file is damaged. It takes no block on trust:
// sizes, indices of strings, sums of differences and counts are checked, and an
// error names the file, and the byte of the block or the line of the XML. A file
// that was cut short is told from a whole one, unless it was cut between two
// blocks of a PBF file, which has no end mark.
//
// What is not read: history files, changesets and changes (.osc), XML in other
// encodings than UTF-8, and PBF blocks packed by LZMA, which no writer in use
// makes; each is an error with a cure.
package extract
