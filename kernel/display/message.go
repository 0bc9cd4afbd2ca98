package display

import (
	"encoding/json"

	"urbangraph/kernel/internal/shown"
)

// Env names the variable that holds the number of the display pipe's file descriptor in the cell.
const Env = shown.Env

// Kind says what a message asks for.
type Kind = shown.Kind

// The kinds.
const (
	Display = shown.Display // display_data
	Update  = shown.Update  // update_display_data
	Result  = shown.Result  // execute_result
	Clear   = shown.Clear   // clear_output
	Page    = shown.Page    // a payload of the reply
	Raw     = shown.Raw     // any message on iopub
)

// Message is something that a cell shows. Data and Metadata can be coded as JSON as they are: data of
// JSON types are JSON values ([json.RawMessage] or what gonbui sent), files such as pictures are in
// base64, the rest is text.
type Message struct {
	Seq      uint32 // number of the mark in standard output; 0 for gonbui's
	Kind     Kind
	ID       string // display id; may be empty
	Data     map[string]any
	Metadata map[string]any
	Wait     bool            // of Clear
	Type     string          // of Raw: the type of the message
	Content  json.RawMessage // of Raw: its content
}

// Publish returns the type and content of the message on iopub that shows m; "" for a [Page], which is
// part of the reply. The execution count is that of the cell.
func (m *Message) Publish(count int) (msgType string, content any) {
	type object = map[string]any
	data, metadata, transient := orEmpty(m.Data), orEmpty(m.Metadata), object{}
	if m.ID != "" {
		transient["display_id"] = m.ID
	}
	switch m.Kind {
	case Display:
		return "display_data", object{"data": data, "metadata": metadata, "transient": transient}
	case Update:
		return "update_display_data", object{"data": data, "metadata": metadata, "transient": transient}
	case Result:
		return "execute_result", object{"execution_count": count, "data": data, "metadata": metadata}
	case Clear:
		return "clear_output", object{"wait": m.Wait}
	case Raw:
		return m.Type, m.Content
	}
	return "", nil
}

// Payload is the entry of a [Page] in the payload of the cell's reply.
func (m *Message) Payload() map[string]any {
	return map[string]any{"source": "page", "data": orEmpty(m.Data), "start": 0}
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
