package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"foundation.team/operator/internal/text"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 nodes", 1: "1 node", 2: "2 nodes"} {
		if got := text.Count(n, "node"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestFirst(t *testing.T) {
	tests := map[string]struct {
		names []string
		most  int
		want  string
	}{
		"none":                         {nil, 3, ""},
		"as many as may be named":      {[]string{"a", "b", "c"}, 3, "a, b, c"},
		"one too many":                 {[]string{"a", "b", "c", "d"}, 3, "a, b and 2 more"},
		"many":                         {[]string{"a", "b", "c", "d", "e", "f"}, 3, "a, b and 4 more"},
		"only one of several is named": {[]string{"a", "b"}, 1, "a and 1 more"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := text.First(tt.names, tt.most); got != tt.want {
				t.Errorf("First(%v, %d) = %q, want %q", tt.names, tt.most, got, tt.want)
			}
		})
	}
}

func TestAndMore(t *testing.T) {
	tests := map[string]struct {
		sentences []string
		want      string
	}{
		"none":    {nil, ""},
		"one":     {[]string{"no"}, "no"},
		"several": {[]string{"no", "neither", "nor"}, "no (and 2 more)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := text.AndMore(tt.sentences); got != tt.want {
				t.Errorf("AndMore(%v) = %q, want %q", tt.sentences, got, tt.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	tests := map[string]struct {
		sentences []string
		most      int
		want      string
	}{
		"none":                         {nil, 20, ""},
		"all have room":                {[]string{"no", "neither", "nor"}, 40, "no; neither; nor"},
		"the last has none":            {[]string{"no", "neither", "nor"}, 24, "no; neither (and 1 more)"},
		"only the first has":           {[]string{"no", "neither", "nor"}, 23, "no (and 2 more)"},
		"the first is there, too long": {[]string{"neither", "nor"}, 1, "neither (and 1 more)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := text.Within(tt.sentences, tt.most); got != tt.want {
				t.Errorf("Within(%v, %d) = %q, want %q", tt.sentences, tt.most, got, tt.want)
			}
		})
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	long := strings.Repeat("한", 10)
	for most := range len(long) + 1 {
		got := text.Cut(long, most)
		if len(got) > most || most-len(got) > 2 || !utf8.ValidString(got) {
			t.Errorf("Cut(%q, %d) = %q", long, most, got)
		}
	}
	if got := text.Cut("short", 10); got != "short" {
		t.Errorf("Cut(short) = %q", got)
	}
}
