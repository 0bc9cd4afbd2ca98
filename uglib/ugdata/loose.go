package ugdata

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Texts reads a text, a list of texts, or null, from JSON. An item may be an
// object with a "path", as ms-swift has for images.
type Texts []string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Texts) UnmarshalJSON(data []byte) error {
	*t = Texts{}
	if string(data) == "null" {
		return nil
	}
	if data[0] != '[' {
		one, err := textOf(data)
		*t = Texts{one}
		return err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	for _, item := range items {
		one, err := textOf(item)
		if err != nil {
			return err
		}
		*t = append(*t, one)
	}
	return nil
}

func textOf(data []byte) (string, error) {
	var text string
	if json.Unmarshal(data, &text) == nil && string(data) != "null" {
		return text, nil
	}
	var object struct {
		Path *string `json:"path"`
	}
	if json.Unmarshal(data, &object) == nil && object.Path != nil {
		return *object.Path, nil
	}
	return "", fmt.Errorf("%s stands where the path of a file is expected", excerpt(data))
}

// excerpt is the head of a JSON value for an error.
func excerpt(data []byte) string {
	const most = 60
	if len(data) > most {
		return strings.ToValidUTF8(string(data[:most]), "") + "..."
	}
	return string(data)
}

// textLists reads a list of lists of texts; a plain list is one list an item, as
// each belongs to one positive or negative.
type textLists [][]string

func (t *textLists) UnmarshalJSON(data []byte) error {
	*t = nil
	if string(data) == "null" {
		return nil
	}
	if data[0] != '[' {
		one, err := textOf(data)
		*t = textLists{{one}}
		return err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	for _, item := range items {
		var list Texts
		if err := json.Unmarshal(item, &list); err != nil {
			return err
		}
		*t = append(*t, list)
	}
	return nil
}

// turns reads the messages of a conversation: a list of them, or one alone.
type turns []Message

func (t *turns) UnmarshalJSON(data []byte) error {
	*t = nil
	if string(data) == "null" {
		return nil
	}
	if data[0] == '{' {
		data = append(append([]byte{'['}, data...), ']')
	}
	var list []looseTurn
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, m := range list {
		*t = append(*t, Message(m))
	}
	return nil
}

// turnLists reads a list of conversations; a plain conversation is the only one.
type turnLists [][]Message

func (t *turnLists) UnmarshalJSON(data []byte) error {
	*t = nil
	if string(data) == "null" {
		return nil
	}
	var list []json.RawMessage
	if data[0] == '[' {
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
	}
	if data[0] != '[' || len(list) > 0 && list[0][0] == '{' {
		list = []json.RawMessage{data}
	}
	for _, item := range list {
		var one turns
		if err := json.Unmarshal(item, &one); err != nil {
			return err
		}
		*t = append(*t, one)
	}
	return nil
}

// looseTurn reads a message whose content is a text or a list of parts.
type looseTurn Message

func (m *looseTurn) UnmarshalJSON(data []byte) error {
	var loose struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(data, &loose); err != nil {
		return err
	}
	*m = looseTurn{Role: loose.Role}
	if len(loose.Content) == 0 || string(loose.Content) == "null" {
		return nil
	}
	if loose.Content[0] != '[' {
		if err := json.Unmarshal(loose.Content, &m.Content); err != nil {
			return fmt.Errorf("%s stands where the text of a message is expected", excerpt(loose.Content))
		}
		return nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(loose.Content, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		switch p.Type {
		case "text":
			m.Content += p.Text
		case "image", "image_url":
			m.Content += ImageTag
		case "graph":
			m.Content += GraphTag
		default:
			return fmt.Errorf("a part of a message is of type %q; there are text, image and graph", p.Type)
		}
	}
	return nil
}
