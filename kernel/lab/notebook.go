package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Notebook is a notebook in Jupyter's format 4 (nbformat), as far as running and checking need it.
type Notebook struct {
	Cells    []Cell         `json:"cells"`
	Metadata map[string]any `json:"metadata"`
	Major    int            `json:"nbformat"`
	Minor    int            `json:"nbformat_minor"`
}

// Cell is one cell.
type Cell struct {
	Type           string         `json:"cell_type"` // "code", "markdown" or "raw"
	ID             string         `json:"id"`
	Source         Text           `json:"source"`
	Outputs        []Output       `json:"outputs"`
	ExecutionCount *int           `json:"execution_count"`
	Metadata       map[string]any `json:"metadata"`
}

// Output is one output of a code cell.
type Output struct {
	Type     string          `json:"output_type"` // "stream", "display_data", "execute_result" or "error"
	Name     string          `json:"name"`        // of a stream: "stdout" or "stderr"
	Text     Text            `json:"text"`        // of a stream
	Data     map[string]Data `json:"data"`        // of what is displayed: MIME type to content
	Metadata map[string]any  `json:"metadata"`

	// Of an error.
	ErrorName  string   `json:"ename"`
	ErrorValue string   `json:"evalue"`
	Traceback  []string `json:"traceback"`
}

// Text is a text that the format stores as one string or as a list of lines.
type Text string

// UnmarshalJSON reads both forms.
func (t *Text) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = Text(one)
		return nil
	}
	var lines []string
	if err := json.Unmarshal(b, &lines); err != nil {
		return fmt.Errorf("a text is neither a string nor a list of strings: %w", err)
	}
	*t = Text(strings.Join(lines, ""))
	return nil
}

// Data is the content of a MIME type: a text (binary content is in base64, as the format has it), or
// JSON for types that are JSON.
type Data string

// UnmarshalJSON reads a text in both forms, and keeps any other JSON as it stands.
func (d *Data) UnmarshalJSON(b []byte) error {
	var t Text
	if t.UnmarshalJSON(b) == nil {
		*d = Data(t)
		return nil
	}
	*d = Data(b)
	return nil
}

// ReadNotebook reads a notebook file.
func ReadNotebook(path string) (*Notebook, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var n Notebook
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("%s is no notebook: %w; open it in JupyterLab and save it again, or restore it from version control", path, err)
	}
	if n.Major != 4 {
		return nil, fmt.Errorf("%s has notebook format %d, only format 4 is read: convert it by jupyter nbconvert --to notebook --nbformat 4", path, n.Major)
	}
	return &n, nil
}

// Stdout is what a cell printed to standard output.
func (c Cell) Stdout() string { return c.stream("stdout") }

// Stderr is what a cell printed to standard error.
func (c Cell) Stderr() string { return c.stream("stderr") }

func (c Cell) stream(name string) string {
	var b strings.Builder
	for _, o := range c.Outputs {
		if o.Type == "stream" && o.Name == name {
			b.WriteString(string(o.Text))
		}
	}
	return b.String()
}

// Displayed returns what a cell displayed of one MIME type, such as "text/html", in order.
func (c Cell) Displayed(mime string) []string {
	var out []string
	for _, o := range c.Outputs {
		if d, ok := o.Data[mime]; ok && (o.Type == "display_data" || o.Type == "execute_result") {
			out = append(out, string(d))
		}
	}
	return out
}

// Clean reports whether a notebook holds no results: no outputs and no execution counts. So are
// notebooks committed.
func (n *Notebook) Clean() bool {
	for _, c := range n.Cells {
		if len(c.Outputs) > 0 || c.ExecutionCount != nil {
			return false
		}
	}
	return true
}
