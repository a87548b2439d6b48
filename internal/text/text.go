// Package text formats counts, lists and cut-off texts for the messages of conditions and events.
package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Count returns a number with its noun: 1 node, 2 nodes.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// First lists all names if there are at most most of them, else the first ones and how many more there are. It never
// ends in "1 more": the name itself is as short.
func First(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	named := max(most-1, 1)
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}

// Within joins as many sentences as have room in most bytes with semicolons, and says how many more there are. The first one is
// always among them.
func Within(sentences []string, most int) string {
	joined := ""
	for i, sentence := range sentences {
		more := fmt.Sprintf(" (and %d more)", len(sentences)-i)
		if i > 0 && len(joined)+len("; ")+len(sentence)+len(more) > most {
			return joined + more
		}
		if i > 0 {
			joined += "; "
		}
		joined += sentence
	}
	return joined
}

// AndMore returns the first of several sentences, with how many more there are.
func AndMore(sentences []string) string {
	if len(sentences) <= 1 {
		return strings.Join(sentences, "")
	}
	return fmt.Sprintf("%s (and %d more)", sentences[0], len(sentences)-1)
}

// Cut shortens a text to at most most bytes without splitting a UTF-8 character.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
