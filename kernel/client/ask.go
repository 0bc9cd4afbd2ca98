package client

import (
	"context"
	"encoding/json"
	"fmt"
)

// KernelInfo is the content of a kernel_info_reply.
type KernelInfo struct {
	Status                string   `json:"status"`
	ProtocolVersion       string   `json:"protocol_version"`
	Implementation        string   `json:"implementation"`
	ImplementationVersion string   `json:"implementation_version"`
	Banner                string   `json:"banner"`
	Debugger              bool     `json:"debugger"`
	SupportedFeatures     []string `json:"supported_features"`
	LanguageInfo          struct {
		Name          string          `json:"name"`
		Version       string          `json:"version"`
		MimeType      string          `json:"mimetype"`
		FileExtension string          `json:"file_extension"`
		Lexer         string          `json:"pygments_lexer"`
		CodeMirror    json.RawMessage `json:"codemirror_mode"`
		Exporter      string          `json:"nbconvert_exporter"`
	} `json:"language_info"`
	HelpLinks []struct{ Text, URL string } `json:"help_links"`
}

// Completion is the content of a complete_reply.
type Completion struct {
	Status   string                     `json:"status"`
	Matches  []string                   `json:"matches"`
	Start    int                        `json:"cursor_start"`
	End      int                        `json:"cursor_end"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

// Inspection is the content of an inspect_reply.
type Inspection struct {
	Status   string         `json:"status"`
	Found    bool           `json:"found"`
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata"`
}

// HistoryQuery is the content of a history_request. Access is tail, range or search.
type HistoryQuery struct {
	Output  bool   `json:"output"`
	Raw     bool   `json:"raw"`
	Access  string `json:"hist_access_type"`
	Session int    `json:"session"`
	Start   int    `json:"start"`
	Stop    int    `json:"stop"`
	N       int    `json:"n"`
	Pattern string `json:"pattern,omitempty"`
	Unique  bool   `json:"unique"`
}

// HistoryEntry is one input of the history.
type HistoryEntry struct {
	Session, Line int
	Input         string
	Output        string // if it was asked for and there is one
}

// UnmarshalJSON reads [session, line, input] and [session, line, [input, output]].
func (h *HistoryEntry) UnmarshalJSON(b []byte) error {
	var input json.RawMessage
	row := []any{&h.Session, &h.Line, &input}
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	if len(row) != 3 {
		return fmt.Errorf("a row of the history with %d parts, want 3", len(row))
	}
	if err := json.Unmarshal(input, &h.Input); err == nil {
		return nil
	}
	both := []*string{&h.Input, &h.Output}
	if err := json.Unmarshal(input, &both); err != nil || len(both) != 2 {
		return fmt.Errorf("input of the history %s is neither text nor a pair", input)
	}
	return nil
}

// Ask sends a request, waits for its reply and reads its content into v, which may be nil. A reply with
// another status than ok is no error.
func (c *Client) Ask(ctx context.Context, channel Channel, msgType string, content, v any) error {
	r, err := c.Send(channel, msgType, content)
	if err != nil {
		return err
	}
	defer c.forget(r)
	reply, err := r.Reply(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", msgType, err)
	}
	if v == nil {
		return nil
	}
	return reply.Unmarshal(v)
}

// KernelInfo asks what the kernel is.
func (c *Client) KernelInfo(ctx context.Context) (KernelInfo, error) {
	var info KernelInfo
	return info, c.Ask(ctx, Shell, "kernel_info_request", nil, &info)
}

// Complete asks how code may go on at a position, counted in characters.
func (c *Client) Complete(ctx context.Context, code string, cursor int) (Completion, error) {
	var reply Completion
	return reply, c.Ask(ctx, Shell, "complete_request", map[string]any{"code": code, "cursor_pos": cursor}, &reply)
}

// Inspect asks what is at a position, counted in characters; detail is 0 or 1.
func (c *Client) Inspect(ctx context.Context, code string, cursor, detail int) (Inspection, error) {
	var reply Inspection
	return reply, c.Ask(ctx, Shell, "inspect_request", map[string]any{"code": code, "cursor_pos": cursor, "detail_level": detail}, &reply)
}

// IsComplete asks whether code can be run: complete, incomplete, invalid or unknown.
func (c *Client) IsComplete(ctx context.Context, code string) (status, indent string, err error) {
	var reply struct{ Status, Indent string }
	err = c.Ask(ctx, Shell, "is_complete_request", map[string]any{"code": code}, &reply)
	return reply.Status, reply.Indent, err
}

// History asks what was run before.
func (c *Client) History(ctx context.Context, query HistoryQuery) ([]HistoryEntry, error) {
	var reply struct{ History []HistoryEntry }
	return reply.History, c.Ask(ctx, Shell, "history_request", query, &reply)
}

// CommInfo asks for the open comms of a target, or all if it is "": target names by id.
func (c *Client) CommInfo(ctx context.Context, target string) (map[string]string, error) {
	content := map[string]any{}
	if target != "" {
		content["target_name"] = target
	}
	var reply struct {
		Comms map[string]struct {
			Target string `json:"target_name"`
		}
	}
	err := c.Ask(ctx, Shell, "comm_info_request", content, &reply)
	comms := map[string]string{}
	for id, comm := range reply.Comms {
		comms[id] = comm.Target
	}
	return comms, err
}

// Interrupt asks the kernel to stop what runs, and waits for its answer.
func (c *Client) Interrupt(ctx context.Context) error {
	return c.Ask(ctx, Control, "interrupt_request", nil, nil)
}

// Shutdown asks the kernel to end, and waits for its answer.
func (c *Client) Shutdown(ctx context.Context, restart bool) error {
	return c.Ask(ctx, Control, "shutdown_request", map[string]any{"restart": restart}, nil)
}
