package openai

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/engine"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

// tiny is a model of one layer, and an engine on it.
func tiny(t testing.TB) (*uge.Model, *engine.Engine) {
	t.Helper()
	tok, err := tokenizer.TrainBPE(slices.Values([]string{"A residential street near a bakery. system user assistant"}), 310, tokenizer.QwenSpecial())
	if err != nil {
		t.Fatal(err)
	}
	proc := vision.Default()
	proc.MinPixels, proc.MaxPixels = 28*28, 56*56
	m, err := uge.New(uge.Config{MaxTokens: 100}, backbone.OfQwen2VL(qwen2vl.Tiny(tok.VocabSize(), 16, 1, 1)), tok, proc, 3)
	if err != nil {
		t.Fatal(err)
	}
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(m, be, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return m, e
}

// server serves the tiny model.
func server(t *testing.T, o Options) (*httptest.Server, *uge.Model, *engine.Engine) {
	t.Helper()
	m, e := tiny(t)
	live := engine.NewLive(e, engine.LiveOptions{Wait: time.Millisecond})
	t.Cleanup(live.Close)
	o.Model, o.Width, o.Created = "uge", e.Width(), time.Unix(1700000000, 0)
	s := httptest.NewServer(Handler(live, o))
	t.Cleanup(s.Close)
	return s, m, e
}

// call sends a request and returns status and body.
func call(t *testing.T, s *httptest.Server, method, path, body string, header ...string) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, data, resp.Header
}

func pngURL(t *testing.T, w, h int) string {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())
}

type floats struct {
	Object string
	Data   []struct {
		Object    string
		Index     int
		Embedding []float32
	}
	Model string
	Usage struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	}
}

func post(t *testing.T, s *httptest.Server, body string) floats {
	t.Helper()
	status, data, header := call(t, s, "POST", "/v1/embeddings", body)
	var out floats
	if err := json.Unmarshal(data, &out); err != nil || status != 200 || header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d, %v, %s", body, status, err, data)
	}
	if out.Object != "list" || out.Model != "uge" || out.Usage.TotalTokens != out.Usage.PromptTokens {
		t.Errorf("%s", data)
	}
	for i, d := range out.Data {
		if d.Object != "embedding" || d.Index != i || len(d.Embedding) != 16 {
			t.Errorf("entry %d of %s", i, data)
		}
	}
	return out
}

