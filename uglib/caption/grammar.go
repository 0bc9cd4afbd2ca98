package caption

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mass words stand without an article and have no plural.
var mass = map[string]bool{
	"water": true, "grass": true, "trees": true, "traffic signals": true, "farmland": true, "scrub": true, "heath": true,
	"wetland": true, "grassland": true, "allotments": true, "stairs": true, "bare rock": true, "sand": true, "open ground": true, "public toilets": true,
}

// article puts "a" or "an" before words, or nothing before those that take none.
func article(words string) string {
	first, _, _ := strings.Cut(words, " ")
	switch {
	case words == "" || mass[words]:
		return words
	case startsWithVowel(first):
		return "an " + words
	}
	return "a " + words
}

// startsWithVowel reports whether a word begins with the sound of a vowel.
func startsWithVowel(word string) bool {
	lower := strings.ToLower(word)
	for _, p := range []string{"one", "uni", "use", "util", "eu", "ubiq", "once"} {
		if strings.HasPrefix(lower, p) && !strings.HasPrefix(lower, "unin") && !strings.HasPrefix(lower, "unim") {
			return false
		}
	}
	for _, p := range []string{"hour", "honest", "honour", "heir"} {
		if strings.HasPrefix(lower, p) {
			return true
		}
	}
	digits := strings.TrimRightFunc(lower, func(r rune) bool { return r < '0' || r > '9' })
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	if digits != "" { // 8, 80 and 800; 11 and 18 but not 110
		return digits[0] == '8' || digits == "11" || digits == "18"
	}
	if len(word) > 1 && word == strings.ToUpper(word) { // spelled: an ATM, an MRI, a UFO
		return strings.ContainsRune("AEFHILMNORSX", rune(word[0]))
	}
	r, _ := utf8.DecodeRuneInString(lower)
	return strings.ContainsRune("aeiouàáâäæèéêëìíîïòóôöøùúûü", r)
}

// irregular plurals, of whole phrases or their last word.
var irregular = map[string]string{
	"place of worship": "places of worship", "track": "tracks", "roof": "roofs", "office": "offices", "monastery": "monasteries",
	"bus": "buses", "people": "people", "works": "works", "wharf": "wharves", "shelf": "shelves", "foot": "feet",
	"point of interest": "points of interest", "place to eat or drink": "places to eat or drink", "place to stay": "places to stay",
}

// plural returns the plural of words: of the last one, as a rule.
func plural(words string) string {
	if p, ok := irregular[words]; ok {
		return p
	}
	if mass[words] {
		return words
	}
	head, last := "", words
	if i := strings.LastIndexByte(words, ' '); i >= 0 {
		head, last = words[:i+1], words[i+1:]
	}
	if p, ok := irregular[last]; ok {
		return head + p
	}
	switch {
	case strings.HasSuffix(last, "ch"), strings.HasSuffix(last, "sh"), strings.HasSuffix(last, "s"), strings.HasSuffix(last, "x"), strings.HasSuffix(last, "z"):
		return head + last + "es"
	case strings.HasSuffix(last, "y") && len(last) > 1 && !strings.ContainsRune("aeiou", rune(last[len(last)-2])):
		return head + strings.TrimSuffix(last, "y") + "ies"
	}
	return head + last + "s"
}

var numbers = []string{"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// number writes a count, in words up to twelve.
func number(n int) string {
	if n > 0 && n < len(numbers) {
		return numbers[n]
	}
	return strconv.Itoa(n)
}

// counted writes so many of something: "a school", "three schools".
func counted(n int, what string) string {
	if n == 1 || mass[what] {
		return article(what)
	}
	return number(n) + " " + plural(what)
}

// list joins with commas and "and".
func list(parts []string) string {
	switch n := len(parts); n {
	case 0:
		return ""
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
}

// upper begins a text with a capital letter.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToTitle(r)) + s[n:]
}

// sentence ends a text with a full stop, unless it ends as a sentence does in
// some script already, as "Acme Co." and "Yahoo!" do.
func sentence(s string) string {
	r, _ := utf8.DecodeLastRuneInString(s)
	if strings.ContainsRune(".!?…。！？।؟", r) {
		return s
	}
	return s + "."
}

// tidy makes a name fit for a text: runs of white space become one space, and
// characters that are not shown, those that turn the direction of writing among
// them, go. Names keep their script.
func tidy(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\u200e', r == '\u200f', r == '\ufeff', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, name)
	return strings.Join(strings.Fields(name), " ")
}
