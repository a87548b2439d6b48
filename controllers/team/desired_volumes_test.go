package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

const claimFields = `{"f:metadata":{"f:labels":{"f:foundation.team/team":{}},"f:annotations":{"f:foundation.team/team-uid":{}}},"f:spec":{"f:accessModes":{},"f:resources":{"f:requests":{"f:storage":{}}}}}`

func TestVolumes(t *testing.T) {
	hanbit := two(1, 1)
	corpus := builder.Volume("corpus", "train", "2Ti", "fast")
	claim := func(name, size string) *corev1.PersistentVolumeClaim {
		return managed(builder.Claim(hanbit, "train", name, size, size), claimFields)
	}
	fast := builder.StorageClass("fast", "Immediate")
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"none":                   {input(hanbit), nil},
		"a new one":              {input(two(1, 1, corpus), fast), []string{"corpus 2Ti fast"}},
		"of the default class":   {input(two(1, 1, builder.Volume("corpus", "train", "2Ti", ""))), []string{"corpus 2Ti"}},
		"of another namespace":   {input(two(1, 1, builder.Volume("corpus", "eval", "2Ti", ""))), nil},
		"its class is not there": {input(two(1, 1, corpus)), nil},
		"it is there and its class is not any more": {input(two(1, 1, corpus), claim("corpus", "2Ti")), []string{"corpus 2Ti fast"}},
		"it grows":                       {input(two(1, 1, corpus), fast, claim("corpus", "1Ti")), []string{"corpus 2Ti fast"}},
		"taken out":                      {input(hanbit, claim("old", "1Ti")), []string{"old 1Ti retired"}},
		"one that is not ours to retire": {input(hanbit, builder.Claim(hanbit, "train", "theirs", "1Ti", "")), nil},
		"no new ones where the team cannot work": {
			input(two(1, 1, corpus, builder.Deleted()), fast, builder.OwnedNamespace(hanbit, "train")), nil,
		},
		"old ones there are left as they are": {
			input(two(1, 1, corpus, builder.Deleted()), fast, builder.OwnedNamespace(hanbit, "train"), claim("corpus", "2Ti")), nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, obj := range namespaceOf(t, Build(NewModel(tt.in)), "train").Volumes {
				claim := typed[corev1.PersistentVolumeClaim](t, obj)
				words := []string{claim.Name, claim.Spec.Resources.Requests.Storage().String()}
				if claim.Spec.StorageClassName != nil {
					words = append(words, *claim.Spec.StorageClassName)
				}
				if claim.Labels[foundationv1alpha1.LabelRetired] == "true" {
					words = append(words, "retired")
				}
				got = append(got, strings.Join(words, " "))
				if claim.Labels[foundationv1alpha1.LabelTeam] != "hanbit" || !slices.Equal(claim.Spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}) {
					t.Errorf("claim %+v", claim)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPersistentVolumes(t *testing.T) {
	volume := func(policy corev1.PersistentVolumeReclaimPolicy, mods ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
		pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv-1", Labels: map[string]string{"zone": "a"}}}
		pv.Spec.PersistentVolumeReclaimPolicy = policy
		for _, mod := range mods {
			mod(pv)
		}
		return pv
	}
	owned := func(original, uid string) func(*corev1.PersistentVolume) {
		return func(pv *corev1.PersistentVolume) {
			pv.Labels[foundationv1alpha1.LabelTeam] = "hanbit"
			pv.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: uid, foundationv1alpha1.AnnotationReclaimPolicy: original}
		}
	}
	doomed := two(1, 1, builder.Term(time.Time{}, now), builder.KeptFor(0, 0), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete),
		builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "hanbit"))
	tests := map[string]struct {
		team         *foundationv1alpha1.FoundationTeam
		before, want *corev1.PersistentVolume
	}{
		"it outlives its claim":           {two(1, 1), volume("Delete"), volume("Retain", owned("Delete", "hanbit-uid"))},
		"it does already":                 {two(1, 1), volume("Retain"), volume("Retain", owned("Retain", "hanbit-uid"))},
		"somebody changed it back":        {two(1, 1), volume("Delete", owned("Delete", "hanbit-uid")), volume("Retain", owned("Delete", "hanbit-uid"))},
		"also of a team that has ended":   {two(1, 1, builder.Term(time.Time{}, now)), volume("Delete"), volume("Retain", owned("Delete", "hanbit-uid"))},
		"until its data is to be deleted": {doomed, volume("Retain", owned("Delete", "hanbit-uid")), volume("Delete", owned("Delete", "hanbit-uid"))},
		"an earlier team's, adopted":      {two(1, 1), volume("Retain", owned("Delete", "earlier")), volume("Retain", owned("Delete", "hanbit-uid"))},
		"another team's":                  {builder.Team("naru"), volume("Delete", owned("Delete", "hanbit-uid")), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.team, builder.OwnedNamespace(tt.team, "train"))
			in.PersistentVolumes = map[string]*corev1.PersistentVolume{"pv-1": tt.before}
			changes := buildPersistentVolumes(NewModel(in))
			if tt.want == nil {
				if len(changes) > 0 {
					t.Errorf("it is changed to %v", changes[0].after)
				}
				return
			}
			if diff := cmp.Diff(tt.want, changes[0].after); diff != "" {
				t.Error(diff)
			}
		})
	}
}
