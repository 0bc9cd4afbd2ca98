package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"urbangraph/uglib/engine"
	"urbangraph/uglib/internal/pyenv"
)

// The official Python client gets what "ug embed" computes, and its own kind of
// exception for what is refused.
func TestServeOpenAIClient(t *testing.T) {
	python := pyenv.Python(t, "testdata/openai/requirements.txt")
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	views := mustJSON[viewsResult](t, "views", "--osm", grid, "--count", "100", "--size", "64x48")
	images, err := filepath.Glob(filepath.Join(views.Images, "*.jpg"))
	if err != nil || len(images) == 0 {
		t.Fatal(images, err)
	}
	picture, err := os.ReadFile(images[0])
	if err != nil {
		t.Fatal(err)
	}
	image := "data:" + http.DetectContentType(picture) + ";base64," + base64.StdEncoding.EncodeToString(picture)
	model := runs[1].Artefact.String() // with a slash, as a run is called by itself
	url, end := startServer(t, "--model", runs[1].Artefact.Key, "--api-key-file", write(t, "key", "sk-test\n"))
	t.Setenv("NO_PROXY", "127.0.0.1")

	type answer struct {
		Model, Object string
		Indexes       []int
		Vectors       []json.RawMessage
		Prompt        int `json:"prompt_tokens"`
		Total         int `json:"total_tokens"`
	}
	type refusal struct {
		Class, Message, Type, Param, Code string
		Status                            int
	}
	var got struct {
		Version, Type string
		Texts         []string
		Embeddings    map[string]answer
		AtOnce        []answer `json:"at_once"`
		Whole         answer   // of as many inputs as OpenAI takes
		Models        []map[string]any
		Retrieved     map[string]any
		Refused       map[string]refusal
	}
	out := pyenv.Run(t, python, "testdata/openai/client.py", url, model, "sk-test", image)
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("openai %s", got.Version)
	if code := end(); code != 0 {
		t.Errorf("ug serve ends with status %d", code)
	}

	want := embedded(t, runs[1].Dir, images[0], got.Texts)
	texts, both := want[:3], [][]float32{want[4], want[1]}
	for name, vectors := range map[string][][]float32{
		"one": texts[:1], "user": texts[:1], "raw": texts[:1], "list": texts, "tuple": texts, "float": texts, "base64": texts,
		"image": want[3:4], "both": both,
	} {
		a := got.Embeddings[name]
		if a.Model != model || a.Object != "list" || len(a.Vectors) != len(vectors) || len(a.Indexes) != len(vectors) || a.Prompt <= 0 || a.Total != a.Prompt {
			t.Errorf("%s: %d vectors, indexes %v, model %s, object %s, %d tokens", name, len(a.Vectors), a.Indexes, a.Model, a.Object, a.Prompt)
			continue
		}
		for i, raw := range a.Vectors {
			if v := vectorOf(t, raw); a.Indexes[i] != i || len(v) != 32 || distance(v, vectors[i]) > 1e-5 {
				t.Errorf("%s: entry %d, index %d, differs from ug embed's: %v", name, i, a.Indexes[i], v)
			}
		}
	}
	for i, a := range got.AtOnce {
		if len(a.Vectors) != 1 || distance(vectorOf(t, a.Vectors[0]), texts[i%3]) > 1e-5 {
			t.Errorf("request %d of many at once: %+v", i, a)
		}
	}
	for i, raw := range got.Whole.Vectors {
		if distance(vectorOf(t, raw), texts[i%3]) > 1e-5 {
			t.Errorf("input %d of a request of many differs from ug embed's", i)
		}
	}
	if n := len(got.Whole.Vectors); n != 2048 {
		t.Errorf("%d vectors for 2048 inputs", n)
	}
	if len(got.AtOnce) != 30 || got.Type != "application/json" {
		t.Errorf("%d answers, of type %s", len(got.AtOnce), got.Type)
	}
	if len(got.Models) != 1 || got.Models[0]["id"] != model || got.Retrieved["id"] != model || got.Retrieved["object"] != "model" {
		t.Errorf("models %v, retrieved %v", got.Models, got.Retrieved)
	}
	for name, want := range map[string]refusal{
		"dimensions":      {"BadRequestError", "not trained to be cut", "invalid_request_error", "dimensions", "", 400},
		"model":           {"NotFoundError", model, "invalid_request_error", "model", "model_not_found", 404},
		"no such model":   {"NotFoundError", model, "invalid_request_error", "model", "model_not_found", 404},
		"key":             {"AuthenticationError", "Bearer KEY", "invalid_request_error", "", "invalid_api_key", 401},
		"key of models":   {"AuthenticationError", "Bearer KEY", "invalid_request_error", "", "invalid_api_key", 401},
		"tokens":          {"BadRequestError", "token ids", "invalid_request_error", "input[0]", "", 400},
		"lists of tokens": {"BadRequestError", "token ids", "invalid_request_error", "input[0]", "", 400},
		"empty":           {"BadRequestError", "empty string", "invalid_request_error", "input", "", 400},
		"empty in a list": {"BadRequestError", "empty string", "invalid_request_error", "input[1]", "", 400},
		"no inputs":       {"BadRequestError", "empty list", "invalid_request_error", "input", "", 400},
		"format":          {"BadRequestError", "base64", "invalid_request_error", "encoding_format", "", 400},
		"too many":        {"BadRequestError", "2048", "invalid_request_error", "input", "", 400},
		"address":         {"BadRequestError", "data URL", "invalid_request_error", "input[0].image", "", 400},
		"chat":            {"NotFoundError", "/v1/embeddings", "invalid_request_error", "", "unknown_url", 404},
	} {
		r := got.Refused[name]
		if !strings.Contains(r.Message, want.Message) {
			t.Errorf("%s: the message is %q, want %q in it", name, r.Message, want.Message)
		}
		if r.Message = want.Message; r != want {
			t.Errorf("%s: %+v, want %+v", name, r, want)
		}
	}
}

// embedded is what "ug embed" makes of the texts, the image, and the first text
// with the image.
func embedded(t *testing.T, model, image string, texts []string) [][]float32 {
	t.Helper()
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, text := range texts {
		if err := enc.Encode(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", texts[0]} {
		if err := enc.Encode(map[string]string{"text": text, "image": image}); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "v.parquet")
	mustJSON[embedResult](t, "embed", write(t, "items.jsonl", lines.String()), "--model", model, "--out", out)
	rows, err := parquet.ReadFile[engine.Row](out)
	if err != nil || len(rows) != len(texts)+2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	var vectors [][]float32
	for _, row := range rows {
		vectors = append(vectors, row.Vector)
	}
	return vectors
}

// vectorOf reads an embedding: numbers, or base64 of little-endian float32.
func vectorOf(t *testing.T, raw json.RawMessage) (v []float32) {
	t.Helper()
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	var data []byte // which JSON has as base64
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	v = make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, v); err != nil {
		t.Fatal(err)
	}
	return v
}
