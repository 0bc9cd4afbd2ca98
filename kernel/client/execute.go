package client

import (
	"context"

	"urbangraph/kernel/wire"
)

// Options say how code is run. The zero value is what a notebook does.
type Options struct {
	Silent      bool              // no output, no count
	NoHistory   bool              // not kept in the history
	NoStdin     bool              // input is not allowed
	StopOnError *bool             // whether an error drops the requests that wait; nil is true
	Expressions map[string]string // evaluated after the code
	Metadata    map[string]any    // of the request
	// Input answers input requests; nil answers with an empty line.
	Input func(prompt string, password bool) string
	// Each is called for each output at once, in order. It must be quick and not wait for the client.
	Each func(Output)
	// Discard keeps no outputs in the result, for very long ones.
	Discard bool
}

// Submit sends code to be run and does not wait.
func (c *Client) Submit(code string, o Options) (*Request, error) {
	content := map[string]any{
		"code": code, "silent": o.Silent, "store_history": !o.Silent && !o.NoHistory,
		"allow_stdin": !o.NoStdin, "stop_on_error": o.StopOnError == nil || *o.StopOnError,
		"user_expressions": map[string]string{},
	}
	if o.Expressions != nil {
		content["user_expressions"] = o.Expressions
	}
	draft := wire.Draft{Type: "execute_request", Content: content}
	if o.Metadata != nil {
		draft.Metadata = o.Metadata
	}
	return c.send(Shell, draft, o)
}

// Execute runs code and waits for its reply and its idle status. Code that fails is no error of Execute: see
// Result.Reply. When ctx ends before, the result is what has come so far.
func (c *Client) Execute(ctx context.Context, code string, o Options) (*Result, error) {
	r, err := c.Submit(code, o)
	if err != nil {
		return &Result{}, err
	}
	result, err := r.Wait(ctx)
	if err != nil {
		c.forget(r)
	}
	return result, err
}
