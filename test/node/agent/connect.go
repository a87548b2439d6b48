package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
)

const (
	// connectWithin is how long it may take to look up a name and to connect.
	connectWithin = 3 * time.Second
	// answerWithin is how long an answer may take. A server that waits for a request, such as the API server, has said enough by accepting.
	answerWithin = 300 * time.Millisecond
	// firstMoments bounds the first moments of a pod: they are over when nothing has passed for quiet. atOnce is how long one connection may
	// take in them, with a pause after it.
	firstMoments = 10 * time.Second
	quiet        = 2 * time.Second
	atOnce       = 100 * time.Millisecond
	pause        = 10 * time.Millisecond
)

// try tries all targets and prints a line for each, in their order: the target, and "passes" with what it says or "is blocked" with the error.
func try(targets []string) {
	lines := make([]string, len(targets))
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() { lines[i] = target + " " + outcome(target) })
	}
	all.Wait()
	_, _ = fmt.Fprintln(os.Stdout, strings.Join(lines, "\n"))
}

func outcome(target string) string {
	connection, err := net.DialTimeout("tcp", target, connectWithin)
	if err != nil {
		return "is blocked: " + err.Error()
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(clock.RealClock{}.Now().Add(answerWithin))
	said, _ := io.ReadAll(io.LimitReader(connection, 256))
	return "passes: " + strings.TrimSpace(string(said))
}

// first tries each target again and again, and prints how many milliseconds after its start the last connection passed; 0 if none did.
func first(targets []string) {
	now := clock.RealClock{}.Now
	lasted := make([]time.Duration, len(targets))
	began := now()
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() {
			_ = wait.PollUntilContextTimeout(context.Background(), pause, firstMoments, true, func(context.Context) (bool, error) {
				if connection, err := net.DialTimeout("tcp", target, atOnce); err == nil {
					lasted[i] = max(now().Sub(began), time.Millisecond)
					_ = connection.Close()
				}
				return now().Sub(began)-lasted[i] > quiet, nil
			})
		})
	}
	all.Wait()
	for i, target := range targets {
		_, _ = fmt.Fprintln(os.Stdout, target, lasted[i].Milliseconds())
	}
}
