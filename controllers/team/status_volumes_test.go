package team

import (
	"fmt"
	"strings"
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
	rigid := builder.StorageClass("rigid", storagev1.VolumeBindingImmediate)
	ofRigid := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("rigid") }
	ofFast := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("fast") }
	going := func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = new(metav1.NewTime(now)) }
	ofNew := func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv-new" }
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
		"a PersistentVolumeClaim has not grown yet":                     {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "1Ti")), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus (has 1Ti of 2Ti)"},
		"volume trap: the StorageClass cannot expand volumes":           {input(twoNamespaces(builder.Volume("corpus", "train", "2Ti", "rigid")), rigid, claim("train", "corpus", "1Ti", "1Ti", ofRigid)), noProblems(), "False VolumeNotExpandable: corpus: StorageClass rigid cannot expand volumes: ask for 1Ti as before, or add a larger volume of another name and move the data"},
		"volume trap: the increase is taken back":                       {input(twoNamespaces(builder.Volume("corpus", "train", "1Ti", "rigid")), rigid, claim("train", "corpus", "1Ti", "1Ti", ofRigid)), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim that is bound when a pod uses it":      {input(twoNamespaces(corpus), late, claim("train", "corpus", "2Ti", "", ofFast)), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim that should be bound at once":          {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "", ofFast)), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a PersistentVolumeClaim that is being deleted":                 {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti", going)), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus (claim hanbit-train/corpus is being deleted)"},
		"a PersistentVolumeClaim that lost its volume":                  {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti", lost)), noProblems(), "False VolumeLost: corpus: its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name"},
		"a PersistentVolumeClaim of the same name in another namespace": {input(twoNamespaces(corpus), fast, claim("eval", "corpus", "2Ti", "2Ti")), noProblems(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"a StorageClass that does not exist": {
			input(twoNamespaces(corpus)), noProblems(),
			"False StorageClassNotFound: corpus: StorageClass fast does not exist: create it, or take the volume out of spec.volumes and add it again with another class",
		},
		"a StorageClass that is gone after its PersistentVolumeClaim was created": {input(twoNamespaces(corpus), claim("train", "corpus", "2Ti", "2Ti")), noProblems(), "True AsDeclared: 1 volume"},
		"a PersistentVolumeClaim cannot be written":                               {input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), oneProblem(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"a volume whose PersistentVolume is not released yet": {
			input(twoNamespaces(corpus), fast, builder.KeptVolume(hanbit, "pv-1", "train", "corpus", stillBound)), noProblems(),
			"False VolumesPending: 1 of 1 volumes wait for storage: corpus (PersistentVolume pv-1 is being released)",
		},
		"a volume that several PersistentVolumes have data of": {
			input(twoNamespaces(corpus), fast, builder.KeptVolume(hanbit, "pv-1", "train", "corpus"), builder.KeptVolume(hanbit, "pv-2", "train", "corpus")), noProblems(),
			"False VolumeChoice: corpus: PersistentVolumes pv-1, pv-2 have data of claim hanbit-train/corpus: take the label foundation.team/team off all but one (kubectl label pv <name> foundation.team/team-), that one is bound",
		},
		"a PersistentVolumeClaim that is bound to a new volume while another has its data": {
			input(twoNamespaces(corpus), fast, claim("train", "corpus", "2Ti", "2Ti", ofNew), builder.KeptVolume(hanbit, "pv-1", "train", "corpus")), noProblems(),
			"False VolumeChoice: corpus: claim hanbit-train/corpus is bound to PersistentVolume pv-new, and pv-1 has data of it, too: delete the claim to choose (both volumes are kept), or give pv-1 up: kubectl label pv pv-1 foundation.team/team-",
		},
		"a volume that an earlier team has data of": {
			input(twoNamespaces(corpus), fast, builder.KeptVolume(builder.Team("hanbit", builder.TeamUID("earlier")), "pv-1", "train", "corpus")), noProblems(),
			"False RecordMissing: corpus: PersistentVolume pv-1 has data of a team of this name, and no TeamRecord says of which: restore the record from the backup; annotate it foundation.team/adopt=hanbit to hand it over, or take its label foundation.team/team off for a new volume",
		},
		"a retired volume whose PersistentVolumeClaim was deleted": {
			input(twoNamespaces(), builder.KeptVolume(hanbit, "pv-1", "train", "old")), noProblems(),
			"True NothingDeclared: no volumes; without a claim, but kept: hanbit-train/old in PersistentVolume pv-1",
		},
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
		"a retired volume whose PersistentVolumeClaim was deleted": {
			input(hanbit, builder.KeptVolume(hanbit, "pv-1", "train", "old"), builder.KeptVolume(hanbit, "pv-2", "train", "old", younger)),
			[]string{"hanbit-train/old Released 2Ti pv-2 pv-1"},
		},
		"a volume in a namespace that was deleted while the team does not work": {
			input(twoNamespaces(corpus, builder.Deleted()), builder.KeptVolume(hanbit, "pv-1", "train", "corpus")), []string{"hanbit-train/corpus Released 2Ti pv-1"},
		},
		"a volume that an earlier team has data of": {
			input(hanbit, builder.KeptVolume(builder.Team("hanbit", builder.TeamUID("earlier")), "pv-1", "train", "old")), nil,
		},
		"before the term": {input(twoNamespaces(corpus, builder.Term(july, time.Time{}))), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, entry := range volumeStatus(NewModel(tt.in)) {
				line := fmt.Sprintf("%s/%s %s %s", entry.Namespace, entry.Name, entry.State, entry.Capacity)
				got = append(got, strings.Join(append([]string{line}, entry.PersistentVolumeNames...), " "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
