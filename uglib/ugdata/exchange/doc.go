// Package exchange takes datasets to other programs and back.
//
// [Export] writes a dataset in one or more formats into a folder that can be
// published, with a card (README.md) and checksums:
//
//	reference   the training files of the UGE reference: JSONL rows and graphs (JSON)
//	parquet     the tables with their cities: a dataset that stands alone, see ugdata.OpenFolder
//	graphml     graphs of whole cities and of each place, for NetworkX, OSMnx, Gephi
//	pyg         subgraphs as arrays with load_pyg.py, for PyTorch Geometric
//	webdataset  images with their texts as tar shards
//	scc         captions as the reference's caption script writes them (JSONL with swift_format)
//
// [Import] makes a dataset of a folder of the reference's files: rows of any of
// its stages, pickles or JSON of graphs, images, and metadata of images.
package exchange
