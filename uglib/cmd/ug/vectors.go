package main

import (
	"bufio"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/parquet-go/parquet-go"

	"urbangraph/uglib/nn"
)

// vectorWriters write vectors to a file by its extension; model is the name of
// the model that they come from.
var vectorWriters = map[string]func(path, model string, list []embedded) error{
	".parquet":     writeParquet,
	".jsonl":       writeJSONL,
	".safetensors": writeSafetensors,
}

// writeVectors writes vectors in the format that the file's extension names;
// the file appears whole or not at all.
func writeVectors(path, model string, list []embedded) error {
	return vectorWriters[strings.ToLower(filepath.Ext(path))](path, model, list)
}

// writeParquet writes the columns id, kind, source and vector (a list of
// float), and the model into the file's metadata.
func writeParquet(path, model string, list []embedded) error {
	return replaceFile(path, func(f io.Writer) error {
		w := parquet.NewGenericWriter[embedded](f, parquet.KeyValueMetadata("model", model), parquet.Compression(&parquet.Zstd))
		if _, err := w.Write(list); err != nil {
			return err
		}
		return w.Close()
	})
}

// writeJSONL writes an object for each input on a line of its own.
func writeJSONL(path, _ string, list []embedded) error {
	return replaceFile(path, func(f io.Writer) error {
		buf := bufio.NewWriter(f)
		enc := json.NewEncoder(buf)
		enc.SetEscapeHTML(false)
		for _, x := range list {
			if err := enc.Encode(x); err != nil {
				return err
			}
		}
		return buf.Flush()
	})
}

// writeSafetensors writes one tensor "vectors" of shape [inputs, width], and
// kinds, sources and model into the metadata.
func writeSafetensors(path, model string, list []embedded) error {
	var kinds, sources []string
	var flat []float32
	for _, x := range list {
		kinds, sources = append(kinds, x.Kind), append(sources, x.Source)
		flat = append(flat, x.Vector...)
	}
	meta := map[string]string{"model": model}
	for name, values := range map[string][]string{"kinds": kinds, "sources": sources} {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		meta[name] = string(text)
	}
	all := map[string]*tensors.Tensor{"vectors": tensors.FromFlatDataAndDimensions(flat, len(list), len(list[0].Vector))}
	return nn.SaveTensors(path, all, meta)
}
