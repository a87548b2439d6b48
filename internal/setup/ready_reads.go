package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"foundation.team/operator/internal/decode"
	"foundation.team/operator/internal/karpenter"
)

// unreadAfter is for how long a kind may fail to be listed or watched: longer than an API server needs to restart, and than it takes
// until a watch that works has had its first bookmark, a minute.
const unreadAfter = 3 * time.Minute

// reads knows which kinds are read into the cache, and since when one cannot be: because the API server refuses it, does not serve
// it, or sends what cannot be decoded at all. One object that cannot be read is its own condition, and no failure here.
type reads struct {
	clock clock.PassiveClock

	mu sync.Mutex
	// lists and watches are the kinds that fail.
	lists, watches map[schema.GroupVersionKind]failing
}

// failing is since when something fails, and how it did last.
type failing struct {
	since time.Time
	err   error
}

func newReads(c clock.PassiveClock) *reads {
	return &reads{clock: c, lists: map[schema.GroupVersionKind]failing{}, watches: map[schema.GroupVersionKind]failing{}}
}

// observe returns what lists and watches a kind and tells of its failures. Karpenter's kinds may come and go: pools say so.
func (r *reads) observe(kind schema.GroupVersionKind, lw toolscache.ListerWatcherWithContext) toolscache.ListerWatcher {
	if kind.Group == karpenter.GroupVersion.Group {
		return &toolscache.ListWatch{ListWithContextFunc: lw.ListWithContext, WatchFuncWithContext: lw.WatchWithContext}
	}
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := lw.ListWithContext(ctx, options)
			r.note(r.lists, kind, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			stream, err := lw.WatchWithContext(ctx, options)
			if err != nil {
				r.note(r.watches, kind, err)
				return nil, err
			}
			return decode.Filter(stream, func(event watch.Event) (watch.Event, bool) {
				r.note(r.watches, kind, errorOf(event))
				return event, true
			}), nil
		},
	}
}

// errorOf returns the error of a watch's event. That its beginning is too old is none: everything is listed anew.
func errorOf(event watch.Event) error {
	if event.Type != watch.Error {
		return nil
	}
	err := apierrors.FromObject(event.Object)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return nil
	}
	return err
}

func (r *reads) note(of map[schema.GroupVersionKind]failing, kind schema.GroupVersionKind, err error) {
	if errors.Is(err, context.Canceled) {
		return // the process ends
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(of, kind)
		return
	}
	f, fails := of[kind]
	if !fails {
		f.since = r.clock.Now()
	}
	f.err = err
	of[kind] = f
}

// check fails if a kind could not be listed or watched for unreadAfter.
func (r *reads) check(*http.Request) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for verb, of := range map[string]map[schema.GroupVersionKind]failing{"listed": r.lists, "watched": r.watches} {
		for _, kind := range slices.SortedFunc(maps.Keys(of), func(a, b schema.GroupVersionKind) int { return cmp.Compare(a.String(), b.String()) }) {
			if since := r.clock.Now().Sub(of[kind].since); since >= unreadAfter {
				errs = append(errs, fmt.Errorf("%s could not be %s for %s: %w", kind.Kind, verb, since.Round(time.Second), of[kind].err))
			}
		}
	}
	return errors.Join(errs...)
}
