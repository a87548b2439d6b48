package attack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summands returns what an expression adds up: what is between its plus signs that are in no parentheses and no text.
func summands(expression string) []string {
	var parts []string
	start, depth, text := 0, 0, false
	for i, c := range expression {
		switch {
		case c == '\'':
			text = !text
		case text:
		case strings.ContainsRune("([{", c):
			depth++
		case strings.ContainsRune(")]}", c):
			depth--
		case c == '+' && depth == 0:
			parts, start = append(parts, expression[start:i]), i+1
		}
	}
	return append(parts, expression[start:])
}

func TestSummands(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		"[]":                                {"[]"},
		"(a ? [] : [b + c]) + d":            {"(a ? [] : [b + c]) ", " d"},
		"a.map(c, c.at + '/x') + ['+'] + b": {"a.map(c, c.at + '/x') ", " ['+'] ", " b"},
	} {
		got := summands(expression)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if again := strings.Join(got, "+"); again != expression {
			t.Errorf("%s became %s", expression, again)
		}
	}
}
