package endpoint

import (
	"regexp"
	"strings"
)

// Status says what became of a view.
type Status string

const (
	OK          Status = "ok"
	Refused     Status = "refused"     // the model would not answer, or a filter took the answer away
	Empty       Status = "empty"       // no text
	Unmarked    Status = "unmarked"    // caption or summary, or the mark between them, is missing
	CutOff      Status = "cut off"     // the answer ran into its limit of tokens
	Rejected    Status = "rejected"    // the endpoint would not take the request
	Unavailable Status = "unavailable" // no answer in all attempts
	BadImage    Status = "bad image"   // the image file cannot be decoded
)

// Statuses are all statuses but OK, in the order in which they are told of.
var Statuses = []Status{Refused, Empty, Unmarked, CutOff, Rejected, Unavailable, BadImage}

// Marks of an answer, as the prompt asks for them.
const (
	imageMark   = "**Image:**"
	summaryMark = "**Summarization:**"
)

// Models write the marks in many ways: "**Image:**", "Image caption:", "## Summary".
var (
	imagePattern   = markPattern(`image(?:[ \t]+(?:caption|description))?|(?:detailed[ \t]+)?caption`)
	summaryPattern = markPattern(`summari[sz]ation|summary`)
)

// markPattern matches a name as a mark: in bold anywhere, at the start of a line
// before a colon, or alone on a line as a heading.
func markPattern(name string) *regexp.Regexp {
	const number = `(?:\d{1,2}[.)][ \t]*)?`
	return regexp.MustCompile(`(?im)` +
		`(?:^[ \t>]*(?:#{1,6}[ \t]*)?` + number + `)?(?:\*\*|__)[ \t]*` + number + `(?:` + name + `)[ \t]*[:：]?[ \t]*(?:\*\*|__)[ \t]*[:：]?` +
		`|^[ \t>]*(?:#{1,6}[ \t]*)?` + number + `(?:` + name + `)[ \t]*[:：]` +
		`|^[ \t>]*#{1,6}[ \t]*` + number + `(?:` + name + `)[ \t]*$`)
}

// thought is what some models put before their answer.
var thought = regexp.MustCompile(`(?s)<think(?:ing)?>.*?(?:</think(?:ing)?>|\z)`)

// ParseAnswer splits the text of a model's answer into caption and summary and
// takes the markup out of both. The status is OK, Refused, Empty or Unmarked;
// but for OK both are empty. Any text is accepted: bytes that are no UTF-8 become
// U+FFFD.
func ParseAnswer(text string) (caption, summary string, status Status) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if _, rest, ok := strings.Cut(text, "</think>"); ok && !strings.Contains(text, "<think>") {
		text = rest // the opening tag was part of the prompt
	}
	text = strings.TrimSpace(thought.ReplaceAllString(text, ""))
	if flatten(text) == "" {
		return "", "", Empty
	}
	at := summaryPattern.FindStringIndex(text)
	if at == nil {
		if refuses(text) {
			return "", "", Refused
		}
		return "", "", Unmarked
	}
	before, after := text[:at[0]], text[at[1]:]
	if m := imagePattern.FindStringIndex(before); m != nil { // what comes before the mark is talk
		before = before[m[1]:]
	}
	if m := imagePattern.FindStringIndex(after); m != nil && flatten(before) == "" { // the two the other way round
		before, after = after[m[1]:], after[:m[0]]
	}
	caption, summary = flatten(before), flatten(after)
	switch {
	case caption == "" || summary == "":
		return "", "", Unmarked
	case refuses(caption):
		return "", "", Refused
	}
	return caption, summary, OK
}

// Markup that says nothing in a text of one paragraph.
var (
	fence  = regexp.MustCompile("(?m)^[ \t]*(?:```|~~~)[^\n]*$")
	bullet = regexp.MustCompile(`(?m)^[ \t]*(?:[-*•]|#{1,6}|>|\d{1,2}[.)])[ \t]+`)
	rule   = regexp.MustCompile(`(?m)^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$`)
	mark   = regexp.MustCompile(`(?i)(?:\*\*|__)[ \t]*(?:image|summari[sz]ation)[ \t]*[:：]?[ \t]*(?:\*\*|__)[ \t]*[:：]?`)
	bold   = strings.NewReplacer("**", "", "__", "", "`", "")
)

// flatten makes one paragraph of plain text: markup and quotes around the whole go.
func flatten(s string) string {
	for _, p := range []*regexp.Regexp{fence, rule, bullet, mark} {
		s = p.ReplaceAllString(s, " ")
	}
	s = bold.Replace(s)
	s = strings.Join(strings.Fields(s), " ")
	for _, q := range []struct{ open, close string }{{`"`, `"`}, {"“", "”"}, {"«", "»"}} {
		if in, ok := strings.CutPrefix(s, q.open); ok {
			if in, ok = strings.CutSuffix(in, q.close); ok && !strings.Contains(in, q.open) {
				s = strings.TrimSpace(in)
			}
		}
	}
	if strings.Trim(s, "*_-#:：. ") == "" {
		return ""
	}
	return s
}

// refusal matches how models say that they will not.
var refusal = regexp.MustCompile(`(?i)^\W*(?:i['’]?m (?:really |very )?sorry|sorry,|i apologi[sz]e|(?:unfortunately,? )?i (?:can(?:no|['’])t|am (?:unable|not able)|['’]?m (?:unable|not able)|won['’]t|will not|must decline)|as an ai\b|i don['’]t feel comfortable|i do not feel comfortable)`)

// refuses reports whether a text is a refusal.
func refuses(text string) bool { return refusal.MatchString(flatten(text)) }
