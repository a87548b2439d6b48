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

// caughtWithin is how long the checks are repeated before a mutant counts as survived: API servers need a moment to see a
// changed policy or role.
const caughtWithin = 15 * time.Second

// mutant is a guard with one element broken.
type mutant struct {
	name string
	// strict is true if the mutant may refuse more than the guard; others refuse less.
	strict bool
	// confuses is true if other guards refuse for another reason while the mutant is in place.
	confuses bool
	// apply breaks the guard, restore repairs it.
	apply, restore func(ctx context.Context) error
	checks         []check
}

// check is a named test: it fails with an error.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// failing returns the first check that fails; empty if none does.
func failing(ctx context.Context, checks []check) (string, error) {
	for _, c := range checks {
		if err := c.run(ctx); err != nil {
			return c.name, err
		}
	}
	return "", nil
}

// mutantTally collects the names of mutants that were caught and that survived.
type mutantTally struct {
	mu       sync.Mutex
	caught   []string
	survived []string
}

func (c *mutantTally) count(name string, caught bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if caught {
		c.caught = append(c.caught, name)
	} else {
		c.survived = append(c.survived, name)
	}
}

// exclusive is write-locked by mutants that refuse more or confuse other guards: checks of mutants that run in parallel
// would fail because of them.
var exclusive sync.RWMutex

// TestMutants breaks each element of each guard, one by one, and expects that a check fails.
func TestMutants(t *testing.T) {
	if !mutantsOnly {
		t.Skip("takes minutes: make test-attack-mutants")
	}
	g := gomega.NewWithT(t)
	all := &mutantTally{}
	for _, phase := range []struct {
		name  string
		herds func(ctx context.Context) (map[string][]mutant, error)
	}{
		{"policies", policyMutants}, {"roles", roleMutants}, {"namespaces", namespaceMutants},
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

// try applies one mutant until a check fails or caughtWithin is over.
func (c *mutantTally) try(t *testing.T, name string, m mutant) {
	t.Helper()
	g := gomega.NewWithT(t)
	ctx := t.Context()
	if m.strict || m.confuses {
		exclusive.Lock()
		defer exclusive.Unlock()
	} else {
		exclusive.RLock()
		defer exclusive.RUnlock()
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
