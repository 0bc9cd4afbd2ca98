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
//
// A hop's record is the place it passes: the foot point on the street, the
// point where streets meet, the crossing that a hop along a street leads to. A
// transition tuple measures from record to record; it stands between two
// triples, but not behind a nearest, near or bounds hop whose two neighbours
// are of another kind.
//
// Deviations from the reference, each where it is wrong or where the city
// graph is another:
//
//   - the tuple of an area's bounds tells the distance from the street to the
//     area's centroid in the direction of the walk, and its record is the point
//     on the street; the reference prints 0.0m, the direction reversed, and
//     measures its transitions to the centroid;
//   - a street may continue under its name (the city graph has one node for
//     each OSM way); all other names on a path differ, as in the reference;
//   - distances are great-circle (haversine), not ellipsoidal: 0.5% at most;
//   - of paths with equally few hops the shortest is taken, and destinations are
//     drawn by the seed from the nearest few of each number of hops, of
//     different kinds, all with a name; the reference takes the first of its
//     table;
//   - no cell is skipped, and a walk stays within MaxDistance of the image;
//   - the composer's clean-up of doubled transitions has nothing to do.
//
// [Path.Plain] says the same walk in a sentence, which is what a path sample
// says by default; see [Options].
//
// # Splits
//
// Blocks are S2 cells. Whole blocks go to test, then to val, the rest to train;
// places nearer than Buffer to another split's are left out. With the default
// buffer of two subgraph radii no crossing and no place is in subgraphs of two
// splits, and no training anchor within a subgraph of test; [Dataset.Audit]
// measures this and refuses a dataset where it does not hold. (The reference
// splits rows at random.)
//
// # Files
//
// [Write] and [Read] keep a dataset as Parquet tables; [Export] writes the
// training files of the reference (JSONL) with the graphs in its portable JSON
// form, and [ReadRows] and [ReadGraph] read them.
package ugdata