func TestEmbeddings(t *testing.T) {
	s, m, e := server(t, Options{})
	url := pngURL(t, 40, 60)
	_, bare, _ := strings.Cut(url, ",")
	pixels, err := base64.StdEncoding.DecodeString(bare)
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := e.Embed(t.Context(), []engine.Item{{Text: "Elm"}, {Text: "Oak"}, {Data: pixels}, {Text: "Elm", Data: pixels}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		input string
		want  []int
	}{
		{`"Elm"`, []int{0}},
		{`["Elm"]`, []int{0}},
		{`["Oak", "Elm", "Oak"]`, []int{1, 0, 1}},
		{`{"text": "Elm"}`, []int{0}},
		{`{"image": "` + url + `"}`, []int{2}},
		{`[{"image": "` + bare + `"}, "Oak", {"text": "Elm", "image": "` + url + `"}, {"text": null, "image": "` + url + `"}]`, []int{2, 1, 3, 2}},
	} {
		got := post(t, s, `{"model": "uge", "user": "x", "dimensions": 16, "encoding_format": "float", "input": `+c.input+`}`)
		if len(got.Data) != len(c.want) {
			t.Errorf("%s: %d entries", c.input, len(got.Data))
			continue
		}
		for i, w := range c.want {
			for k, x := range got.Data[i].Embedding {
				if math.Abs(float64(x-want[w][k])) > 1e-5 {
					t.Errorf("%s: entry %d differs by %g", c.input, i, x-want[w][k])
					break
				}
			}
		}
	}
	// Usage counts what the model reads.
	tokens := 0
	for _, text := range []string{"Elm", "A residential street"} {
		row, err := m.Row(uge.Input{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		tokens += row.Size.Row.Tokens
	}
	if got := post(t, s, `{"model": "uge", "input": ["Elm", "A residential street"]}`); got.Usage.PromptTokens != tokens {
		t.Errorf("%d tokens, want %d", got.Usage.PromptTokens, tokens)
	}
}

// What the official Python client sends, and what it needs of the answer: see
// testdata/README.md.
func TestPythonClient(t *testing.T) {
	s, _, _ := server(t, Options{Key: "sk-test"})
	body, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	status, data, _ := call(t, s, "POST", "/v1/embeddings", string(body),
		"Accept", "application/json", "Authorization", "Bearer sk-test", "User-Agent", "OpenAI/Python 1.99.0",
		"X-Stainless-Lang", "python", "X-Stainless-Retry-Count", "0", "X-Stainless-Read-Timeout", "600")
	var got, want map[string]any
	file, err := os.ReadFile("testdata/response.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.Unmarshal(data, &got), json.Unmarshal(file, &want)); err != nil || status != 200 {
		t.Fatalf("%d, %v, %s", status, err, data)
	}
	sameShape(t, "", got, want)
	entries := got["data"].([]any)
	status, data, _ = call(t, s, "POST", "/v1/embeddings", `{"model": "uge", "input": ["The food was delicious", "and the waiter friendly"]}`, "Authorization", "Bearer sk-test")
	var plain floats
	if err := json.Unmarshal(data, &plain); err != nil || status != 200 {
		t.Fatalf("%d, %v, %s", status, err, data)
	}
	for i, entry := range entries {
		coded := floatsOf(t, entry.(map[string]any)["embedding"].(string))
		if !slices.Equal(coded, plain.Data[i].Embedding) {
			t.Errorf("entry %d: %v in base64, %v in decimals", i, coded, plain.Data[i].Embedding)
		}
	}
}

// floatsOf reads an embedding as numpy.frombuffer(base64.b64decode(s), "float32")
// does.
func floatsOf(t *testing.T, s string) []float32 {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(data)%4 != 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	var out []float32
	for i := 0; i < len(data); i += 4 {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(data[i:])))
	}
	return out
}

// sameShape checks that two JSON values have the same fields and types.
func sameShape(t *testing.T, path string, got, want any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			t.Errorf("%s is %v, want the fields of %v", path, got, want)
			return
		}
		for k, v := range w {
			sameShape(t, path+"."+k, g[k], v)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			t.Errorf("%s is %v, want %d entries", path, got, len(w))
			return
		}
		for i := range w {
			sameShape(t, path, g[i], w[i])
		}
	case string:
		if _, ok := got.(string); !ok {
			t.Errorf("%s is %v, want text", path, got)
		}
	case float64:
		if _, ok := got.(float64); !ok {
			t.Errorf("%s is %v, want a number", path, got)
		}
	}
}

