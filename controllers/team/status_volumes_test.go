package team

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func TestVolumesCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionVolumesReady
	hanbit := two(1, 1)
	corpus, scratch := builder.Volume("corpus", "train", "2Ti", "fast"), builder.Volume("scratch", "eval", "1Ti", "")
	fast, late := builder.StorageClass("fast", storagev1.VolumeBindingImmediate), builder.StorageClass("fast", storagev1.VolumeBindingWaitForFirstConsumer)
	claim := func(namespace, name, size, capacity string, mods ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
		c := builder.Claim(hanbit, namespace, name, size, capacity)
		for _, mod := range mods {
			mod(c)
		}
		return c
	}
	ofFast := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("fast") }
	going := func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = new(metav1.NewTime(now)) }
	lost := func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"none":                          {input(hanbit), fine(), "True NothingDeclared: no volumes"},
		"bound":                         {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), fine(), "True AsDeclared: 1 volume"},
		"larger than asked for":         {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "3Ti")), fine(), "True AsDeclared: 1 volume"},
		"not made yet":                  {input(two(1, 1, corpus, scratch), fast), fine(), "False VolumesPending: 2 of 2 volumes wait for storage: corpus, scratch"},
		"one waits":                     {input(two(1, 1, corpus, scratch), fast, claim("train", "corpus", "2Ti", ""), claim("eval", "scratch", "1Ti", "1Ti")), fine(), "False VolumesPending: 1 of 2 volumes wait for storage: corpus"},
		"not grown yet":                 {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "1Ti")), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"will be bound when it is used": {input(two(1, 1, corpus), late, claim("train", "corpus", "2Ti", "", ofFast)), fine(), "True AsDeclared: 1 volume"},
		"should be bound at once":       {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "", ofFast)), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"being deleted":                 {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti", going)), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"lost":                          {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti", lost)), fine(), "False VolumeLost: corpus: its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name"},
		"of the same name elsewhere":    {input(two(1, 1, corpus), fast, claim("eval", "corpus", "2Ti", "2Ti")), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"no such class": {
			input(two(1, 1, corpus)), fine(),
			"False StorageClassNotFound: corpus: StorageClass fast does not exist: create it, or take the volume out of spec.volumes and add it again with another class",
		},
		"its class went after it was made": {input(two(1, 1, corpus), claim("train", "corpus", "2Ti", "2Ti")), fine(), "True AsDeclared: 1 volume"},
		"a problem":                        {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), with(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"kept": {
			input(two(1, 1, corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), claim("train", "corpus", "2Ti", "2Ti"), claim("train", "old", "1Ti", "1Ti")), fine(),
			"True NotActive: 2 volumes kept",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(volumesCondition(NewModel(tt.in), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVolumeStatus(t *testing.T) {
	hanbit := two(1, 1)
	corpus := builder.Volume("corpus", "train", "2Ti", "")
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"bound":    {input(two(1, 1, corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")), []string{"hanbit-train/corpus Active 2Ti"}},
		"not made": {input(two(1, 1, corpus)), []string{"hanbit-train/corpus Pending "}},
		"growing":  {input(two(1, 1, corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "1Ti")), []string{"hanbit-train/corpus Pending 1Ti"}},
		"retired, last": {
			input(two(1, 1, corpus), builder.Claim(hanbit, "train", "old", "1Ti", "1Ti"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Active 2Ti", "hanbit-train/old Retired 1Ti"},
		},
		"locked": {
			input(two(1, 1, corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Locked 2Ti"},
		},
		"before the term": {input(two(1, 1, corpus, builder.Term(july, time.Time{}))), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, entry := range volumeStatus(NewModel(tt.in)) {
				got = append(got, fmt.Sprintf("%s/%s %s %s", entry.Namespace, entry.Name, entry.State, entry.Capacity))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
