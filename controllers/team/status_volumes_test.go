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
	hanbit := twoNamespaces()
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
		"no volumes are declared":                                       {input(hanbit), noProblems(), "True NothingDeclared: no volumes"},
		"a PersistentVolumeClaim is bound":                              {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim is larger than asked for":              {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "3Ti")), noProblems(), "True AsDeclared: 1 volume"},
		"no PersistentVolumeClaim exists yet":                           {input(twoNamespaces(corpus, scratch), fast), noProblems(), "False VolumesPending: 2 of 2 volumes wait for storage: corpus, scratch"},
		"one of two PersistentVolumeClaims waits":                       {input(twoNamespaces(corpus, scratch), fast, claim("train", "corpus", "2Ti", ""), claim("eval", "scratch", "1Ti", "1Ti")), noProblems(), "False VolumesPending: 1 of 2 volumes wait for storage: corpus"},
		"a PersistentVolumeClaim has not grown yet":                     {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "1Ti")), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a PersistentVolumeClaim that is bound when a pod uses it":      {input(twoNamespaces(corpus), late, claim("train", "corpus", "2Ti", "", ofFast)), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim that should be bound at once":          {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "", ofFast)), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a PersistentVolumeClaim that is being deleted":                 {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti", going)), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a PersistentVolumeClaim that lost its volume":                  {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti", lost)), noProblems(), "False VolumeLost: corpus: its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name"},
		"a PersistentVolumeClaim of the same name in another namespace": {input(twoNamespaces(corpus), fast, claim("eval", "corpus", "2Ti", "2Ti")), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a StorageClass that does not exist": {
			input(twoNamespaces(corpus)), noProblems(),
			"False StorageClassNotFound: corpus: StorageClass fast does not exist: create it, or take the volume out of spec.volumes and add it again with another class",
		},
		"a StorageClass that is gone after its PersistentVolumeClaim was created": {input(twoNamespaces(corpus), claim("train", "corpus", "2Ti", "2Ti")), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim cannot be written":                               {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), oneProblem(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"PersistentVolumeClaims of a deleted team are kept": {
			input(twoNamespaces(corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), claim("train", "corpus", "2Ti", "2Ti"), claim("train", "old", "1Ti", "1Ti")), noProblems(),
			"True NotActive: 2 volumes kept",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(volumesCondition(NewModel(tt.in), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVolumeStatus(t *testing.T) {
	hanbit := twoNamespaces()
	corpus := builder.Volume("corpus", "train", "2Ti", "")
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"a PersistentVolumeClaim is bound":           {input(twoNamespaces(corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")), []string{"hanbit-train/corpus Active 2Ti"}},
		"a PersistentVolumeClaim does not exist yet": {input(twoNamespaces(corpus)), []string{"hanbit-train/corpus Pending "}},
		"a PersistentVolumeClaim grows":              {input(twoNamespaces(corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "1Ti")), []string{"hanbit-train/corpus Pending 1Ti"}},
		"a retired PersistentVolumeClaim comes last": {
			input(twoNamespaces(corpus), builder.Claim(hanbit, "train", "old", "1Ti", "1Ti"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Active 2Ti", "hanbit-train/old Retired 1Ti"},
		},
		"a PersistentVolumeClaim in a locked namespace": {
			input(twoNamespaces(corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Locked 2Ti"},
		},
		"before the term": {input(twoNamespaces(corpus, builder.Term(july, time.Time{}))), nil},
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