func TestErrors(t *testing.T) {
	s, _, _ := server(t, Options{Key: "sk-test", MaxBody: 9000})
	auth := []string{"Authorization", "Bearer sk-test"}
	in := func(input string) string { return `{"model": "uge", "input": ` + input + `}` }
	many := `["x"` + strings.Repeat(`,"x"`, 2048) + `]`
	for _, c := range []struct {
		method, path, body string
		header             []string
		status             int
		kind, param, code  string
		want               string
	}{
		{"POST", "/v1/embeddings", in(`"x"`), nil, 401, "invalid_request_error", "", "invalid_api_key", "Bearer KEY"},
		{"POST", "/v1/embeddings", in(`"x"`), []string{"Authorization", "Bearer sk-tes"}, 401, "invalid_request_error", "", "invalid_api_key", ""},
		{"POST", "/v1/embeddings", in(`"x"`), []string{"Authorization", "Basic sk-test"}, 401, "invalid_request_error", "", "invalid_api_key", ""},
		{"GET", "/v1/models", "", nil, 401, "invalid_request_error", "", "invalid_api_key", ""},
		{"GET", "/v1/models/other", "", auth, 404, "invalid_request_error", "model", "model_not_found", "other"},
		{"GET", "/v1/embeddings", "", auth, 405, "invalid_request_error", "", "method_not_allowed", "POST"},
		{"POST", "/healthz", "", auth, 405, "invalid_request_error", "", "method_not_allowed", "GET"},
		{"GET", "/v1/chat/completions", "", auth, 404, "invalid_request_error", "", "unknown_url", "/v1/embeddings"},
		{"POST", "/v1/embeddings", in(`"x"`), append(auth, "Content-Type", "text/plain"), 415, "invalid_request_error", "", "", "application/json"},
		{"POST", "/v1/embeddings", in(`"` + strings.Repeat("x", 9000) + `"`), auth, 413, "invalid_request_error", "", "request_too_large", "9000 bytes"},
		{"POST", "/v1/embeddings", "", auth, 400, "invalid_request_error", "", "", "JSON"},
		{"POST", "/v1/embeddings", "[1]", auth, 400, "invalid_request_error", "", "", "JSON"},
		{"POST", "/v1/embeddings", `{"input": "x"}`, auth, 400, "invalid_request_error", "model", "", "model"},
		{"POST", "/v1/embeddings", `{"model": 5, "input": "x"}`, auth, 400, "invalid_request_error", "model", "", "want a string"},
		{"POST", "/v1/embeddings", `{"model": "text-embedding-3-small", "input": "x"}`, auth, 404, "invalid_request_error", "model", "model_not_found", `"uge"`},
		{"POST", "/v1/embeddings", `{"model": "uge"}`, auth, 400, "invalid_request_error", "input", "", "input"},
		{"POST", "/v1/embeddings", in(`null`), auth, 400, "invalid_request_error", "input", "", "input"},
		{"POST", "/v1/embeddings", in(`""`), auth, 400, "invalid_request_error", "input", "", "empty string"},
		{"POST", "/v1/embeddings", in(`[]`), auth, 400, "invalid_request_error", "input", "", "empty list"},
		{"POST", "/v1/embeddings", in(`true`), auth, 400, "invalid_request_error", "input", "", "neither"},
		{"POST", "/v1/embeddings", in(`["x", " "]`), auth, 400, "invalid_request_error", "input[1]", "", "empty"},
		{"POST", "/v1/embeddings", in(`[1, 2, 3]`), auth, 400, "invalid_request_error", "input[0]", "", "token ids"},
		{"POST", "/v1/embeddings", in(`[[1, 2], [3]]`), auth, 400, "invalid_request_error", "input[0]", "", "token ids"},
		{"POST", "/v1/embeddings", in(`7`), auth, 400, "invalid_request_error", "input", "", "token ids"},
		{"POST", "/v1/embeddings", in(`{}`), auth, 400, "invalid_request_error", "input", "", "neither"},
		{"POST", "/v1/embeddings", in(`{"text": 5}`), auth, 400, "invalid_request_error", "input", "", "strings"},
		{"POST", "/v1/embeddings", in(`{"image": "https://example.org/x.png"}`), auth, 400, "invalid_request_error", "input.image", "", "not fetched"},
		{"POST", "/v1/embeddings", in(`{"image": "file:///etc/passwd"}`), auth, 400, "invalid_request_error", "input.image", "", "not fetched"},
		{"POST", "/v1/embeddings", in(`["x", {"image": "/etc/passwd"}]`), auth, 400, "invalid_request_error", "input[1].image", "", "neither a data URL nor base64"},
		{"POST", "/v1/embeddings", in(`{"image": "%%"}`), auth, 400, "invalid_request_error", "input.image", "", "neither a data URL nor base64"},
		{"POST", "/v1/embeddings", in(`{"image": ""}`), auth, 400, "invalid_request_error", "input.image", "", "empty"},
		{"POST", "/v1/embeddings", in(`["x", {"image": "AAAA"}]`), auth, 400, "invalid_request_error", "input[1]", "", "decoded"},
		{"POST", "/v1/embeddings", in(`"an <image> tag"`), auth, 400, "invalid_request_error", "input[0]", "", "tag"},
		{"POST", "/v1/embeddings", in(many), auth, 400, "invalid_request_error", "input", "", "at most 2048"},
		{"POST", "/v1/embeddings", `{"model": "uge", "input": "x", "encoding_format": "hex"}`, auth, 400, "invalid_request_error", "encoding_format", "", "base64"},
		{"POST", "/v1/embeddings", `{"model": "uge", "input": "x", "dimensions": 8}`, auth, 400, "invalid_request_error", "dimensions", "", "not trained to be cut"},
		{"POST", "/v1/embeddings", `{"model": "uge", "input": "x", "dimensions": 0}`, auth, 400, "invalid_request_error", "dimensions", "", "1 or more"},
	} {
		status, data, _ := call(t, s, c.method, c.path, c.body, c.header...)
		var got struct {
			Error struct {
				Message     string
				Type        string
				Param, Code *string
			}
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Errorf("%s %s: %v in %s", c.path, c.body, err, data)
			continue
		}
		value := func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		}
		e := got.Error
		if status != c.status || e.Type != c.kind || value(e.Param) != c.param || value(e.Code) != c.code || !strings.Contains(e.Message, c.want) || e.Message == "" {
			t.Errorf("%s %s %.80s: %d %s", c.method, c.path, c.body, status, data)
		}
	}
	if status, data, _ := call(t, s, "GET", "/healthz", ""); status != 200 || !strings.Contains(string(data), "ok") {
		t.Errorf("healthz: %d %s", status, data)
	}
	for _, path := range []string{"/v1/models", "/v1/models/uge"} {
		if status, data, _ := call(t, s, "GET", path, "", auth...); status != 200 || !strings.Contains(string(data), `{"created":1700000000,"id":"uge","object":"model","owned_by":"urbangraph"}`) {
			t.Errorf("%s: %d %s", path, status, data)
		}
	}
}

