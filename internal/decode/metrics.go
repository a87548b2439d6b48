package decode

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var unreadable = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "foundation_unreadable_objects",
	Help: "Objects of which the operator cannot read all, by kind. Their conditions say which value, a TeamRecord's event does.",
}, []string{"kind"})

func init() { metrics.Registry.MustRegister(unreadable) }

// marked is one of the operator's own kinds.
type marked interface {
	GetUID() types.UID
	GetUnreadable() []string
}

// count keeps the metric of a kind up to date with an informer's cache.
func count(informer toolscache.SharedIndexInformer, kind string) {
	var mu sync.Mutex
	uids := map[types.UID]bool{}
	gauge := unreadable.WithLabelValues(kind)
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
