package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"

	"k8s.io/utils/clock"
)

var realClock = clock.RealClock{}

// campaign is tests of one package that try much.
type campaign struct {
	name, pkg, run string
	// part is which part of the workloads is done, such as 2/3; all of them if it is empty.
	part string
}

// try runs a campaign with all of it, writes what it prints to a file, and passes on what tells of progress, failures and figures.
func (c campaign) try(ctx context.Context, path string, out *printer) (figures, error) {
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	reader, writer := io.Pipe()
	found := figures{}
	read := make(chan error, 1)
	go func() { read <- c.pass(io.TeeReader(reader, log), found, out) }()

	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-timeout=90m", "-run", c.run, c.pkg)
	test.Env = append(os.Environ(), "FULL=1", "FAULTS_PART="+c.part)
	test.Stdout, test.Stderr = writer, writer
	err = test.Run()
	_ = writer.Close()
	if err != nil {
		err = fmt.Errorf("%s: %w; all that it printed is in %s", c.name, err, path)
	}
	return found, errors.Join(err, <-read)
}

// told begins lines of a test's output that are passed on.
var told = regexp.MustCompile(`^(\s*--- FAIL|FAIL|panic:|\s*\d+ (plans|transitions|kills|switches|states))`)

func (c campaign) pass(from io.Reader, found figures, out *printer) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		if figure := parse(line); figure != nil {
			found.add(figure)
			out.line(c.name, line)
		} else if told.MatchString(line) {
			out.line(c.name, strings.TrimSpace(line))
		}
	}
	_, _ = io.Copy(io.Discard, from) // the test must not wait for a reader
	return lines.Err()
}

// printer prints lines of campaigns that run side by side.
type printer struct {
	mu sync.Mutex
	to io.Writer
}

func (p *printer) line(name, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name != "" {
		text = fmt.Sprintf("%s %-11s  %s", realClock.Now().Format("15:04:05"), name, text)
	}
	_, _ = fmt.Fprintln(p.to, text)
}
