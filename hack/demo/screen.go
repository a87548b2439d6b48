package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	// clipAbove is how many lines of output are shown completely; of a longer output only the first clipTo.
	clipAbove = 19 // a programme and its fifteen teams
	clipTo    = 5
)

// The terminal control sequences in use.
const (
	bold      = "\x1b[1m"
	dim       = "\x1b[2m"
	red       = "\x1b[31m"
	green     = "\x1b[32m"
	cyan      = "\x1b[36m"
	plain     = "\x1b[0m"
	eraseLine = "\r\x1b[K"
)

// screen prints the demo. Without a terminal it prints no control characters.
type screen struct {
	out io.Writer
	// width returns the current width of the terminal; nil without a terminal.
	width func() int
	color bool

	steps, passed, failed int
	// progressing is true while the cursor is at the end of a progress line, which the next output overwrites.
	progressing bool
}

func newScreen(out *os.File) *screen {
	s := &screen{out: out}
	fd := int(out.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return s
	}
	s.color = os.Getenv("NO_COLOR") == ""
	s.width = func() int {
		width, _, err := term.GetSize(fd)
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
	return s
}

// live reports whether the output is a terminal.
func (s *screen) live() bool { return s.width != nil }

// say prints a line, or several.
func (s *screen) say(format string, args ...any) {
	s.endProgress()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// title prints the heading of a step.
func (s *screen) title(text string) {
	s.steps++
	s.say("\n%s", s.in(bold, fmt.Sprintf("── %d. %s ──", s.steps, text)))
}

// command prints a command with the user who runs it.
func (s *screen) command(who, line string) {
	s.say("\n%s %s", s.in(cyan, who+"$"), s.in(bold, line))
}

// output prints the output of a command, only its beginning if it is long.
func (s *screen) output(text string) {
	text = strings.Trim(text, "\n")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	if len(lines) <= clipAbove {
		s.say("%s", text)
		return
	}
	s.say("%s\n%s", strings.Join(lines[:clipTo], "\n"), s.in(dim, fmt.Sprintf("… and %d more lines", len(lines)-clipTo)))
}

// check prints whether the statement text holds: it does if err is nil; else err says what was found instead.
func (s *screen) check(text string, err error) {
	if err == nil {
		s.passed++
		s.say("%s", s.in(green, "✓ "+text))
		return
	}
	s.failed++
	s.say("%s\n    %s", s.in(red, "✗ "+text), strings.ReplaceAll(err.Error(), "\n", "\n    "))
}

// progress prints progress: on a terminal now, over the previous progress line; otherwise the lines of news, if there
// are any.
func (s *screen) progress(now string, news ...string) {
	if !s.live() {
		for _, line := range news {
			s.say("  %s", line)
		}
		return
	}
	s.progressing = true
	_, _ = fmt.Fprint(s.out, eraseLine, s.in(dim, cut("  "+now, s.width()-1)))
}

// endProgress erases the progress line, if there is one, before other output.
func (s *screen) endProgress() {
	if s.progressing {
		s.progressing = false
		_, _ = fmt.Fprint(s.out, eraseLine)
	}
}

// Write shows what the lab reports, in whole lines, as progress.
func (s *screen) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		text := strings.TrimPrefix(strings.TrimRight(string(line), "\n"), "lab: ")
		s.progress(text, text)
	}
	return len(p), nil
}

// headed is a screen that prints a heading before the first write, if there is one.
type headed struct {
	*screen
	heading string
	once    sync.Once
}

func (h *headed) Write(p []byte) (int, error) {
	h.once.Do(func() { h.say("%s", h.heading) })
	return h.screen.Write(p)
}

func (s *screen) in(style, text string) string {
	if !s.color {
		return text
	}
	return style + text + plain
}

// cut makes text fit in width columns, as long as it has no wide characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width || width < 1 {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
