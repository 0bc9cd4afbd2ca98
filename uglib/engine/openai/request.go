package openai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"urbangraph/uglib/engine"
)

// Request is what is asked of /v1/embeddings.
type Request struct {
	Model  string
	Items  []engine.Item
	Base64 bool // whether vectors are written as base64 of little-endian float32
	Width  int  // asked for; 0 is the model's own
}

// Error is an answer that says what went wrong.
type Error struct {
	Status  int     `json:"-"`
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (e *Error) Error() string { return e.Message }

// invalid is the error of a request's field.
func invalid(param, format string, args ...any) *Error {
	e := &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Type: "invalid_request_error"}
	if param != "" {
		e.Param = &param
	}
	return e
}

func (e *Error) with(status int, code string) *Error {
	e.Status = status
	if code != "" {
		e.Code = &code
	}
	return e
}

// maxInputs is OpenAI's own limit of inputs in a request.
const maxInputs = 2048

// ParseRequest reads the body of a request. The error is an [*Error].
func ParseRequest(body []byte) (*Request, error) {
	var wire struct {
		Model      *string         `json:"model"`
		Input      json.RawMessage `json:"input"`
		Format     *string         `json:"encoding_format"`
		Dimensions *int            `json:"dimensions"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) && wrong.Field != "" {
			return nil, invalid(wrong.Field, "%s is a %s, want a %s", wrong.Field, wrong.Value, wrong.Type)
		}
		return nil, invalid("", "the body is not a JSON object: %v", err)
	}
	r := &Request{}
	if wire.Model == nil || *wire.Model == "" {
		return nil, invalid("model", "you must provide a model parameter")
	}
	r.Model = *wire.Model
	if wire.Format != nil {
		switch *wire.Format {
		case "float":
		case "base64":
			r.Base64 = true
		default:
			return nil, invalid("encoding_format", "encoding_format is %q, want float or base64", *wire.Format)
		}
	}
	if wire.Dimensions != nil {
		if r.Width = *wire.Dimensions; r.Width < 1 {
			return nil, invalid("dimensions", "dimensions is %d, want 1 or more", r.Width)
		}
	}
	list := []json.RawMessage{wire.Input}
	isList := false
	switch kind(wire.Input) {
	case 0, 'n':
		return nil, invalid("input", "you must provide an input: a string, an object with text and image, or a list of them")
	case '[':
		isList = true
		if err := json.Unmarshal(wire.Input, &list); err != nil {
			return nil, invalid("input", "input: %v", err)
		}
	}
	if len(list) == 0 {
		return nil, invalid("input", "input is an empty list")
	}
	if len(list) > maxInputs {
		return nil, invalid("input", "input has %d entries, at most %d are taken", len(list), maxInputs)
	}
	for i, raw := range list {
		param := "input"
		if isList {
			param = fmt.Sprintf("input[%d]", i)
		}
		it, err := parseInput(raw, param)
		if err != nil {
			return nil, err
		}
		r.Items = append(r.Items, *it)
	}
	return r, nil
}

// kind is the first byte of a JSON value: one of {["tfn-0..9; 0 for none.
func kind(raw json.RawMessage) byte {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) > 0 {
		return raw[0]
	}
	return 0
}

func parseInput(raw json.RawMessage, param string) (*engine.Item, error) {
	switch c := kind(raw); {
	case c == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, invalid(param, "%s: %v", param, err)
		}
		if strings.TrimSpace(text) == "" {
			return nil, invalid(param, "%s is an empty string", param)
		}
		return &engine.Item{Text: text}, nil
	case c == '{':
		return parseObject(raw, param)
	case c == '[' || c == '-' || c >= '0' && c <= '9':
		return nil, invalid(param, "%s holds token ids, which mean nothing to this model's tokenizer; send texts (in LangChain: check_embedding_ctx_length=False)", param)
	}
	return nil, invalid(param, "%s is neither a string nor an object with text and image", param)
}

func parseObject(raw json.RawMessage, param string) (*engine.Item, error) {
	var wire struct {
		Text  *string `json:"text"`
		Image *string `json:"image"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, invalid(param, "%s: text and image must be strings: %v", param, err)
	}
	it := &engine.Item{}
	if wire.Text != nil {
		it.Text = *wire.Text
	}
	if wire.Image != nil {
		data, err := imageBytes(*wire.Image)
		if err != nil {
			return nil, invalid(param+".image", "%s: %v", param, err)
		}
		it.Data = data
	}
	if it.Data == nil && strings.TrimSpace(it.Text) == "" {
		return nil, invalid(param, "%s has neither a text nor an image", param)
	}
	return it, nil
}

// imageBytes reads a data URL, or base64 alone.
func imageBytes(s string) ([]byte, error) {
	if strings.HasPrefix(s, "data:") {
		return engine.DataURL(s)
	}
	if strings.Contains(s, "://") {
		return nil, errors.New("images are not fetched from an address; send a data URL (data:image/jpeg;base64,...)")
	}
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("the image is neither a data URL nor base64: %w", err)
	}
	if len(data) == 0 {
		return nil, errors.New("the image is empty")
	}
	return data, nil
}
