package geocheck

import (
	"bytes"
	"embed"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed schema/*.json
var schemas embed.FS

// geoSchema compiles the schema of the metadata once.
var geoSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	for url, file := range map[string]string{
		"https://geoparquet.org/releases/v1.1.0/schema.json": "schema/geoparquet-1.1.0.json",
		"https://proj.org/schemas/v0.7/projjson.schema.json": "schema/projjson.schema.json",
	} {
		b, err := schemas.ReadFile(file)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		if err := c.AddResource(url, doc); err != nil {
			return nil, err
		}
	}
	return c.Compile("https://geoparquet.org/releases/v1.1.0/schema.json")
})

// Metadata checks the metadata of a file against the schema and returns it.
func Metadata(t testing.TB, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	text, ok := file.Lookup("geo")
	if !ok {
		t.Fatalf("%s has no metadata \"geo\": it is no GeoParquet file", path)
	}
	if err := validate(text); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	var meta map[string]any
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return meta
}

func validate(metadata string) error {
	schema, err := geoSchema()
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(metadata)))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}
