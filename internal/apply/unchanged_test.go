package apply

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestUnchanged(t *testing.T) {
	refused := errors.New("no")
	at := func(version string) client.Object {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "train", ResourceVersion: version}}
	}
	for name, tt := range map[string]struct {
		seen    []client.Object
		fail    error
		changed string
	}{
		"nothing is decided from":            {},
		"it is as it was seen":               {seen: []client.Object{at("7")}},
		"it was edited":                      {seen: []client.Object{at("6")}, changed: "Namespace train"},
		"it was not there, and is now":       {seen: []client.Object{at("")}, changed: "Namespace train"},
		"it was not there, and is not now":   {seen: []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "eval"}}}},
		"it was there, and is not now":       {seen: []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "eval", ResourceVersion: "7"}}}, changed: "Namespace eval"},
		"the second of two was edited":       {seen: []client.Object{at("7"), at("6")}, changed: "Namespace train"},
		"the API server cannot be asked now": {seen: []client.Object{at("7")}, fail: refused},
	} {
		t.Run(name, func(t *testing.T) {
			api := fake.NewClientBuilder().WithObjects(at("7")).Build()
			live := interceptor.NewClient(api, interceptor.Funcs{
				Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
					if tt.fail != nil {
						return tt.fail
					}
					return api.Get(ctx, key, obj, opts...)
				},
			})
			err := New(api, live).Unchanged(t.Context(), tt.seen...)
			changed := &ChangedError{}
			if errors.As(err, &changed); changed.Object != tt.changed {
				t.Errorf("changed: %q, want %q", changed.Object, tt.changed)
			}
			if tt.changed == "" && !errors.Is(err, tt.fail) {
				t.Errorf("error %v", err)
			}
		})
	}
}
