package ugdata

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed phrases.txt
var phraseFile string

// voices are the ways to say a walk.
var voices = parseVoices(phraseFile)

// voice is a set of phrases, by their names.
type voice map[string]string

var phraseNames = []string{"start", "turn", "on", "onto", "leg", "through", "to", "end", "arrive"}

// Voices is how many sets of phrases there are to say a walk in natural
// language; see Options.Voices.
func Voices() int { return len(voices) }

// voice draws one of the voices that the options allow.
func (o *Options) voice(r *rand.Rand) *voice { return &voices[r.IntN(o.Voices)] }

// parseVoices reads phrases.txt, which is part of the program: a bad line is a
// mistake in it.
func parseVoices(file string) []voice {
	var all []voice
	for line := range strings.Lines(file) {
		line = strings.TrimRight(line, "\n")
		name, phrase, ok := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case name == "voice":
			all = append(all, voice{})
		case !ok || len(all) == 0:
			panic(fmt.Sprintf("phrases.txt: %q is no phrase of a voice", line))
		default:
			all[len(all)-1][name] = strings.TrimLeft(phrase, " ")
		}
	}
	for i, v := range all {
		for _, name := range phraseNames {
			if _, ok := v[name]; !ok || len(v) != len(phraseNames) {
				panic(fmt.Sprintf("phrases.txt: voice %d has %d phrases, want %v", i+1, len(v), phraseNames))
			}
		}
	}
	return all
}

// words fill in a phrase.
type words struct {
	street, place string
	leg           string // "95 m east"
	way, hand     string // of the first leg, to the camera: "right", "to the right"
	turn          string // to the walk: "left", "slightly right"
	side          string // of the destination, to the walk: "on the left"
}

func (w *words) get(name string) string {
	switch name {
	case "street":
		return w.street
	case "place":
		return w.place
	case "leg":
		return w.leg
	case "way":
		return w.way
	case "hand":
		return w.hand
	case "turn":
		return w.turn
	case "side":
		return w.side
	}
	panic(fmt.Sprintf("phrases.txt: no word is called {%s}", name))
}

// fill fills in a phrase: words in braces, and what stands in brackets if each
// word directly in it has something to say.
func fill(phrase string, w *words) string {
	text, _, _ := fillPart(phrase, w)
	return text
}

// fillPart fills in a phrase up to a closing bracket. It returns what is left
// of the phrase, and whether all words had something to say.
func fillPart(phrase string, w *words) (text, rest string, full bool) {
	var b strings.Builder
	full = true
	for phrase != "" {
		i := strings.IndexAny(phrase, "{[]")
		if i < 0 {
			b.WriteString(phrase)
			return b.String(), "", full
		}
		b.WriteString(phrase[:i])
		mark := phrase[i]
		phrase = phrase[i+1:]
		switch mark {
		case ']':
			return b.String(), phrase, full
		case '[':
			part, after, ok := fillPart(phrase, w)
			if ok {
				b.WriteString(part)
			}
			phrase = after
		case '{':
			name, after, _ := strings.Cut(phrase, "}")
			word := w.get(name)
			full = full && word != ""
			b.WriteString(word)
			phrase = after
		}
	}
	return b.String(), "", full
}
