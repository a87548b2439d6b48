package binaries

import (
	"fmt"
	"io"
	"time"

	"k8s.io/utils/clock"
)

// steps prints the progress of a long sequence of steps.
type steps struct {
	out   io.Writer
	clock clock.WithTicker
	total int

	done  int
	begin time.Time
}

// run runs one step and, meanwhile, prints its name and the elapsed time every progressInterval.
func (s *steps) run(name string, step func() error) error {
	if s.done == 0 {
		s.begin = s.clock.Now()
	}
	s.done++
	s.report(name, "")

	result := make(chan error, 1)
	go func() { result <- step() }()
	ticker := s.clock.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case err := <-result:
			return err
		case <-ticker.C():
			s.report(name, ", still building")
		}
	}
}

func (s *steps) report(name, note string) {
	elapsed := s.clock.Since(s.begin).Round(time.Second)
	_, _ = fmt.Fprintf(s.out, "lab: build %d/%d %s (%s elapsed%s)\n", s.done, s.total, name, elapsed, note)
}
