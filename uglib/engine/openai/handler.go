package openai

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"urbangraph/uglib/engine"
)

// Options say how a model is served.
type Options struct {
	Model   string        // name that requests give
	Width   int           // of a vector
	Created time.Time     // of the model
	Key     string        // that requests must bring; empty for none
	MaxBody int64         // bytes of a request; 0 is 64 MiB
	Timeout time.Duration // of a request; 0 is a minute
	// Local refuses requests whose Host is not this machine's own name: those of
	// a web page that has its name point here.
	Local bool
	// Failed is told of failures of the model, which clients see as status 500
	// without the reason; nil for nobody.
	Failed func(error)
}

// embedder is what answers requests: an [engine.Live].
type embedder interface {
	Embed(ctx context.Context, items []engine.Item) ([]engine.Answer, error)
	Queue() int
}

type handler struct {
	live embedder
	o    Options
	key  [sha256.Size]byte
}

// Handler serves a model. It may be called from several goroutines.
func Handler(live *engine.Live, o Options) http.Handler { return newHandler(live, o) }

func newHandler(live embedder, o Options) http.Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = 64 << 20
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	return &handler{live: live, o: o, key: sha256.Sum256([]byte(o.Key))}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h.answer(w, r)
	if err == nil {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		e = h.failure(err)
	}
	switch e.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusInternalServerError, http.StatusGatewayTimeout:
		// OpenAI's clients would send the same request two times more, to fail again.
		w.Header().Set("X-Should-Retry", "false")
	}
	writeJSON(w, e.Status, map[string]*Error{"error": e})
}

// failure is the answer to what is not the request's fault.
func (h *handler) failure(err error) *Error {
	e := &Error{Type: "server_error"}
	switch {
	case errors.Is(err, engine.ErrBusy):
		e.Message, e.Type = err.Error(), "rate_limit_error"
		return e.with(http.StatusTooManyRequests, "rate_limit_exceeded")
	case errors.Is(err, engine.ErrLarge):
		return invalid("input", "%v", err).with(http.StatusRequestEntityTooLarge, "request_too_large")
	case errors.Is(err, engine.ErrClosed), errors.Is(err, context.Canceled):
		e.Message = "the server is ending"
		return e.with(http.StatusServiceUnavailable, "unavailable")
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("the request took longer than %v; send fewer inputs", h.o.Timeout)
		return e.with(http.StatusGatewayTimeout, "timeout")
	}
	if h.o.Failed != nil {
		h.o.Failed(err)
	}
	e.Message = "the model failed; the server's log says why"
	return e.with(http.StatusInternalServerError, "")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // vectors are finite, and all else is text
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_, _ = w.Write(append(data, '\n'))
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	if h.o.Local && !isLocal(r.Host) {
		return nil, invalid("", "the host %q is not this machine; use 127.0.0.1 or localhost", r.Host).with(http.StatusForbidden, "forbidden_host")
	}
	method := http.MethodGet
	switch {
	case r.URL.Path == "/v1/embeddings":
		method = http.MethodPost
	case r.URL.Path != "/healthz" && r.URL.Path != "/v1/models" && !strings.HasPrefix(r.URL.Path, "/v1/models/"):
		return nil, invalid("", "there is no %s; try /v1/embeddings, /v1/models or /healthz", r.URL.Path).with(http.StatusNotFound, "unknown_url")
	}
	if r.Method != method && !(method == http.MethodGet && r.Method == http.MethodHead) {
		w.Header().Set("Allow", method)
		return nil, invalid("", "%s is for %s, not %s", r.URL.Path, method, r.Method).with(http.StatusMethodNotAllowed, "method_not_allowed")
	}
	if r.URL.Path == "/healthz" {
		return map[string]string{"status": "ok"}, nil
	}
	if !h.allowed(r) {
		return nil, invalid("", "no API key, or a wrong one; send it as Authorization: Bearer KEY").with(http.StatusUnauthorized, "invalid_api_key")
	}
	switch r.URL.Path {
	case "/v1/embeddings":
		return h.embeddings(w, r)
	case "/v1/models":
		return map[string]any{"object": "list", "data": []any{h.model()}}, nil
	}
	if name := strings.TrimPrefix(r.URL.Path, "/v1/models/"); name != h.o.Model {
		return nil, h.noModel(name)
	}
	return h.model(), nil
}

// isLocal reports whether a Host names the machine itself.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// allowed compares keys in constant time, whatever their lengths.
func (h *handler) allowed(r *http.Request) bool {
	if h.o.Key == "" {
		return true
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(strings.TrimSpace(key)))
	return subtle.ConstantTimeCompare(given[:], h.key[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

func (h *handler) model() any {
	return map[string]any{"id": h.o.Model, "object": "model", "created": max(h.o.Created.Unix(), 0), "owned_by": "urbangraph"}
}

func (h *handler) noModel(name string) *Error {
	return invalid("model", "the model %q is not served here; this server has %q", name, h.o.Model).with(http.StatusNotFound, "model_not_found")
}

// embedding is one entry of a response.
type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64
}

type usage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// response is the answer of /v1/embeddings.
type response struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  usage       `json:"usage"`
}

func (h *handler) embeddings(w http.ResponseWriter, r *http.Request) (any, error) {
	// A web page can send other types without asking first, so this one is insisted on.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, invalid("", "the Content-Type is %q, want application/json", r.Header.Get("Content-Type")).with(http.StatusUnsupportedMediaType, "")
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.o.Timeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, invalid("", "the request is larger than %d bytes; send fewer or smaller images", h.o.MaxBody).with(http.StatusRequestEntityTooLarge, "request_too_large")
	}
	if err != nil {
		return nil, invalid("", "the request broke off: %v", err)
	}
	q, err := ParseRequest(body)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Model != h.o.Model:
		return nil, h.noModel(q.Model)
	case q.Width != 0 && q.Width != h.o.Width:
		return nil, invalid("dimensions", "dimensions is %d, and vectors of this model have %d; they are not trained to be cut", q.Width, h.o.Width)
	case len(q.Items) > h.live.Queue():
		return nil, invalid("input", "input has %d entries, this server takes at most %d at a time", len(q.Items), h.live.Queue())
	}
	answers, err := h.live.Embed(ctx, q.Items)
	if err != nil {
		return nil, err
	}
	out := response{Object: "list", Model: h.o.Model}
	for i, a := range answers {
		if a.Err != nil {
			param := fmt.Sprintf("input[%d]", i)
			return nil, invalid(param, "%s: %v", param, a.Err)
		}
		e := embedding{Object: "embedding", Index: i, Embedding: a.Vector}
		if q.Base64 {
			e.Embedding = encodeVector(a.Vector)
		}
		out.Data = append(out.Data, e)
		out.Usage.PromptTokens += a.Tokens
	}
	out.Usage.TotalTokens = out.Usage.PromptTokens
	return out, nil
}

// encodeVector writes float32 in little-endian order as base64.
func encodeVector(v []float32) string {
	data := make([]byte, 0, 4*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(data)
}
