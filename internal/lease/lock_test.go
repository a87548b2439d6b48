package lease

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"
)

const ours, theirs = "ours", "theirs"

// store is an API server that has one lease.
type store struct {
	coordinationv1client.LeaseInterface
	lease *coordinationv1.Lease
	// version returns the resourceVersion of a write; nil counts up.
	version func() string
	writes  int
	// during is called while a write is under way.
	during func()
}

func (s *store) Leases(string) coordinationv1client.LeaseInterface { return s }

func (s *store) Get(context.Context, string, metav1.GetOptions) (*coordinationv1.Lease, error) {
	if s.lease == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, "x")
	}
	return s.lease.DeepCopy(), nil
}

func (s *store) Create(_ context.Context, wanted *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return s.put(wanted), nil
}

func (s *store) Update(_ context.Context, wanted *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	if wanted.ResourceVersion != s.lease.ResourceVersion {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "leases"}, "x", nil)
	}
	return s.put(wanted), nil
}

func (s *store) put(wanted *coordinationv1.Lease) *coordinationv1.Lease {
	if s.during != nil {
		s.during()
	}
	s.writes++
	s.lease = wanted.DeepCopy()
	s.lease.ResourceVersion = strconv.Itoa(100 + s.writes)
	if s.version != nil {
		s.lease.ResourceVersion = s.version()
	}
	return s.lease.DeepCopy()
}

// election is a replica's lock with its fence.
type election struct {
	*store
	*Fence
	lock  resourcelock.Interface
	clock *clocktesting.FakeClock
	lost  []string
}

func newElection(t *testing.T) *election {
	t.Helper()
	e := &election{store: &store{}, clock: clocktesting.NewFakeClock(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))}
	e.Fence = NewFence(e.clock, func(why error) { e.lost = append(e.lost, why.Error()) })
	e.lock = newLock(e.store, e.Fence, types.NamespacedName{Namespace: "x", Name: "x"}, ours, nil)
	return e
}

// take takes or renews the lease as client-go does.
func (e *election) take(t *testing.T, holder string) error {
	t.Helper()
	record := resourcelock.LeaderElectionRecord{HolderIdentity: holder, LeaseDurationSeconds: 15, RenewTime: metav1.Now(), AcquireTime: metav1.Now()}
	if _, _, err := e.lock.Get(t.Context()); apierrors.IsNotFound(err) {
		return e.lock.Create(t.Context(), record)
	} else if err != nil {
		return err
	}
	return e.lock.Update(t.Context(), record)
}

func (e *election) expect(t *testing.T, open bool, lost string) {
	t.Helper()
	if e.isOpen() != open {
		t.Errorf("open: %t", e.isOpen())
	}
	if got := strings.Join(e.lost, "; "); !strings.HasPrefix(got, lost) || (lost == "") != (got == "") {
		t.Errorf("lost: %q, want %q", got, lost)
	}
}

func TestLock(t *testing.T) {
	for name, tt := range map[string]struct {
		happens func(*testing.T, *election)
		open    bool
		lost    string
	}{
		"the lease is taken": {func(*testing.T, *election) {}, true, ""},
		"it is renewed": {func(t *testing.T, e *election) {
			t.Helper()
			e.clock.Step(11 * time.Second)
			if err := e.take(t, ours); err != nil {
				t.Error(err)
			}
			e.clock.Step(11 * time.Second)
		}, true, ""},
		"a renewal counts from when it began": {func(t *testing.T, e *election) {
			t.Helper()
			e.during = func() { e.clock.Step(12 * time.Second) }
			if err := e.take(t, ours); err != nil {
				t.Error(err)
			}
		}, false, ""},
		"it is released": {func(t *testing.T, e *election) {
			t.Helper()
			e.during = func() { e.expect(t, false, "") }
			if err := e.take(t, ""); err != nil {
				t.Error(err)
			}
			if holder := *e.lease.Spec.HolderIdentity; holder != "" {
				t.Errorf("held by %q", holder)
			}
		}, false, ""},
		"another replica has taken it": {func(t *testing.T, e *election) {
			t.Helper()
			e.lease.Spec.HolderIdentity = new(theirs)
			_, _, err := e.lock.Get(t.Context())
			_, _, again := e.lock.Get(t.Context())
			if err != nil || again != nil {
				t.Error(err, again)
			}
		}, false, "the lease was lost: theirs holds it"},
		"what another replica has taken is not released": {func(t *testing.T, e *election) {
			t.Helper()
			e.lease.Spec.HolderIdentity = new(theirs)
			if err := e.take(t, ""); err == nil || *e.lease.Spec.HolderIdentity != theirs {
				t.Errorf("released: %v", err)
			}
		}, false, "the lease was lost: theirs holds it"},
		"the data went back before a look": {func(t *testing.T, e *election) {
			t.Helper()
			e.lease.ResourceVersion = "99"
			if _, _, err := e.lock.Get(t.Context()); err != nil {
				t.Error(err)
			}
		}, false, "the API server's data went back from revision 101 to 99, as after a restore"},
		"the data went back to before the lease was there": {func(t *testing.T, e *election) {
			t.Helper()
			e.lease, e.version = nil, func() string { return "9" }
			if err := e.take(t, ours); err != nil {
				t.Error(err)
			}
		}, false, "the API server's data went back from revision 101 to 9"},
		"revisions that are no numbers say nothing": {func(t *testing.T, e *election) {
			t.Helper()
			for _, version := range []string{"b", "a"} {
				e.version = func() string { return version }
				if err := e.take(t, ours); err != nil {
					t.Error(err)
				}
			}
		}, true, ""},
		"the lease was deleted and is made anew": {func(t *testing.T, e *election) {
			t.Helper()
			e.lease = nil
			if err := e.take(t, ours); err != nil {
				t.Error(err)
			}
		}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newElection(t)
			if err := e.take(t, ours); err != nil {
				t.Fatal(err)
			}
			tt.happens(t, e)
			e.expect(t, tt.open, tt.lost)
		})
	}
}

// A standby notices, too, that the data went back, and not that others hold the lease.
func TestStandby(t *testing.T) {
	e := newElection(t)
	for i, version := range []string{"100", "101", "99"} {
		e.lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}}
		e.lease.Spec.HolderIdentity = new(fmt.Sprint("other-", i))
		if _, _, err := e.lock.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		if lost := len(e.lost) > 0; lost != (version == "99") {
			t.Errorf("at %s: %v", version, e.lost)
		}
	}
	e.expect(t, false, "the API server's data went back from revision 101 to 99")
}
