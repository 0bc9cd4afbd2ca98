// Package shards writes samples of several files as WebDataset shards: tar
// archives of a limited size in which the files of a sample follow each other
// and share a key, so that training reads them as a stream.
//
//	w, err := shards.NewWriter("webdataset", "train", shards.Limits{})
//	err = w.Add("812345678901234", shards.File{"jpg", image}, shards.File{"txt", caption})
//	names, err := w.Close() // train-000000.tar, train-000001.tar, ...
//
// The same samples make the same bytes: names, modes, times and owners are
// fixed. A shard appears in its folder when it is whole.
package shards
