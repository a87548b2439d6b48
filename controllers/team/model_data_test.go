package team

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// Changes of a PersistentVolume whose claim is gone.
func reserved(v *corev1.PersistentVolume) {
	v.Spec.ClaimRef.UID, v.Spec.ClaimRef.ResourceVersion, v.Status.Phase = "", "", corev1.VolumeAvailable
}

func stillBound(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeBound }

func beingDeleted(v *corev1.PersistentVolume) {
	v.DeletionTimestamp = new(metav1.NewTime(now))
}

func offered(v *corev1.PersistentVolume) {
	v.Annotations[foundationv1alpha1.AnnotationAdopt] = "hanbit"
}

func younger(v *corev1.PersistentVolume) { v.CreationTimestamp = metav1.NewTime(now.Add(time.Hour)) }

// Where the data of a claim is, for a claim that is gone (the first table) and one that exists (the second).
func TestDataOf(t *testing.T) {
	hanbit, earlier := twoNamespaces(), builder.Team("hanbit", builder.TeamUID("earlier"))
	corpus := builder.Volume("corpus", "train", "2Ti", "fast")
	kept := func(name string, mods ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
		return builder.KeptVolume(hanbit, name, "train", "corpus", mods...)
	}
	foreign := func(mods ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
		return builder.KeptVolume(earlier, "pv-1", "train", "corpus", mods...)
	}
	claim := func(volume string, mods ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
		c := builder.Claim(hanbit, "train", "corpus", "2Ti", "")
		c.Spec.VolumeName = volume
		for _, mod := range mods {
			mod(c)
		}
		return c
	}
	policy := func(p corev1.PersistentVolumeReclaimPolicy) func(*corev1.PersistentVolume) {
		return func(v *corev1.PersistentVolume) { v.Spec.PersistentVolumeReclaimPolicy = p }
	}
	failed := func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeFailed }
	tests := map[string]struct {
		things []any
		want   string
	}{
		"no volume":                                     {nil, ""},
		"a released volume":                             {[]any{kept("pv-1")}, "Kept pv-1"},
		"a volume from a backup":                        {[]any{kept("pv-1", reserved)}, "Kept pv-1"},
		"a volume that is not released yet":             {[]any{kept("pv-1", stillBound)}, "Leaving pv-1"},
		"a volume that an admin deletes":                {[]any{kept("pv-1", beingDeleted)}, "Leaving pv-1"},
		"a volume that goes with its claim":             {[]any{kept("pv-1", policy(corev1.PersistentVolumeReclaimDelete))}, "Leaving pv-1"},
		"a volume whose storage was to be deleted":      {[]any{kept("pv-1", failed)}, ""},
		"two released volumes, the newest first":        {[]any{kept("pv-1"), kept("pv-2", younger)}, "Ambiguous pv-2 pv-1"},
		"two volumes from a backup":                     {[]any{kept("pv-1", reserved), kept("pv-2", reserved)}, "Ambiguous pv-1 pv-2"},
		"a released volume and one that an admin chose": {[]any{kept("pv-1"), kept("pv-2", reserved)}, "Kept pv-2"},
		"a released volume and one not released yet":    {[]any{kept("pv-1"), kept("pv-2", stillBound)}, "Leaving pv-2"},
		"a volume of another claim":                     {[]any{builder.KeptVolume(hanbit, "pv-1", "train", "other")}, ""},
		"a volume of another namespace":                 {[]any{builder.KeptVolume(hanbit, "pv-1", "eval", "corpus")}, ""},
		"an earlier team's volume":                      {[]any{foreign()}, "Foreign pv-1"},
		"an earlier team's volume from a backup":        {[]any{foreign(reserved)}, "Foreign pv-1"},
		"an earlier team's volume that an admin offers": {[]any{foreign(offered)}, "Kept pv-1"},

		"a claim that waits for its first pod, and a released volume": {[]any{claim(""), kept("pv-1")}, "Kept pv-1"},
		"a claim that waits, and two released volumes":                {[]any{claim(""), kept("pv-1"), kept("pv-2")}, "Ambiguous pv-1 pv-2"},
		"a claim that waits for this volume":                          {[]any{claim("pv-1"), kept("pv-1"), kept("pv-2", reserved)}, "Kept pv-1"},
		"a claim that is bound to another volume":                     {[]any{claim("pv-new"), kept("pv-1")}, "Displaced pv-1"},
		"a claim that is bound to this volume": {[]any{claim("pv-1"), kept("pv-1", stillBound, func(v *corev1.PersistentVolume) {
			v.Spec.ClaimRef.UID = claim("").UID
		})}, ""},
		"a claim that is being deleted":                       {[]any{claim("pv-new", func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = new(metav1.NewTime(now)) }), kept("pv-1")}, ""},
		"a claim that is bound, and an earlier team's volume": {[]any{claim("pv-new"), foreign()}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := NewModel(input(twoNamespaces(corpus), tt.things...))
			data := m.Data[claimKey(m.Team, m.Team.Spec.Volumes[0])]
			got := strings.TrimSpace(strings.Join(append([]string{string(data.state)}, data.names()...), " "))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A claim that comes back is created for the volume with its data, which is freed for exactly that claim.
func TestDataComesBack(t *testing.T) {
	hanbit, earlier := twoNamespaces(), builder.Team("hanbit", builder.TeamUID("earlier"))
	corpus := builder.Volume("corpus", "train", "2Ti", "fast")
	fast := builder.StorageClass("fast", "Immediate")
	kept := builder.KeptVolume(hanbit, "pv-1", "train", "corpus")
	freed := func(team *foundationv1alpha1.FoundationTeam, mods ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
		volume := builder.KeptVolume(team, "pv-1", "train", "corpus", mods...)
		volume.Spec.ClaimRef.UID, volume.Spec.ClaimRef.ResourceVersion = "", ""
		return volume
	}
	const withVolume = `{"f:metadata":{"f:labels":{"f:foundation.team/team":{}}},"f:spec":{"f:volumeName":{}}}`
	rebound := builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")
	rebound.Spec.VolumeName = "pv-1"
	lostClaim := rebound.DeepCopy()
	lostClaim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimLost}
	tests := map[string]struct {
		in    Input
		claim string // the volume that the claim is created for; - if there is no claim
		freed *corev1.PersistentVolume
	}{
		"no volume has data":                {input(twoNamespaces(corpus), fast), "", nil},
		"a released volume":                 {input(twoNamespaces(corpus), fast, kept), "pv-1", freed(hanbit)},
		"a released volume, its class gone": {input(twoNamespaces(corpus), kept), "pv-1", freed(hanbit)},
		"a released volume that an admin handed over": {
			input(twoNamespaces(corpus), fast, builder.KeptVolume(earlier, "pv-1", "train", "corpus", offered)), "pv-1", freed(hanbit),
		},
		"an earlier team's volume":          {input(twoNamespaces(corpus), fast, builder.KeptVolume(earlier, "pv-1", "train", "corpus")), "-", nil},
		"a volume that is not released yet": {input(twoNamespaces(corpus), fast, builder.KeptVolume(hanbit, "pv-1", "train", "corpus", stillBound)), "-", nil},
		"two volumes":                       {input(twoNamespaces(corpus), fast, kept, builder.KeptVolume(hanbit, "pv-2", "train", "corpus")), "-", nil},
		"a claim of a backup that was bound, and lost": {
			input(twoNamespaces(corpus), fast, managed(lostClaim, claimFields), builder.KeptVolume(hanbit, "pv-1", "train", "corpus", reserved)), "",
			builder.KeptVolume(hanbit, "pv-1", "train", "corpus", reserved, func(v *corev1.PersistentVolume) { v.Spec.ClaimRef.UID = lostClaim.UID }),
		},
		"a claim that was created for a volume": {input(twoNamespaces(corpus), fast, managed(rebound.DeepCopy(), withVolume)), "pv-1", nil},
		"a claim that got a volume":             {input(twoNamespaces(corpus), fast, managed(rebound.DeepCopy(), claimFields)), "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			train := namespaceOf(t, Build(NewModel(tt.in)), "train")
			got := "-"
			for _, obj := range train.Volumes {
				got = typed[corev1.PersistentVolumeClaim](t, obj).Spec.VolumeName
			}
			if got != tt.claim {
				t.Errorf("the claim is for volume %q, want %q", got, tt.claim)
			}
			var freed *corev1.PersistentVolume
			for _, change := range train.Releases {
				freed = change.after
			}
			if diff := cmp.Diff(tt.freed, freed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Only a namespace in which the team works gets its data back: elsewhere what an admin deleted stays gone.
func TestDataStaysWhereTheTeamDoesNotWork(t *testing.T) {
	corpus := builder.Volume("corpus", "train", "2Ti", "fast")
	ended := twoNamespaces(corpus, builder.Term(time.Time{}, now))
	train := namespaceOf(t, Build(NewModel(input(ended, builder.OwnedNamespace(ended, "train"), builder.KeptVolume(ended, "pv-1", "train", "corpus")))), "train")
	if len(train.Volumes)+len(train.Releases) > 0 {
		t.Errorf("%d claims, %d volumes freed", len(train.Volumes), len(train.Releases))
	}
}

// A volume whose claim is gone carries the team's present UID, so that a record that is lost does not make it nobody's.
func TestKeptVolumesFollowTheTeam(t *testing.T) {
	earlier := builder.Team("hanbit", builder.TeamUID("earlier"))
	in := input(twoNamespaces(), builder.KeptVolume(earlier, "pv-1", "old", "past"), builder.KeptVolume(builder.Team("hanbit", builder.TeamUID("stranger")), "pv-2", "old", "past"))
	in.Record = &foundationv1alpha1.TeamRecord{Spec: foundationv1alpha1.TeamRecordSpec{TeamName: "hanbit", UIDs: []string{"earlier", "hanbit-uid"}}}
	changes := buildPersistentVolumes(NewModel(in))
	if len(changes) != 1 || changes[0].after.Name != "pv-1" || changes[0].after.Annotations[foundationv1alpha1.AnnotationTeamUID] != "hanbit-uid" {
		t.Errorf("%d changes: %+v", len(changes), changes)
	}
}
