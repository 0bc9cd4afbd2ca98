package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// chatRequest is the body of a request to /chat/completions, as far as it is
// used here.
type chatRequest struct {
	Model       string        `json:"model"`
	Messages    []chatMessage `json:"messages"`
	Temperature *float64      `json:"temperature,omitempty"`
	// One of the two: newer models of OpenAI want the second, most other servers
	// know only the first.
	MaxTokens           int `json:"max_tokens,omitempty"`
	MaxCompletionTokens int `json:"max_completion_tokens,omitempty"`
}

type chatMessage struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // string or []chatPart
}

type chatPart struct {
	Type  string     `json:"type"` // "text" or "image_url"
	Text  string     `json:"text,omitempty"`
	Image *chatImage `json:"image_url,omitempty"`
}

type chatImage struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

// chatResponse is what comes back. Servers differ in what they leave out.
type chatResponse struct {
	Model   string `json:"model"`
	Choices []struct {
		Message struct {
			Content chatText `json:"content"`
			Refusal string   `json:"refusal"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error *chatError `json:"error"`
}

// chatText is the content of a message: a string, null, or a list of parts.
type chatText string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *chatText) UnmarshalJSON(data []byte) error {
	var s *string
	if json.Unmarshal(data, &s) == nil {
		if s != nil {
			*t = chatText(*s)
		}
		return nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return errors.New("the content of the message is neither a text nor a list of parts")
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	*t = chatText(b.String())
	return nil
}

// chatError is an error in the body. Some servers give a text alone.
type chatError struct {
	Message string
	Code    string
	Param   string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *chatError) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Message) == nil {
		return nil
	}
	var o struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    any    `json:"code"`
		Param   any    `json:"param"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return errors.New("the error of the body is neither a text nor an object")
	}
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	e.Message, e.Code, e.Param = o.Message, text(o.Code), text(o.Param)
	if e.Code == "" {
		e.Code = o.Type
	}
	return nil
}

// reply is a response that holds a message, or says that there is none.
type reply struct {
	Text             string `json:"text"`
	Refusal          string `json:"refusal,omitempty"`
	Finish           string `json:"finish,omitempty"`
	Model            string `json:"model,omitempty"` // as the endpoint says
	PromptTokens     int    `json:"prompt_tokens"`   // 0 if the endpoint does not say
	CompletionTokens int    `json:"completion_tokens"`
}

// parseResponse reads the body of a response with status 200.
func parseResponse(body []byte) (reply, error) {
	var r chatResponse
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, fmt.Errorf("the answer is no JSON of a chat completion: %w", err)
	}
	if len(r.Choices) == 0 {
		if r.Error != nil {
			return reply{}, fmt.Errorf("the endpoint answers with an error: %s", short(r.Error.Message))
		}
		return reply{}, errors.New("the answer holds no choice")
	}
	c := r.Choices[0]
	out := reply{Text: string(c.Message.Content), Refusal: c.Message.Refusal, Finish: c.FinishReason, Model: r.Model}
	if r.Usage != nil && r.Usage.PromptTokens >= 0 && r.Usage.CompletionTokens >= 0 {
		out.PromptTokens, out.CompletionTokens = r.Usage.PromptTokens, r.Usage.CompletionTokens
	}
	return out, nil
}

// parseError reads what the body of a response with another status says.
func parseError(body []byte) chatError {
	var wrapped struct {
		Error   *chatError `json:"error"`
		Message string     `json:"message"`
		Detail  any        `json:"detail"` // of servers made with FastAPI
	}
	if json.Unmarshal(body, &wrapped) == nil {
		switch {
		case wrapped.Error != nil:
			return *wrapped.Error
		case wrapped.Message != "":
			return chatError{Message: wrapped.Message}
		case wrapped.Detail != nil:
			return chatError{Message: fmt.Sprint(wrapped.Detail)}
		}
	}
	return chatError{Message: string(body)}
}

// short is the start of a text of a server, in one line.
func short(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// caption makes what the table keeps of a reply.
func (r reply) caption(view int64) Caption {
	c := Caption{View: view, PromptTokens: r.PromptTokens, CompletionTokens: r.CompletionTokens}
	text, summary, status := ParseAnswer(r.Text)
	switch {
	case r.Refusal != "":
		c.Status, c.Error = Refused, "the model refuses: "+short(r.Refusal)
	case r.Finish == "content_filter":
		c.Status, c.Error = Refused, "the endpoint's filter took the answer away"
	case status == Refused:
		c.Status, c.Error = Refused, "the model refuses: "+short(r.Text)
	case status == Empty && r.Finish == "length":
		c.Status, c.Error = CutOff, "the limit of tokens was spent before any text; raise MaxTokens"
	case status == Empty:
		c.Status, c.Error = Empty, "the answer holds no text"
	case r.Finish == "length":
		c.Status, c.Error = CutOff, "the answer ran into its limit of tokens; raise MaxTokens"
	case status == Unmarked:
		c.Status, c.Error = Unmarked, fmt.Sprintf("the answer holds no caption followed by %s and a summary", summaryMark)
	default:
		c.Status, c.Text, c.Summary = OK, text, summary
		return c
	}
	c.Answer = r.Text
	return c
}
