// Package store keeps artefacts: products of long work, each in a folder of
// its own that is named by what it was made from.
//
// A [Spec] says what an artefact is; its hash names the folder under the
// store's root ($UG_HOME, else the user's cache folder). Asking for an artefact
// builds it once and opens it in milliseconds ever after. Building is atomic
// (the folder is renamed into place when it is whole), resumable, locked
// against a second builder, and verified by checksums.
package store
