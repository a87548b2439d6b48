// Package counter counts requests to the API server.
package counter

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// Counter counts the requests of a client to the API server.
type Counter struct {
	mu     sync.Mutex
	counts Counts
}

// Counts are numbers of requests, by kind of request and path: "read", "write" or "watch", a space and the path.
type Counts map[string]int

// Wrap returns a config whose requests are counted.
func (c *Counter) Wrap(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			c.count(req)
			return next.RoundTrip(req)
		})
	})
	return cfg
}

func (c *Counter) count(req *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = Counts{}
	}
	c.counts[verb(req)+" "+req.URL.Path]++
}

// Take returns the counts so far and resets them.
func (c *Counter) Take() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.counts
	c.counts = nil
	return counts
}

// Sum is the number of requests of a kind.
func (c Counts) Sum(verb string) int {
	total := 0
	for name, count := range c {
		if strings.HasPrefix(name, verb+" ") {
			total += count
		}
	}
	return total
}

// String is one line for each path.
func (c Counts) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "%6d %s\n", c[name], name)
	}
	return b.String()
}

// verb is what kind of request it is. Listing by a watch that starts with all objects is a watch.
func verb(req *http.Request) string {
	switch {
	case req.Method != http.MethodGet:
		return "write"
	case req.URL.Query().Get("watch") != "":
		return "watch"
	default:
		return "read"
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip counts the request and sends it.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
