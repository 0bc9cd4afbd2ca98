package fetch

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Secret is an access token. It prints, and encodes to JSON, as "[secret]".
type Secret struct{ value string }

const hidden = "[secret]"

// NewSecret wraps a token; blanks around it are cut off.
func NewSecret(token string) Secret { return Secret{strings.TrimSpace(token)} }

// String implements [fmt.Stringer]; it hides the token.
func (Secret) String() string { return hidden }

// Format implements [fmt.Formatter]; it hides the token from every verb.
func (Secret) Format(s fmt.State, _ rune) {
	_, _ = s.Write([]byte(hidden)) // as package fmt does, which looks at no error either
}

// MarshalText implements [encoding.TextMarshaler]; it hides the token.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// IsZero says whether there is no token.
func (s Secret) IsZero() bool { return s.value == "" }

// scrub cuts the token out of a text, plain or as it stands in a URL.
func (s Secret) scrub(text string) string {
	if s.value == "" {
		return text
	}
	for _, form := range []string{s.value, url.QueryEscape(s.value), url.PathEscape(s.value)} {
		text = strings.ReplaceAll(text, form, hidden)
	}
	return text
}

// check returns an error for a token that cannot stand in a header; it does
// not repeat the token.
func (s Secret) check(from string) error {
	for _, r := range s.value {
		if r <= ' ' || r == 0x7f {
			return fmt.Errorf("the access token in %s holds blanks or control characters; give the token alone, on one line", from)
		}
	}
	return nil
}

// FindSecret returns the token in a file, or in the environment variable name,
// or in the file that the variable name_FILE names, whichever is given first.
// It is empty if none is.
func FindSecret(file, name string) (Secret, error) {
	from := "$" + name
	value := os.Getenv(name)
	if file == "" && value == "" {
		file = os.Getenv(name + "_FILE")
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return Secret{}, fmt.Errorf("the token file cannot be read: %w; give a file that holds the access token alone, or set %s", err, name)
		}
		from, value = file, string(data)
		if strings.TrimSpace(value) == "" {
			return Secret{}, fmt.Errorf("the token file %s is empty; it must hold the access token alone", file)
		}
	}
	s := NewSecret(value)
	return s, s.check(from)
}

// bare takes the URL off an error of package net/http, because its query may
// hold a signature.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
