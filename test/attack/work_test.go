package attack

import (
	"fmt"
	"maps"
	"testing"

	"github.com/onsi/gomega"
)

// work is what somebody does for a living. It must not be hindered.
type work struct {
	who actor
	try request
}

// allWork is all of it, by what is done.
func allWork() map[string]work {
	all := map[string]work{}
	for _, some := range []map[string]work{
		clusterWork(), privileged(), deviceWork(), karpenterWork(), scrubWork(), adoptedWork(), mending(),
	} {
		for name := range some {
			if _, twice := all[name]; twice {
				panic(fmt.Sprintf("two kinds of work are called %s", name))
			}
		}
		maps.Copy(all, some)
	}
	return all
}

func TestNobodysWorkIsHindered(t *testing.T) {
	t.Parallel()
	for name, work := range allWork() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := work.who.does(t.Context(), work.try)
			tallied.count(faults, err == nil)
			gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred(), "by %s", work.who.name)
		})
	}
}
