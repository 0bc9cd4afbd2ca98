package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// Version is that of the protocol.
const Version = "5.4"

// space is what may come before JSON.
const space = " \t\r\n"

// delimiter ends the identities of a message.
const delimiter = "<IDS|MSG>"

// Errors of [Session.Decode], to be found by errors.Is.
var (
	// ErrSignature is returned when a message was not signed with the key.
	ErrSignature = errors.New("wrong signature")
	// ErrMalformed is returned when a message is not what the protocol says; the text names the part.
	ErrMalformed = errors.New("malformed message")
	// ErrReplay is returned when a message with the same signature came before.
	ErrReplay = errors.New("message came before")
)

// Header identifies a message.
type Header struct {
	MsgID    string `json:"msg_id"`
	Username string `json:"username"`
	Session  string `json:"session"`
	MsgType  string `json:"msg_type"`
	Version  string `json:"version"`
	Date     string `json:"date"`
}

// Message is one that came in. Metadata and Content are JSON objects. It shares the memory of the frames.
type Message struct {
	Identities [][]byte // where a ROUTER's answer goes, or the topic
	Header     Header
	RawHeader  json.RawMessage // what answers carry as Draft.Parent
	Parent     Header          // all fields empty if there is no parent
	RawParent  json.RawMessage
	Metadata   json.RawMessage
	Content    json.RawMessage
	Buffers    [][]byte
}

// Unmarshal reads the content into v. The error is ErrMalformed and names the field.
func (m *Message) Unmarshal(v any) error { return unmarshal("content", m.Content, v) }

// Draft is a message to be sent.
type Draft struct {
	Identities [][]byte
	Type       string
	Parent     json.RawMessage // the raw header of the request that it answers, if any
	Content    any             // what becomes a JSON object; json.RawMessage is taken as it is, nil is {}
	Metadata   any             // likewise
	Buffers    [][]byte
}

// parseHeader reads a header or a parent header. All its fields are texts; if it must be whole, those that
// the protocol cannot do without are there.
func parseHeader(part string, raw []byte, whole bool) (Header, error) {
	var h struct {
		MsgID    *string `json:"msg_id"`
		Username *string `json:"username"`
		Session  *string `json:"session"`
		MsgType  *string `json:"msg_type"`
		Version  *string `json:"version"`
		Date     *string `json:"date"`
	}
	if !utf8.Valid(raw) {
		return Header{}, fmt.Errorf("%w: %s is not UTF-8", ErrMalformed, part)
	}
	if err := unmarshal(part, raw, &h); err != nil {
		return Header{}, err
	}
	if bytes.TrimLeft(raw, space)[0] != '{' {
		return Header{}, notObject(part)
	}
	for _, f := range []struct {
		name  string
		value *string
		empty bool // whether it may be empty
	}{{"msg_id", h.MsgID, false}, {"msg_type", h.MsgType, false}, {"session", h.Session, true}} {
		switch {
		case !whole:
		case f.value == nil:
			return Header{}, fmt.Errorf("%w: %s has no %s", ErrMalformed, part, f.name)
		case *f.value == "" && !f.empty:
			return Header{}, fmt.Errorf("%w: %s in the %s is empty", ErrMalformed, f.name, part)
		}
	}
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	return Header{text(h.MsgID), text(h.Username), text(h.Session), text(h.MsgType), text(h.Version), text(h.Date)}, nil
}

// unmarshal reads a part of a message; errors name the part and the field.
func unmarshal(part string, raw []byte, v any) error {
	err := json.Unmarshal(raw, v)
	var typed *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %s is not JSON: %w", ErrMalformed, part, err)
	case errors.As(err, &typed) && typed.Field == "" && typed.Type.Kind() == reflect.Struct:
		return notObject(part)
	case errors.As(err, &typed) && typed.Field != "":
		return fmt.Errorf("%w: %s in the %s is a %s, want %s", ErrMalformed, typed.Field, part, typed.Value, typed.Type)
	}
	return fmt.Errorf("%w: %s: %w", ErrMalformed, part, err)
}

// checkObject reports unless raw is a JSON object in UTF-8.
func checkObject(part string, raw []byte) error {
	switch {
	case !utf8.Valid(raw):
		return fmt.Errorf("%w: %s is not UTF-8", ErrMalformed, part)
	case !json.Valid(raw):
		return fmt.Errorf("%w: %s is not JSON", ErrMalformed, part)
	case bytes.TrimLeft(raw, space)[0] != '{':
		return notObject(part)
	}
	return nil
}

// notObject is the error about a part that is another kind of JSON.
func notObject(part string) error {
	return fmt.Errorf("%w: %s is not a JSON object", ErrMalformed, part)
}

// object returns v as a JSON object.
func object(part string, v any) (json.RawMessage, error) {
	raw, isRaw := v.(json.RawMessage)
	if v == nil || isRaw && len(raw) == 0 {
		return json.RawMessage("{}"), nil
	}
	if isRaw {
		return raw, checkObject(part, raw)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	raw = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if raw[0] != '{' {
		return nil, fmt.Errorf("%s is a %T, which is not a JSON object", part, v)
	}
	return raw, nil
}
