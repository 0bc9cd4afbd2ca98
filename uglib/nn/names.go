package nn

import "strings"

// Key returns the Hugging Face key of a variable path or the dotted module
// path of a scope: /model/layers/0/weight gives model.layers.0.weight.
func Key(path string) string {
	return strings.ReplaceAll(strings.Trim(path, "/"), "/", ".")
}

// Path returns the variable path of a Hugging Face key; it is the inverse of
// [Key] for names without slashes.
func Path(key string) string {
	return "/" + strings.ReplaceAll(key, ".", "/")
}
