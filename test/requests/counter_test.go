package requests

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// counter counts the requests of a client to the API server.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

// wrap makes a config whose requests are counted.
func (c *counter) wrap(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			c.count(req)
			return next.RoundTrip(req)
		})
	})
	return cfg
}

func (c *counter) count(req *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[verb(req)+" "+req.URL.Path]++
}

// take returns the counts so far, by verb and resource, and starts anew.
func (c *counter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.counts
	c.counts = nil
	return counts
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

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// table prints counts, one a line.
func table(counts map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "%6d %s\n", counts[name], name)
	}
	return b.String()
}
