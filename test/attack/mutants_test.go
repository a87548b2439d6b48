package attack

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/wait"
)

// caughtWithin is how long a mutant may go unseen before it has survived.
const caughtWithin = 15 * time.Second

// mutant is a guard with one part of it broken.
type mutant struct {
	name string
	// strict says that it may refuse more than the guard; others refuse less.
	strict bool
	// confuses says that other guards refuse for another reason meanwhile.
	confuses bool
	// apply breaks the guard, restore mends it.
	apply, restore func(ctx context.Context) error
	checks         []check
}

// check is a named test: it fails with an error.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// failing is the first check that fails, or none.
func failing(ctx context.Context, checks []check) (string, error) {
	for _, c := range checks {
		if err := c.run(ctx); err != nil {
			return c.name, err
		}
	}
	return "", nil
}

// census counts mutants.
type census struct {
	mu       sync.Mutex
	caught   []string
	survived []string
}

func (c *census) count(name string, caught bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if caught {
		c.caught = append(c.caught, name)
	} else {
		c.survived = append(c.survived, name)
	}
}

// alone is held by mutants that refuse more, or confuse other guards: others' checks would take that for their own.
var alone sync.RWMutex

// TestMutants breaks each part of each guard, one by one, and wants a named test to see it.
func TestMutants(t *testing.T) {
	if !mutants {
		t.Skip("takes minutes: make test-attack-mutants")
	}
	g := gomega.NewWithT(t)
	all := &census{}
	for _, phase := range []struct {
		name  string
		herds func(ctx context.Context) (map[string][]mutant, error)
	}{
		{"policies", policyHerds}, {"roles", roleHerds}, {"places", placeHerds},
	} {
		herds, err := phase.herds(t.Context())
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(herds).NotTo(gomega.BeEmpty())
		t.Run(phase.name, func(t *testing.T) {
			for name, herd := range herds {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					for _, m := range herd {
						all.try(t, name+": "+m.name, m)
					}
				})
			}
		})
	}
	caught, survived := len(all.caught), len(all.survived)
	slices.Sort(all.survived)
	for _, name := range all.survived {
		if survivors[name] == "" {
			t.Errorf("%s survived without a reason", name)
		}
	}
	for name := range survivors {
		if !slices.Contains(all.survived, name) {
			t.Errorf("%s is listed as a survivor, and was caught or is none", name)
		}
	}
	share := 100 * float64(caught) / float64(caught+survived)
	g.Expect(share).To(gomega.BeNumerically(">=", 95))
	_, _ = fmt.Fprintf(os.Stdout, "mutants: %d, %d caught (%.1f%%), %d survived with a reason\n", caught+survived, caught, share, survived)
}

// try lets one mutant live until a check sees it.
func (c *census) try(t *testing.T, name string, m mutant) {
	t.Helper()
	g := gomega.NewWithT(t)
	ctx := t.Context()
	if m.strict || m.confuses {
		alone.Lock()
		defer alone.Unlock()
	} else {
		alone.RLock()
		defer alone.RUnlock()
	}
	g.Expect(m.apply(ctx)).To(gomega.Succeed(), "%s", name)
	within := caughtWithin
	if _, known := survivors[name]; known {
		within = caughtWithin / 3
	}
	by := ""
	_ = wait.PollUntilContextTimeout(ctx, pollInterval, within, false, func(ctx context.Context) (bool, error) {
		name, _ := failing(ctx, m.checks)
		if ctx.Err() == nil { // else it is the time that is over
			by = name
		}
		return by != "", nil
	})
	c.count(name, by != "")
	if by != "" {
		t.Logf("%s: caught by %s", name, by)
	} else {
		t.Logf("%s: SURVIVED %d checks", name, len(m.checks))
	}
	g.Expect(m.restore(ctx)).To(gomega.Succeed(), "%s", name)
	i := slices.IndexFunc(m.checks, func(c check) bool { return c.name == by })
	if i < 0 {
		return
	}
	g.Eventually(func() error { return m.checks[i].run(ctx) }).
		WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed(), "%s: after it was mended", name)
}
