package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

func ExampleParseAnswer() {
	caption, summary, status := endpoint.ParseAnswer("**Image:** A quiet street of brick terraces.\n\n**Summarization:** This is Elm Lane.")
	fmt.Println(status)
	fmt.Println(caption)
	fmt.Println(summary)
	// Output:
	// ok
	// A quiet street of brick terraces.
	// This is Elm Lane.
}

// A server that says the same of every image stands for a model.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{
			"content": "**Image:** A street.\n\n**Summarization:** This is Main Street.",
		}}}})
	}))
	defer server.Close()
	home, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	ctx := store.With(context.Background(), store.At(home))

	town, err := city.FromFile("../../city/testdata/town.osm", "Little Town", nil)
	if err != nil {
		panic(err)
	}
	views := streetview.Render(town, 3)
	views.Width, views.Height = 64, 48
	spec, err := endpoint.New(views, endpoint.Config{URL: server.URL + "/v1", Model: "eye", Budget: &endpoint.Budget{Requests: 100}})
	if err != nil {
		panic(err)
	}
	captions, err := endpoint.Open(ctx, spec)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(captions.All()), "captions,", len(captions.Failed()), "failed")
	fmt.Println(captions.All()[0].Summary)
	// Output:
	// 3 captions, 0 failed
	// This is Main Street.
}
