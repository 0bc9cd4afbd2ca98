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
	Wait     bool // of Clear

	// Of Raw: the type of the message, and its content and metadata, which are JSON objects.
	Type        string
	Content     json.RawMessage
	RawMetadata json.RawMessage
}
