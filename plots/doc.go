// Package plots shows what the library computes: maps, figures, tables, sheets
// of samples, progress with live curves, and whole reports.
//
// Everything that can be shown is a [Figure]. [Show] shows it where the program
// runs: inline in a Jupyter notebook (a cell of the Go kernel), or as files in
// the folder that [SetFolder] names. [Context] returns a context whose tasks
// are shown as bars that update in place.
//
//	ctx := plots.Context()
//	c, err := city.Open(ctx, spec)
//	...
//	plots.Show(plots.CityMap(c).Title("Wilmington"))
//
// Colours are those of Okabe and Ito, which people with colour vision
// deficiencies tell apart. Nothing needs a network: maps are drawn from the
// city's own vectors.
package plots
