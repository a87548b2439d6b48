package attack

import (
	"fmt"
	"maps"
	"testing"

	"github.com/onsi/gomega"
)

// legitimateWork is a request that must be admitted.
type legitimateWork struct {
	who actor
	try request
}

// allWork returns all legitimate work by name.
func allWork() map[string]legitimateWork {
	all := map[string]legitimateWork{}
	for _, some := range []map[string]legitimateWork{
		clusterWork(), privileged(), deviceWork(), karpenterWork(), scrubWork(), adoptedWork(), deletionWork(), repairs(),
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
