// Package decode reads custom resources object by object, so that one that cannot be read blinds the operator for that object
// alone. A typed list or watch fails as a whole when one value in it does not fit the Go type: the schema in the cluster may
// be older than the operator's, loosened, or Karpenter's.
package decode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

// maxShown is how much of a value that cannot be read is shown, in bytes.
const maxShown = 64

// partial are the types of list entries of which the rest is read when a value cannot be: they stand for what exists.
// Other entries are left out whole: a staff entry without its end would be one that never ends.
var partial = map[reflect.Type]bool{
	reflect.TypeFor[foundationv1alpha1.TeamNamespace](): true,
	reflect.TypeFor[foundationv1alpha1.Grant]():         true,
}

// Read reads what the API server has into obj. If not all of it can be read, obj gets the rest, and one of the operator's own
// kinds is marked.
func Read(live *unstructured.Unstructured, obj client.Object) {
	if convert(live.Object, obj) == nil {
		return
	}
	r := reading{}
	kept, _ := r.prune("", live.DeepCopy().Object, reflect.TypeOf(obj))
	if err := convert(kept, obj); err != nil {
		r.bad = append(r.bad, "spec: "+err.Error())
		reset(obj)
		identify(live, obj)
	}
	slices.SortFunc(r.bad, cmp.Compare)
	if own, ok := obj.(interface{ SetUnreadable([]string) }); ok {
		own.SetUnreadable(r.bad)
	}
}

// identify copies what is needed to find an object and to take its finalizer away.
func identify(live *unstructured.Unstructured, obj client.Object) {
	obj.GetObjectKind().SetGroupVersionKind(live.GroupVersionKind())
	obj.SetName(live.GetName())
	obj.SetUID(live.GetUID())
	obj.SetResourceVersion(live.GetResourceVersion())
	obj.SetGeneration(live.GetGeneration())
	obj.SetCreationTimestamp(live.GetCreationTimestamp())
	obj.SetDeletionTimestamp(live.GetDeletionTimestamp())
	obj.SetLabels(live.GetLabels())
	obj.SetAnnotations(live.GetAnnotations())
	obj.SetFinalizers(live.GetFinalizers())
}

// convert decodes a value into a new object, as the typed client does.
func convert(value any, obj client.Object) error {
	reset(obj)
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode what the API server has: %w", err)
	}
	return utiljson.Unmarshal(raw, obj)
}

func reset(obj client.Object) { reflect.ValueOf(obj).Elem().SetZero() }

// reading collects what of an object cannot be read.
type reading struct{ bad []string }

// prune returns a value without the parts that cannot be read into the type; false if nothing of it can be.
func (r *reading) prune(path string, value any, t reflect.Type) (any, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if decodes(value, t) {
		return value, true
	}
	if !hasDecoder(t) || path == "" {
		switch typed := value.(type) {
		case map[string]any:
			if t.Kind() == reflect.Struct {
				r.pruneFields(path, typed, t)
				return typed, true
			}
			if t.Kind() == reflect.Map {
				for key := range typed {
					r.pruneKey(fmt.Sprintf("%s[%s]", path, key), typed, key, t.Elem())
				}
				return typed, true
			}
		case []any:
			if t.Kind() == reflect.Slice {
				return r.pruneEntries(path, typed, t.Elem()), true
			}
		}
	}
	// A time in a status is written anew, and decides nothing.
	if !strings.HasPrefix(path, "status.") || t != reflect.TypeFor[metav1.Time]() {
		r.bad = append(r.bad, describe(path, value, t))
	}
	return nil, false
}

func (r *reading) pruneFields(path string, value map[string]any, t reflect.Type) {
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" || strings.Contains(options, "inline") {
			r.pruneFields(path, value, field.Type)
			continue
		}
		if _, has := value[name]; has {
			r.pruneKey(strings.TrimPrefix(path+"."+name, "."), value, name, field.Type)
		}
	}
}

func (r *reading) pruneKey(path string, values map[string]any, key string, t reflect.Type) {
	kept, ok := r.prune(path, values[key], t)
	if !ok {
		delete(values, key)
		return
	}
	values[key] = kept
}

func (r *reading) pruneEntries(path string, values []any, t reflect.Type) []any {
	kept := make([]any, 0, len(values))
	for i, value := range values {
		whole := decodes(value, t)
		entry, ok := r.prune(fmt.Sprintf("%s[%d]", path, i), value, t)
		if ok && (whole || partial[t]) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// hasDecoder reports whether a type decodes itself: it is one value.
func hasDecoder(t reflect.Type) bool {
	_, ok := reflect.TypeAssert[json.Unmarshaler](reflect.New(t))
	return ok
}

func decodes(value any, t reflect.Type) bool {
	raw, err := json.Marshal(value)
	return err == nil && utiljson.Unmarshal(raw, reflect.New(t).Interface()) == nil
}

// describe says where a value is, what it is and why it cannot be read.
func describe(path string, value any, t reflect.Type) string {
	raw, err := json.Marshal(value)
	if err == nil {
		err = utiljson.Unmarshal(raw, reflect.New(t).Interface())
	}
	return fmt.Sprintf("%s: %s cannot be read: %v", path, text.Cut(string(raw), maxShown), err)
}
