package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestScreenWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out}
	s.title("Title")
	s.progress("0 of 2")
	s.progress("1 of 2", "one has come")
	_, _ = fmt.Fprintln(s, "lab: starting etcd")
	s.command("admin", "kubectl get ft")
	s.output("\nNAME\nhanbit\n\n")
	s.check("it is so", nil)
	s.check("it is not", errors.New("something\nelse"))

	want := `
── 1. Title ──
  one has come
  starting etcd

admin$ kubectl get ft
NAME
hanbit
✓ it is so
✗ it is not
    something
    else
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if s.passed != 1 || s.failed != 1 {
		t.Errorf("%d held and %d failed, want one of each", s.passed, s.failed)
	}
}

func TestScreenOverwritesProgress(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, width: func() int { return 20 }}
	s.progress("a line that is far too long for it", "news")
	s.progress("done")
	s.say("next")
	want := eraseLine + "  a line that is f…" + eraseLine + "  done" + eraseLine + "next\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestOutputIsClipped(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out}
	s.output(strings.Repeat("node\n", clipAbove))
	if strings.Contains(out.String(), "more") {
		t.Errorf("%d lines were clipped:\n%s", clipAbove, out.String())
	}
	out.Reset()
	s.output(strings.Repeat("node\n", 65))
	if want := strings.Repeat("node\n", clipTo) + "… and 60 more lines\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestHeadingOnlyAboveSomething(t *testing.T) {
	var out bytes.Buffer
	h := &headed{screen: &screen{out: &out}, heading: "Building:"}
	if out.Len() > 0 {
		t.Errorf("%q before anything was reported", out.String())
	}
	_, _ = fmt.Fprintln(h, "lab: build 1/2")
	_, _ = fmt.Fprintln(h, "lab: build 2/2")
	if want := "Building:\n  build 1/2\n  build 2/2\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestCommandLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"plain":              {[]string{"get", "nodes", "-l", "foundation.team/team=hanbit"}, "kubectl get nodes -l foundation.team/team=hanbit"},
		"for the shell":      {[]string{"patch", `{"a": 1}`}, `kubectl patch '{"a": 1}'`},
		"with a quote in it": {[]string{"it's"}, `kubectl 'it'\''s'`},
		"empty":              {[]string{""}, "kubectl ''"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := commandLine(tt.args); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
