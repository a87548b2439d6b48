package decode

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// NewInformer returns a constructor of informers for cache.Options. Those of custom resources list and watch untyped, and read
// object by object; the others are as they always are: the API server encodes its own kinds as Go reads them. byObject are the cache's own options, for the
// labels by which a kind is cached. observe gets what lists and watches each kind, and returns what is used instead.
func NewInformer(
	c dynamic.Interface, scheme *runtime.Scheme, byObject map[client.Object]cache.ByObject,
	observe func(schema.GroupVersionKind, toolscache.ListerWatcherWithContext) toolscache.ListerWatcher,
) func(toolscache.ListerWatcher, runtime.Object, time.Duration, toolscache.Indexers) toolscache.SharedIndexInformer {
	return func(lw toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		custom, ok := obj.(client.Object)
		gvk, err := apiutil.GVKForObject(obj, scheme)
		if !ok || err != nil || !scheme.Recognizes(gvk) || !isTyped(obj) || clientgoscheme.Scheme.Recognizes(gvk) {
			return toolscache.NewSharedIndexInformer(observe(gvk, toolscache.ToListerWatcherWithContext(lw)), obj, resync, indexers)
		}
		resource, _ := meta.UnsafeGuessKindToResource(gvk)
		k := kind{scheme: scheme, example: custom, client: c.Resource(resource), labels: labelsOf(custom, byObject)}
		reads := &toolscache.ListWatch{ListWithContextFunc: k.list, WatchFuncWithContext: k.watch}
		informer := toolscache.NewSharedIndexInformer(observe(gvk, reads), obj, resync, indexers)
		if _, own := obj.(marked); own {
			count(informer, gvk.Kind)
		}
		return informer
	}
}

func isTyped(obj runtime.Object) bool {
	switch obj.(type) {
	case runtime.Unstructured, *metav1.PartialObjectMetadata:
		return false
	default:
		return true
	}
}

func labelsOf(custom client.Object, byObject map[client.Object]cache.ByObject) string {
	for obj, options := range byObject {
		if reflect.TypeOf(obj) == reflect.TypeOf(custom) && options.Label != nil {
			return options.Label.String()
		}
	}
	return ""
}

// kind lists and watches one kind.
type kind struct {
	scheme  *runtime.Scheme
	example client.Object
	client  dynamic.NamespaceableResourceInterface
	labels  string
}

func (k kind) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.LabelSelector = k.labels
	live, err := k.client.List(ctx, options)
	if err != nil {
		return nil, err
	}
	gvk, err := apiutil.GVKForObject(k.example, k.scheme)
	if err != nil {
		return nil, err
	}
	list, err := k.scheme.New(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err != nil {
		return nil, fmt.Errorf("make a list of %s: %w", gvk.Kind, err)
	}
	items := make([]runtime.Object, len(live.Items))
	for i := range live.Items {
		if items[i], err = k.read(&live.Items[i]); err != nil {
			return nil, err
		}
	}
	if err := meta.SetList(list, items); err != nil {
		return nil, fmt.Errorf("fill the list of %s: %w", gvk.Kind, err)
	}
	about, err := meta.ListAccessor(list)
	if err != nil {
		return nil, fmt.Errorf("fill the list of %s: %w", gvk.Kind, err)
	}
	about.SetResourceVersion(live.GetResourceVersion())
	about.SetContinue(live.GetContinue())
	about.SetRemainingItemCount(live.GetRemainingItemCount())
	return list, nil
}

func (k kind) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.LabelSelector, options.AllowWatchBookmarks = k.labels, true
	live, err := k.client.Watch(ctx, options)
	if err != nil {
		return nil, err
	}
	return Filter(live, func(event watch.Event) (watch.Event, bool) {
		if obj, ok := event.Object.(*unstructured.Unstructured); ok {
			read, err := k.read(obj)
			if err != nil {
				return event, false
			}
			event.Object = read
		}
		return event, true
	}), nil
}

func (k kind) read(live *unstructured.Unstructured) (client.Object, error) {
	obj, ok := reflect.TypeAssert[client.Object](reflect.New(reflect.TypeOf(k.example).Elem()))
	if !ok {
		return nil, fmt.Errorf("%T is no kind of object", k.example)
	}
	Read(live, obj)
	return obj, nil
}
