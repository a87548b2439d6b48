package attack

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// call is a request as the API server authorizes it.
type call struct {
	verb string
	kind
	namespace, name string
	isReview        bool // an access review about the call instead of the call itself
}

// calls are the HTTP requests that one request function sent.
type calls struct {
	mu  sync.Mutex
	all []call
}

type callsKey struct{}

// recordTo returns a context whose requests are recorded.
func recordTo(ctx context.Context, to *calls) context.Context {
	return context.WithValue(ctx, callsKey{}, to)
}

func sent(ctx context.Context, c call) {
	to, ok := ctx.Value(callsKey{}).(*calls)
	if !ok {
		return
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	to.all = append(to.all, c)
}

// last returns the call that a request function is about: the last one, or the call that an access review asked about.
func (c *calls) last() (call, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, some := range c.all {
		if some.isReview {
			return some, true
		}
	}
	if len(c.all) == 0 {
		return call{}, false
	}
	return c.all[len(c.all)-1], true
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// recording records each HTTP request before it is sent.
func recording(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		sent(request.Context(), callOf(request))
		return next.RoundTrip(request)
	})
}

// callOf parses /api/v1/[namespaces/x/]resource[/name[/sub]] and the same below /apis/group/version.
func callOf(request *http.Request) call {
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	c := call{}
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		c.group, parts = parts[1], parts[3:]
	default:
		return c
	}
	if len(parts) > 1 && parts[0] == "namespaces" {
		c.namespace = parts[1]
		if len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
			parts = parts[2:]
		}
	}
	c.resource = parts[0]
	if len(parts) > 1 {
		c.name = parts[1]
	}
	if len(parts) > 2 {
		c.sub = strings.Join(parts[2:], "/")
	}
	switch request.Method {
	case http.MethodPost:
		c.verb = "create"
	case http.MethodPut:
		c.verb = "update"
	case http.MethodPatch:
		c.verb = "patch"
	case http.MethodDelete:
		c.verb = "delete"
		if c.name == "" {
			c.verb = "deletecollection"
		}
	default:
		c.verb = "get"
		if c.name == "" {
			c.verb = "list"
		}
	}
	return c
}
