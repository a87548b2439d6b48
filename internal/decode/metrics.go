package decode

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"foundation.team/operator/internal/metrics"
)

// marked is one of the operator's own kinds.
type marked interface {
	GetUID() types.UID
	GetUnreadable() []string
}

// count keeps the metric of a kind up to date with an informer's cache.
func count(informer toolscache.SharedIndexInformer, kind string) {
	var mu sync.Mutex
	uids := map[types.UID]bool{}
	gauge := metrics.UnreadableObjects.WithLabelValues(kind)
	gauge.Set(0)
	note := func(item any, gone bool) {
		if tombstone, ok := item.(toolscache.DeletedFinalStateUnknown); ok {
			item = tombstone.Obj
		}
		obj, ok := item.(marked)
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !gone && len(obj.GetUnreadable()) > 0 {
			uids[obj.GetUID()] = true
		} else {
			delete(uids, obj.GetUID())
		}
		gauge.Set(float64(len(uids)))
	}
	// An informer that has not started takes every handler.
	_, _ = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(item any) { note(item, false) },
		UpdateFunc: func(_, item any) { note(item, false) },
		DeleteFunc: func(item any) { note(item, true) },
	})
}
