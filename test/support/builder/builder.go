// Package builder builds objects for tests. Each function returns a valid object, and modifiers set what matters in the
// test:
//
//	builder.Team("hanbit", builder.Award("b200", 512), builder.Suspended())
package builder

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Now is the time at which tests happen.
var Now = Time("2026-04-01T00:00:00Z")

// Time reads an RFC 3339 time.
func Time(value string) time.Time {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		panic(err)
	}
	return t
}

// SpecTime returns nil for the zero time, which is how specs and records leave a bound open.
func SpecTime(t time.Time) *foundationv1alpha1.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &foundationv1alpha1.Timestamp{Time: t}
}

// MetaTime returns nil for the zero time, which is how status leaves a time open.
func MetaTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}

// UIDOf returns the UID that Team gives a team of this name.
func UIDOf(team string) types.UID { return types.UID(team + "-uid") }

func build[T any](obj *T, mods []func(*T)) *T {
	for _, mod := range mods {
		mod(obj)
	}
	return obj
}
