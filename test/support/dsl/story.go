// Package dsl is the language of the suites on a whole control plane: applying manifests, waiting for statuses, reading
// objects, and explaining a failure.
package dsl

import (
	"context"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/test/support"
)

// Story is one test on a lab that it shares with others. Methods take the names that a team, pool or programme has in the
// story, and Named makes the objects' names of them; a namespace has its full name, which Train makes.
//
// What reads takes the Gomega that fails: the story itself or, in what is polled, the one of the poll.
type Story struct {
	testing.TB
	*WithT
	Lab *support.Lab
	// Client reads and writes as an admin, without a cache.
	Client client.WithWatch

	options   Options
	teams     []string
	pools     []string
	explained sync.Once
}

// Options are what differs from suite to suite.
type Options struct {
	// Prefix and Suffix tell the names of a story's objects from those of others.
	Prefix, Suffix string
	// Timeout and Polling are how long Eventually waits, and how often it looks.
	Timeout, Polling time.Duration
	// WaitUntil is used in place of Eventually where something else has to happen meanwhile, such as a clock that moves.
	WaitUntil func(check func(Gomega), about ...any)
	// UseKubectl applies manifests with kubectl itself, and not by the requests that it would send.
	UseKubectl bool
	// DeleteAfter deletes the story's teams with their pods, its pools and its programmes, when it ends.
	DeleteAfter bool
}

// New begins a story. If it fails, it tells what the cluster says of its teams.
func New(tb testing.TB, lab *support.Lab, options Options) *Story {
	tb.Helper()
	support.DependOnSources(tb)
	g := NewWithT(tb)
	g.SetDefaultEventuallyTimeout(options.Timeout)
	g.SetDefaultEventuallyPollingInterval(options.Polling)
	g.EnforceDefaultTimeoutsWhenUsingContexts()
	s := &Story{TB: tb, WithT: g, Lab: lab, Client: lab.Client, options: options}
	s.atEnd(func() {})
	return s
}

// Named returns the name of the story's object that is called so in the story.
func (s *Story) Named(name string) string { return s.options.Prefix + name + s.options.Suffix }

// Train returns the namespace train of a team, which manifest.Train asks for.
func (s *Story) Train(team string) string { return s.Named(team) + "-train" }

// Eventually polls until something is so, the story's timeout is over, or the test is interrupted.
func (s *Story) Eventually(actual any, args ...any) AsyncAssertion {
	s.Helper()
	return s.WithT.Eventually(actual, args...).WithContext(s.Context())
}

// Consistently polls for a while and expects that something stays so, unless the test is interrupted.
func (s *Story) Consistently(actual any, args ...any) AsyncAssertion {
	s.Helper()
	return s.WithT.Consistently(actual, args...).WithContext(s.Context())
}

// atEnd does something when the story ends, after it was explained why it failed.
func (s *Story) atEnd(do func()) {
	s.Cleanup(func() {
		s.explained.Do(s.explain)
		do()
	})
}

// ctx returns the context of a request: the test's, which nothing interrupts once the test is over and is cleaned up.
func (s *Story) ctx() context.Context {
	if ctx := s.Context(); ctx.Err() == nil {
		return ctx
	}
	return context.WithoutCancel(s.Context())
}
