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
	hanbit := twoNamespaces()
	corpus := builder.Volume("corpus", "train", "2Ti", "fast")
	claim := func(name, size string) *corev1.PersistentVolumeClaim {
		return managed(builder.Claim(hanbit, "train", name, size, size), claimFields)
	}
	fast := builder.StorageClass("fast", "Immediate")
	rigid := builder.StorageClass("rigid", "Immediate")
	rigid.AllowVolumeExpansion = new(false)
	ofRigid := claim("corpus", "1Ti")
	ofRigid.Spec.StorageClassName = new("rigid")
	expanding := managed(builder.Claim(hanbit, "train", "corpus", "3Ti", "2Ti"), claimFields)
	lagging := managed(builder.Claim(hanbit, "train", "corpus", "3Ti", "1Ti"), claimFields)
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"no volume is declared":                                        {input(hanbit), nil},
		"a new volume":                                                 {input(twoNamespaces(corpus), fast), []string{"corpus 2Ti fast"}},
		"a volume of the default StorageClass":                         {input(twoNamespaces(builder.Volume("corpus", "train", "2Ti", ""))), []string{"corpus 2Ti"}},
		"a volume of another namespace":                                {input(twoNamespaces(builder.Volume("corpus", "eval", "2Ti", ""))), nil},
		"a new volume whose class does not exist":                      {input(twoNamespaces(corpus)), nil},
		"an existing PersistentVolumeClaim whose StorageClass is gone": {input(twoNamespaces(corpus), claim("corpus", "2Ti")), []string{"corpus 2Ti fast"}},
		"a PersistentVolumeClaim that grows":                           {input(twoNamespaces(corpus), fast, claim("corpus", "1Ti")), []string{"corpus 2Ti fast"}},
		"volume trap: one that its StorageClass cannot expand":         {input(twoNamespaces(builder.Volume("corpus", "train", "2Ti", "rigid")), rigid, ofRigid), []string{"corpus 1Ti rigid"}},
		"volume trap: an expansion taken back to what there is":        {input(twoNamespaces(corpus), fast, expanding), []string{"corpus 3Ti fast"}},
		"volume trap: an expansion taken back to more than there is":   {input(twoNamespaces(corpus), fast, lagging), []string{"corpus 2Ti fast"}},
		"a volume that was taken out of the spec":                      {input(hanbit, claim("old", "1Ti")), []string{"old 1Ti retired"}},
		"a PersistentVolumeClaim that the operator did not write":      {input(hanbit, builder.Claim(hanbit, "train", "theirs", "1Ti", "")), nil},
		"no new PersistentVolumeClaim in a locked namespace": {
			input(twoNamespaces(corpus, builder.Deleted()), fast, builder.OwnedNamespace(hanbit, "train")), nil,
		},
		"an existing PersistentVolumeClaim in a locked namespace stays as it is": {
			input(twoNamespaces(corpus, builder.Deleted()), fast, builder.OwnedNamespace(hanbit, "train"), claim("corpus", "2Ti")), nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			train := namespaceOf(t, Build(NewModel(tt.in)), "train")
			for _, obj := range append(train.Volumes, train.Retired...) {
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
	doomed := twoNamespaces(builder.Term(time.Time{}, now), builder.KeptFor(0, 0), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete),
		builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "hanbit"))
	tests := map[string]struct {
		team         *foundationv1alpha1.FoundationTeam
		before, want *corev1.PersistentVolume
	}{
		"a volume is set to Retain":                                 {twoNamespaces(), volume("Delete"), volume("Retain", owned("Delete", "hanbit-uid"))},
		"a volume of a class that retains":                          {twoNamespaces(), volume("Retain"), volume("Retain", owned("Retain", "hanbit-uid"))},
		"somebody set it back to Delete":                            {twoNamespaces(), volume("Delete", owned("Delete", "hanbit-uid")), volume("Retain", owned("Delete", "hanbit-uid"))},
		"a volume of a team that has ended":                         {twoNamespaces(builder.Term(time.Time{}, now)), volume("Delete"), volume("Retain", owned("Delete", "hanbit-uid"))},
		"a volume whose data is to be deleted gets its policy back": {doomed, volume("Retain", owned("Delete", "hanbit-uid")), volume("Delete", owned("Delete", "hanbit-uid"))},
		"an earlier team's volume, adopted":                         {twoNamespaces(), volume("Retain", owned("Delete", "earlier")), volume("Retain", owned("Delete", "hanbit-uid"))},
		"another team's volume":                                     {builder.Team("naru"), volume("Delete", owned("Delete", "hanbit-uid")), nil},
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
