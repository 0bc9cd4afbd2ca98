// Package store keeps artefacts: products of long work, each in a folder of
// its own that is named by what it was made from.
//
// A [Spec] says what an artefact is; its hash names the folder under the
// store's root ($UG_HOME, else the user's cache folder). Asking for an artefact
// builds it once and opens it in milliseconds ever after:
//
//	a, err := store.Get(ctx, spec)
//	...
//	file, err := os.Open(a.Path("nodes.parquet"))
//
// Building is atomic (the folder is renamed into place when it is whole),
// resumable (what a build marks with [Build.Keep] outlives a kill), locked
// against a second builder in this or another process, and verified: the
// manifest holds size and SHA-256 of every file, opening checks the sizes, and
// [Artefact.Verify] checks the sums.
//
// # Layout
//
//	<root>/<kind>/<key>/manifest.json     a finished artefact and its files
//	<root>/<kind>/.building-<key>/        one that is being built, or was interrupted
//	<root>/<kind>/.building-<key>.keep    names of the files that outlive an interruption
//	<root>/<kind>/.lock-<key>             held with flock by the builder
//	<root>/<kind>/.removing-<key>-*       one that is being deleted
//
// The key depends on the kind, the schema version, the fields of the spec and
// the keys of its inputs, never on the machine, the time or the place of the
// root, so equal specs share one folder and a changed input leads to a new one.
package store