// A page that has its own name point to this machine gets nothing.
func TestLocal(t *testing.T) {
	s, _, _ := server(t, Options{Local: true})
	for host, want := range map[string]int{"": 200, "localhost:1": 200, "127.0.0.1": 200, "[::1]:8899": 200, "evil.example:8899": 403, "10.0.0.1": 403} {
		var header []string
		if host != "" {
			header = []string{"Host", host}
		}
		if status, data, _ := call(t, s, "GET", "/v1/models", "", header...); status != want {
			t.Errorf("%q: %d %s", host, status, data)
		}
	}
}

// failing is a model that answers with an error.
type failing struct{ err error }

func (f failing) Embed(ctx context.Context, _ []engine.Item) ([]engine.Answer, error) {
	if f.err == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, f.err
}

func (f failing) Queue() int { return 10 }

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		want   string
	}{
		{engine.ErrBusy, 429, "try again"},
		{engine.ErrClosed, 503, "ending"},
		{engine.ErrLarge, 413, "fewer images"},
		{nil, 504, "longer than"},
		{errors.New("secret"), 500, "log"},
	} {
		var logged error
		s := httptest.NewServer(newHandler(failing{c.err}, Options{Model: "uge", Timeout: 20 * time.Millisecond, Failed: func(err error) { logged = err }}))
		status, data, header := call(t, s, "POST", "/v1/embeddings", `{"model": "uge", "input": "x"}`)
		if status != c.status || !strings.Contains(string(data), c.want) || strings.Contains(string(data), "secret") {
			t.Errorf("%v: %d %s", c.err, status, data)
		}
		if (status == 429 || status == 503) != (header.Get("Retry-After") != "") || (status == 500) != (logged != nil) || (status == 500 || status == 504) != (header.Get("X-Should-Retry") == "false") {
			t.Errorf("%v: Retry-After %q, X-Should-Retry %q, logged %v", c.err, header.Get("Retry-After"), header.Get("X-Should-Retry"), logged)
		}
		s.Close()
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"model": "m", "input": "x"}`, `{"model": "m", "input": ["x", {"text": "y", "image": "data:image/png;base64,AAAA"}], "encoding_format": "base64", "dimensions": 3}`,
		`{"model": "m", "input": [1, [2]]}`, `{"input": {"image": "AAAA"}, "model": ""}`, `[]`, `{"model":"m","input":{"text":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Status != 400 || e.Message == "" || e.Type == "" {
				t.Errorf("%q: %#v", body, err)
			}
			return
		}
		if r.Model == "" || len(r.Items) == 0 || len(r.Items) > maxInputs || r.Width < 0 {
			t.Errorf("%q: %+v", body, r)
		}
		for _, it := range r.Items {
			if it.Image != "" || it.Broken != nil || it.Data == nil && strings.TrimSpace(it.Text) == "" {
				t.Errorf("%q: %+v", body, it)
			}
		}
	})
}
