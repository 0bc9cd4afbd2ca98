package gopls

import (
	"context"
	"encoding/json"
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
