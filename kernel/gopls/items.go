package gopls

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
)

// completionItem is a completion as gopls gives it.
type completionItem struct {
	Label    string `json:"label"`
	Kind     int    `json:"kind"`
	Detail   string `json:"detail"`
	TextEdit *struct {
		Range   span   `json:"range"`
		NewText string `json:"newText"`
	} `json:"textEdit"`
	InsertText string `json:"insertText"`
}

// itemKinds translates the protocol's kinds.
var itemKinds = map[int]Kind{
	2: Method, 3: Function, 4: Function, 5: Field, 6: Variable, 7: Type, 8: Type, 9: Package, 10: Field,
	13: Type, 14: Keyword, 20: Constant, 21: Constant, 22: Type, 25: Type,
}

// complete asks gopls for completions at an offset of the cell. Those that do not just replace the
// identifier at the cursor are left out.
func (s *session) complete(ctx context.Context, p *project, c cursor) (Completion, error) {
	from, to := identifierAt(c.code, c.offset)
	out := Completion{Start: from, End: to}
	var answer struct {
		Items []completionItem `json:"items"`
	}
	at := p.toFile(c.offset)
	if err := s.ask(ctx, p, "textDocument/completion", at, &answer); err != nil {
		return out, err
	}
	prefix := strings.ToLower(c.code[from:c.offset])
	start := positionOf(p.text, p.toFile(from))
	seen := map[string]bool{}
	for _, i := range answer.Items {
		text := i.InsertText
		if i.TextEdit != nil {
			if i.TextEdit.Range.Start != start {
				continue
			}
			text = i.TextEdit.NewText
		}
		if text == "" {
			text = i.Label
		}
		if seen[text] || !strings.HasPrefix(strings.ToLower(text), prefix) || strings.Contains(text, "\n") {
			continue
		}
		seen[text] = true
		kind := itemKinds[i.Kind]
		if kind == "" {
			kind = Variable
		}
		out.add(text, kind, strings.TrimSpace(i.Detail))
	}
	return out, nil
}

// hover asks gopls what stands at an offset of the cell's file; the answer is Markdown, "" for nothing.
func (s *session) hover(ctx context.Context, p *project, at int) (string, error) {
	var answer struct {
		Contents struct {
			Value string `json:"value"`
		} `json:"contents"`
	}
	err := s.ask(ctx, p, "textDocument/hover", at, &answer)
	return strings.TrimSpace(answer.Contents.Value), err
}

// signature asks gopls for the function whose call holds an offset of the cell's file; the answer is
// Markdown, "" for nothing.
func (s *session) signature(ctx context.Context, p *project, at int) (string, error) {
	var answer struct {
		Signatures []struct {
			Label         string          `json:"label"`
			Documentation json.RawMessage `json:"documentation"`
		} `json:"signatures"`
		ActiveSignature int `json:"activeSignature"`
	}
	if err := s.ask(ctx, p, "textDocument/signatureHelp", at, &answer); err != nil || len(answer.Signatures) == 0 {
		return "", err
	}
	i := answer.ActiveSignature
	if i < 0 || i >= len(answer.Signatures) {
		i = 0
	}
	g := answer.Signatures[i]
	return describe("func "+g.Label, markupText(g.Documentation)), nil
}

// markupText is the text of documentation, which is a string or an object with one.
func markupText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var markup struct {
		Value string `json:"value"`
	}
	json.Unmarshal(raw, &markup)
	return markup.Value
}

// definition asks gopls where what stands at an offset of the cell's file is declared: a file and a line
// from 1.
func (s *session) definition(ctx context.Context, p *project, at int) (file string, line int, err error) {
	var answer []struct {
		URI   string `json:"uri"`
		Range span   `json:"range"`
	}
	if err := s.ask(ctx, p, "textDocument/definition", at, &answer); err != nil || len(answer) == 0 {
		return "", 0, err
	}
	return filePath(answer[0].URI), answer[0].Range.Start.Line + 1, nil
}

// inspect asks gopls for what stands at the cursor or, where that is nothing, for the function that is
// called there.
func (s *session) inspect(ctx context.Context, p *project, c cursor, detail int) (string, error) {
	if from, to := identifierAt(c.code, c.offset); from < to && c.place == inCode {
		at := p.toFile(from)
		text, err := s.hover(ctx, p, at)
		if err != nil || text != "" {
			if err == nil && detail > 0 {
				text = s.withSource(ctx, p, at, text)
			}
			return brief(text, detail), err
		}
	}
	end, _, ok := calledAt(c.outline.Masked, c.offset)
	if !ok {
		return "", nil
	}
	text, err := s.signature(ctx, p, p.toFile(c.offset))
	if err == nil && text != "" && detail > 0 {
		from, _ := identifierAt(c.code, end)
		text = s.withSource(ctx, p, p.toFile(from), text)
	}
	return text, err
}

// brief leaves of the documentation of a package the first paragraph, unless details are asked for.
func brief(text string, detail int) string {
	if detail > 0 || !strings.HasPrefix(text, "```go\npackage ") {
		return text
	}
	paragraphs := strings.SplitN(text, "\n\n", 3)
	return strings.Join(paragraphs[:min(2, len(paragraphs))], "\n\n")
}

// withSource puts the source of what stands at an offset of the cell's file below its description.
func (s *session) withSource(ctx context.Context, p *project, at int, text string) string {
	file, line, err := s.definition(ctx, p, at)
	if err != nil || file == "" {
		return text
	}
	var inMemory *string
	switch file {
	case filepath.Join(s.dir, cellFile):
		inMemory = &p.text
	case filepath.Join(s.dir, notebookFile):
		inMemory = &p.notebook
	}
	if src := sourceAt(file, inMemory, line); src != "" && !strings.Contains(text, src) && !(inMemory == &p.text && strings.HasPrefix(src, "func main()")) {
		text += "\n\n```go\n" + src + "\n```"
	}
	return text
}
