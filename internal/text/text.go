// Package text has what sentences in conditions, events and grants are put together from.
package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Count is a number of things in a sentence: 1 node, 2 nodes.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// First names all of a few things, and of more than most of them the first ones with how many more there are. It never
// counts a single one: naming it is as short.
func First(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	named := max(most-1, 1)
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}

// AndMore is the first of several sentences, with how many more there are.
func AndMore(sentences []string) string {
	if len(sentences) <= 1 {
		return strings.Join(sentences, "")
	}
	return fmt.Sprintf("%s (and %d more)", sentences[0], len(sentences)-1)
}

// Cut shortens a text to a number of bytes, and does not cut a character in two.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
