// Package ugdata makes training and test data of street views and their city
// graph: UGData. Each view that stands on a street becomes a [Place] with its
// subgraph, a spatial context caption (SCC, package caption) and spatial
// reasoning paths (SRP); places get their splits by spatial blocks; training
// pairs are made of the training and val places.
//
//	spec, err := ugdata.Default()
//	d, err := ugdata.Open(ctx, spec)     // built once, by the store
//	audit, err := d.Audit()              // how far the splits are apart
//
// # Paths
//
// A path is written by the path grammar of the UGE reference:
//
//	path   = item { " -> " item }
//	item   = triple [ " " tuple ] | tuple
//	triple = "(" source ", " middle ", " target ")"
//	tuple  = "(" metres ", " direction ")"
//
// for example
//
//	(700000000000001, nearest, Elm Lane) (7.4m, 0°(N)) -> (94.4m, 90°(E)) ->
//	(Elm Lane, Intersection of Elm Lane and Oak Road, Oak Road) ->
//	(140.2m, 180°(S)) -> (Oak Road, near, City Library) (15.3m, 90°(E))
//
// The edges of the city graph are written so:
//
//	Nearest    (point, nearest, street), (street, near, point), with a tuple of its own
//	Crosses    (A, name of the crossing, B); without a crossing node "Intersection of A and B"
//	Along      (crossing, on_same_street, crossing)
//	Bounds     (area, bounds, street), (street, near, area), with a tuple whose direction is the wind alone
//	Continues  (A, continues as, A): the street goes on under the same name
//	Inside     (point, inside, area), (area, contains, point)
//
// A hop's record is the place it passes: the foot point on the street, the
// point where streets meet, the crossing that a hop along a street leads to, the
// point that lies in an area. A transition tuple measures from record to record;
// it stands between two triples, but not behind a nearest, near or bounds hop
// whose two neighbours are of another kind. The last triple always has a tuple:
// of a street or an area it leads from the record to the middle, of a crossing
// along the street from the crossing before.
//
// Winds are the nearest of eight, ties to the earlier of N, NE, ... NW; numbers
// are rounded half to even, so that 359.7 prints 360°(N). A distance of nothing
// prints 1.0m in a tuple of its own. Names are those of [city.City.DisplayName].
// [ParsePath] reads a path back, [FindWalks] finds its nodes.
//
// Deviations from the reference, each where it is wrong or where the city
// graph is another:
//
//   - the tuple of an area's bounds tells the distance from the street to the
//     area's centroid in the direction of the walk, and its record is the point
//     on the street; the reference prints 0.0m, the direction reversed, and
//     measures its transitions to the centroid; a street through an area is
//     written by bounds and near as well, not by the word intersects;
//   - a crossing of more than two streets is written by its name, which has all
//     of them, and joins each two; the reference writes complex_crossing and
//     keeps one pair;
//   - a street may continue under its name (the city graph has one node for
//     each OSM way), and a place may lie in an area; all other names on a path
//     differ, as in the reference, nodes without a name by what the text calls
//     them instead;
//   - consecutive crossings alone are joined along a street, not each two, and
//     the distance is that along the street;
//   - distances are great-circle (haversine), not ellipsoidal: 0.5% at most;
//   - of walks with equally few hops the shortest is taken, where the reference
//     takes the first that it meets;
//   - destinations have a name; the seed draws them by number of hops, wind and
//     distance, and those that differ most in kind, direction and distance are
//     taken; the reference takes the first of its table. How much they differ is
//     measured by [Dataset.PathDiversity];
//   - MaxDistance is a limit for destination and walk, where the reference only
//     prefers nearer destinations; MinDistance is new;
//   - no cell is skipped, and views are drawn in a cell by the seed;
//   - an unknown node is an error of its own, which does not end the program;
//   - the composer's clean-up of doubled transitions has nothing to do.
//
// Walks are on foot: one-way streets bind nobody, as in the reference. A bridge
// joins nothing that it passes over.
//
// The options of the reference's command line are those of [Options], and of
// ug data build:
//
//	--min_hops, --max_hops   MinHops, MaxHops          --min-hops, --max-hops
//	--max_distance_km        MaxDistance               --max-distance
//	--node_selection         Destinations              --destinations; see [Selection]
//	--subgraph_hops          Hops, Recipe              --subgraph-hops, --subgraph hops
//	--subgraph_radius        Radius, Nodes, Recipe     --subgraph-radius, --subgraph-nodes, --subgraph radius
//	--min_paths_required     Paths, MinPaths           --paths-wanted, --paths-required
//	--max_images_per_cell    PerCell (of any size)     --images-per-cell
//	--level                  CellLevel                 --cell-level
//	--filter_processed       Processed                 --processed
//	--filename               the file of WriteComposed   ug data paths FILE
//
// Its --resume and --rebuild_cache are what the store does by itself; its other
// flags have no effect there.
//
// [Path.Plain] says the same walk in a sentence, which is what a path sample
// says by default: one of several voices that the seed draws (phrases.txt), the
// first direction relative to the camera where its heading is known, turns and
// the side of the destination relative to the walk, distances along the street,
// rounded as people say them. [Composed] is the row that the reference's
// composer makes of a path, with the entities on the way.
//
// In all of Delaware (93,446 nodes) the paths of a view take 0.11 ms of one
// core and a subgraph of 700 m and ten hops 0.19 ms; in four Delawares side by
// side 0.13 and 0.22 ms, in Dover (3,710 nodes) 0.08 and 0.1: they grow with
// what lies around a view (go test -bench 'Paths|Neighbourhood').
//
// # Splits
//
// Blocks are S2 cells. Whole blocks go to test, then to val, the rest to train;
// [SplitPlan] deals by city, by polygons of a GeoJSON file, or in folds of a
// cross-validation instead. Places nearer than Buffer to another split's are left
// out, over all cities: a held-out city may lie beside a training city. The buffer
// is at least two radii of a subgraph, so that no crossing and no place is in
// subgraphs of two splits. Of one picture in two splits the place of lower rank
// (train, val, test, heldout) is left out, and paths that would lead a text of
// one split to what stands at a place of a higher one. [Dataset.Audit] measures
// all this, and what the splits share beside: names, texts, streets, pictures that
// nearly equal; what must be 0 and is not fails the build. (The reference splits
// rows at random.)
//
// # Building
//
// [Make] builds in memory, [Open] through the store: a few hundred places in
// memory at a time, parts that outlive an interruption, all cores. A view that
// cannot be a place is listed with its reason ([Skipped]), and the others are
// built. 20,000 views of all Delaware take 20 s of processor and 280 MB beyond
// the city itself (go test -bench Build). [Builder] has the steps one by one,
// for package beam, which takes them on many machines.
//
// # Files
//
// [Write] and [Read] keep a dataset as Parquet tables, of which places and paths
// are GeoParquet; [WriteFolder] and [OpenFolder] add its cities, so that it stands
// alone. [Export] writes the training files of the reference (JSONL) with the
// graphs in its portable JSON form, and [ReadRows] and [ReadGraph] read them.
// [WriteCard] describes a folder: counts, licences, provenance, audit, checksums,
// and how to load it. Package exchange writes datasets for other programs
// (GraphML, PyTorch Geometric, WebDataset) and makes datasets of the reference's
// own files, nxpickle reads its pickles without running them.
package ugdata
