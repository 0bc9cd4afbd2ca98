package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/store"
)

func TestDataCaptions(t *testing.T) {
	const key = "sk-of-the-command"
	t.Setenv(store.HomeVariable, t.TempDir())
	t.Setenv(endpoint.KeyVariables[0], key)
	var asked atomic.Int64
	var good atomic.Bool
	e := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer "+key {
			http.Error(w, "no key", http.StatusUnauthorized)
			return
		}
		text := fmt.Sprintf("**Image:** View %d.\n**Summarization:** Summary %d.", n, n)
		if !good.Load() && n%4 == 0 {
			text = "A street, and no summary."
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"choices": []any{map[string]any{"message": map[string]any{"content": text}}},
			"usage":   map[string]any{"prompt_tokens": 1000, "completion_tokens": 100},
		})
	}))
	t.Cleanup(e.Close)
	with := func(args ...string) []string {
		return append(args, "--pbf", grid, "--count", "30", "--size", "64x48", "--captions", e.URL+"/v1", "--caption-model", "eye",
			"--caption-price-prompt", "2", "--caption-price-answer", "10")
	}

	plan := mustJSON[captionsResult](t, with("data", "captions", "--dry-run")...)
	views := plan.Estimate.Views
	if asked.Load() != 0 || views == 0 || plan.Estimate.Requests != views || plan.Estimate.Money <= 0 || plan.Estimate.Most != 1300*views {
		t.Errorf("plan = %+v, %d requests", plan.Estimate, asked.Load())
	}
	code, out, errOut := ug(t, with("data", "captions", "--dry-run")...)
	if code != 0 || !strings.Contains(out, "requests, about") || !strings.Contains(out, "cost") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}

	// A budget stops it, and says what is left.
	code, out, errOut = ug(t, with("data", "captions", "--caption-budget-requests", "5")...)
	if code != exitFailure || !strings.Contains(errOut, "the budget is spent (5 of 5 requests)") || !strings.Contains(out, fmt.Sprintf("%d, of which 5 have their answer", views)) || asked.Load() != 5 {
		t.Errorf("status %d after %d requests: %s%s", code, asked.Load(), out, errOut)
	}
	done := mustJSON[captionsResult](t, with("data", "captions")...)
	failed := len(done.Failures)
	if done.Captions+failed != views || failed < views/5 || done.Statuses["unmarked"] != failed || asked.Load() != int64(views) ||
		done.Failures[0].Answer != "A street, and no summary." || done.Spent.Requests != views-5 || !(done.Spent.Money > 0) {
		t.Errorf("result = %+v after %d requests", done, asked.Load())
	}
	if code, out, errOut = ug(t, with("data", "captions")...); code != 0 || !strings.Contains(out, "unmarked: the answer holds no caption") || !strings.Contains(out, "--retry-failed") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}

	good.Store(true)
	mended := mustJSON[captionsResult](t, with("data", "captions", "--retry-failed")...)
	if mended.Captions != views || len(mended.Failures) != 0 || mended.Round != 1 || mended.Again != failed || asked.Load() != int64(views+failed) {
		t.Errorf("result = %+v after %d requests", mended, asked.Load())
	}
	before := asked.Load()
	if code, out, errOut = ug(t, with("data", "build")...); code != 0 || asked.Load() != before {
		t.Fatalf("status %d after %d more requests: %s%s", code, asked.Load()-before, out, errOut)
	}
	for _, p := range mustJSON[[]placeResult](t, with("data", "show", "--places", "1000")...) {
		if p.CaptionBy != "model" || !strings.HasPrefix(p.Caption, "View ") || !strings.HasPrefix(p.Summary, "Summary ") {
			t.Errorf("place = %+v", p)
		}
	}

	// A wrong key ends it at once, and is not told.
	t.Setenv(endpoint.KeyVariables[0], "sk-wrong")
	if code, out, errOut = ug(t, with("data", "captions", "--caption-max-tokens", "99")...); code != exitFailure || !strings.Contains(errOut, "does not let us in") || strings.Contains(out+errOut, "sk-wrong") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}
	for _, args := range [][]string{
		{"data", "captions"},
		{"data", "captions", "--captions", "https://h/v1"},
		{"data", "captions", "--captions", "h/v1", "--caption-model", "m"},
		{"data", "build", "--caption-model", "m"},
		{"data", "build", "--caption-units", "cubits"},
		{"data", "captions", "--captions", "https://h/v1", "--caption-model", "m", "--caption-budget-money", "1"},
	} {
		if code, _, errOut := ug(t, append(args, "--pbf", grid)...); code != exitUsage {
			t.Errorf("ug %v: status %d: %s", args, code, errOut)
		}
	}
	if code, _, errOut := ug(t, "data", "build", "--pbf", grid, "--caption-text", "long"); code != exitFailure || !strings.Contains(errOut, `"summary"`) {
		t.Errorf("status %d: %s", code, errOut)
	}
	texts := mustJSON[[]placeResult](t, "data", "show", "--places", "1", "--pbf", grid, "--count", "30", "--size", "64x48", "--caption-units", "imperial", "--caption-things", "2")
	if p := texts[0]; p.CaptionBy != "template" || !strings.Contains(p.Summary, " ft") && !strings.Contains(p.Caption, " ft") {
		t.Errorf("place = %+v", p)
	}
}
