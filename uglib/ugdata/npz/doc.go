// Package npz writes NumPy's .npz files: named arrays of numbers that
// numpy.load opens without running anything (allow_pickle=False).
//
//	w := npz.NewWriter(f)
//	npz.Add(w, "edge_index", []int64{0, 1, 1, 2}, 2, 2)
//	err := w.Close()
//
// Texts are arrays too: all their bytes in UTF-8 and where each one begins, see
// [AddTexts]. The same arrays make the same bytes.
package npz
