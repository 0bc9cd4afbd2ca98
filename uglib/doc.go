// Package uglib is the house of the urbangraph library; it holds no code of
// its own. Data flows down this list, and a package imports only packages
// above it:
//
//	internal    for tests: a Python with pinned packages (pyenv), checks of GeoParquet (geocheck)
//	geo         units, great-circle formulas, local metric frame, S2 cells; GeoParquet
//	progress    how long work says how far it is; progress/terminal shows it
//	store       artefacts: a spec hashes to a folder; atomic, resumable, verified
//	backend     choice of the GoMLX backend: pure Go with SIMD, or XLA by plugin
//	osm         OpenStreetMap extracts (pbf, xml, bz2, gz) to streets, places, areas; osm/extract streams their elements
//	streetnet   the street network alone, raw or simplified as OSMnx does; GraphML
//	city        the urban graph: nodes, edges, CSR, subgraphs, paths; GeoParquet
//	streetview  geotagged images: photo folders (exif), Mapillary, KartaView, views drawn from the city (render)
//	caption     spatial context captions (SCC): from templates, or by a vision model (endpoint)
//	ugdata      samples with reasoning paths (SRP) and captions, splits, formats (exchange)
//	tokenizer   Hugging Face tokenizer.json: byte-level BPE (and training of one), metaspace BPE
//	vision      images to pixel tensors as each backbone's own processor does
//	nn          layers that GoMLX lacks: LoRA, GATv2, InfoNCE, grouped AdamW; safetensors
//	backbone    one package a backbone, config.json and safetensors to hidden states; transformer is what they share
//	graphenc    the spatial graph encoder
//	uge         the model: image, text and graph to one unit vector
//	engine      many images and texts to vectors, each once and resumable; as a file, or over HTTP (engine/openai)
//	train       the two training stages, checkpoints, resume
//	ugbench     queries, metrics, statistics, reports
//	cmd/ug      the command line
//	cmd/ugbeam  datasets built as an Apache Beam pipeline (ugdata/beam)
//
// The packages store and backend stand high because artefact specs live with
// what they describe (city.Spec, train.Spec), and each of those packages asks
// the store for its inputs. Package plots reads uglib; only the command line
// may draw with it. Package kernel knows neither.
package uglib
