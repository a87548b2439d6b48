package lease

import (
	"context"
	"fmt"
	"os"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"
)

// NewLock returns the lock of a leader election that opens and closes the fence. cfg must not be guarded by it: a replica that does not
// hold the lease has to be able to take it.
func NewLock(cfg *rest.Config, f *Fence, name types.NamespacedName, timeout time.Duration, recorder resourcelock.EventRecorder) (resourcelock.Interface, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name of this replica: %w", err)
	}
	cfg = rest.AddUserAgent(rest.CopyConfig(cfg), "leader-election")
	// One request that hangs must not cost the lease.
	cfg.Timeout = timeout
	api, err := coordinationv1client.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make the client of the lease: %w", err)
	}
	return newLock(api, f, name, host+"_"+string(uuid.NewUUID()), recorder), nil
}

func newLock(api coordinationv1client.LeasesGetter, f *Fence, name types.NamespacedName, identity string, recorder resourcelock.EventRecorder) resourcelock.Interface {
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name},
		Client:     leases{api, f, identity},
		LockConfig: resourcelock.ResourceLockConfig{Identity: identity, EventRecorder: recorder},
	}
}

// observed is what was last seen of the lease.
type observed struct {
	holder, version string
}

// leases is a client of leases that tells the fence of every answer.
type leases struct {
	coordinationv1client.LeasesGetter
	fence    *Fence
	identity string
}

// Leases returns the client of a namespace's leases.
func (l leases) Leases(namespace string) coordinationv1client.LeaseInterface {
	return lease{l.LeasesGetter.Leases(namespace), l.fence, l.identity}
}

type lease struct {
	coordinationv1client.LeaseInterface
	fence    *Fence
	identity string
}

// Get reads the lease. If another replica holds what this one held, it has lost it.
func (l lease) Get(ctx context.Context, name string, options metav1.GetOptions) (*coordinationv1.Lease, error) {
	got, err := l.LeaseInterface.Get(ctx, name, options)
	if err == nil {
		l.fence.observe(l.identity, got)
	}
	return got, err
}

// Create takes a lease that does not exist.
func (l lease) Create(ctx context.Context, wanted *coordinationv1.Lease, options metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return l.write(wanted, func() (*coordinationv1.Lease, error) { return l.LeaseInterface.Create(ctx, wanted, options) })
}

// Update takes, renews or releases the lease. Nothing more is written once a release is sent. client-go releases also a lease that
// another replica has taken meanwhile; that is refused.
func (l lease) Update(ctx context.Context, wanted *coordinationv1.Lease, options metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	if ptr.Deref(wanted.Spec.HolderIdentity, "") != l.identity {
		l.fence.shut()
		if holder := l.fence.holder(); holder != l.identity {
			return nil, fmt.Errorf("the lease is not released: %q holds it", holder)
		}
	}
	return l.write(wanted, func() (*coordinationv1.Lease, error) { return l.LeaseInterface.Update(ctx, wanted, options) })
}

func (l lease) write(wanted *coordinationv1.Lease, send func() (*coordinationv1.Lease, error)) (*coordinationv1.Lease, error) {
	began := l.fence.clock.Now()
	got, err := send()
	if err != nil {
		return nil, err
	}
	l.fence.observe(l.identity, got)
	if ptr.Deref(got.Spec.HolderIdentity, "") == l.identity {
		l.fence.renewed(began, time.Duration(ptr.Deref(wanted.Spec.LeaseDurationSeconds, 0))*time.Second)
	}
	return got, nil
}

func (f *Fence) holder() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen.holder
}

// observe compares an answer about the lease with the one before.
//
// A resourceVersion is etcd's revision, and those of one kind of object can be compared (KEP-5504). One that is lower than before means
// that the API server's data was replaced by older data: a restore, without a raise of the revision. Watches stay silent then until
// the revision has passed what they had seen, and caches show what is not there any more. A resourceVersion that is no number says
// nothing.
func (f *Fence) observe(identity string, got *coordinationv1.Lease) {
	f.mu.Lock()
	before, wasHeld := f.seen, f.wasHeld
	f.seen = observed{holder: ptr.Deref(got.Spec.HolderIdentity, ""), version: got.ResourceVersion}
	now := f.seen
	f.mu.Unlock()
	if order, err := resourceversion.CompareResourceVersion(now.version, before.version); before.version != "" && err == nil && order < 0 {
		f.lose(fmt.Errorf("the API server's data went back from revision %s to %s, as after a restore: what is cached is not true any more", before.version, now.version))
		return
	}
	if wasHeld && now.holder != "" && now.holder != identity {
		f.lose(fmt.Errorf("the lease was lost: %s holds it", now.holder))
	}
}
