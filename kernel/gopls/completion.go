package gopls

import "unicode/utf8"

// Kind is what a completion stands for, in the words that JupyterLab has icons for.
type Kind string

// The kinds of completions.
const (
	Function Kind = "function"
	Method   Kind = "method"
	Type     Kind = "class"
	Variable Kind = "instance"
	Constant Kind = "constant"
	Field    Kind = "property"
	Package  Kind = "module"
	Keyword  Kind = "keyword"
	Magic    Kind = "magic"
	Path     Kind = "path"
)

// Completion is what can stand in place of code[Start:End]. Start and End are byte offsets;
// [Completion.Runes] gives what a complete_reply needs.
type Completion struct {
	Matches    []string
	Kinds      []Kind   // of each match
	Signatures []string // of each match, such as "func(a ...any) (n int, err error)"; may be empty
	Start, End int
	Own        bool // answered without gopls
}

// add appends a match.
func (c *Completion) add(match string, kind Kind, signature string) {
	c.Matches = append(c.Matches, match)
	c.Kinds = append(c.Kinds, kind)
	c.Signatures = append(c.Signatures, signature)
}

// Runes gives Start and End in Unicode code points of code, in which the Jupyter protocol counts.
func (c Completion) Runes(code string) (start, end int) {
	return utf8.RuneCountInString(code[:c.Start]), utf8.RuneCountInString(code[:c.End])
}

// Metadata is the metadata of a complete_reply, by which clients show kinds and signatures. Offsets in
// it are those that [Completion.Runes] gives.
func (c Completion) Metadata(code string) map[string]any {
	start, end := c.Runes(code)
	types := make([]map[string]any, len(c.Matches))
	for i, m := range c.Matches {
		types[i] = map[string]any{"start": start, "end": end, "text": m, "type": string(c.Kinds[i])}
		if c.Signatures[i] != "" {
			types[i]["signature"] = c.Signatures[i]
		}
	}
	return map[string]any{"_jupyter_types_experimental": types}
}
