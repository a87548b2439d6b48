package attack

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Objects that outlive a team: its TeamRecord and the PersistentVolume with its data; and a PersistentVolume of no team.
var (
	record = &foundationv1alpha1.TeamRecord{
		ObjectMeta: owned("", "hanbit.c0ffee"),
		Spec:       foundationv1alpha1.TeamRecordSpec{TeamName: team, UIDs: []string{"c0ffee"}, State: foundationv1alpha1.StateInTerm},
	}
	dataVolume = persistentVolume(owned("", "pv-hanbit"), corev1.PersistentVolumeReclaimRetain)
	// endedVolume was released by its claim, and an admin confirmed that it may go: that is for its driver to do.
	endedVolume = func() *corev1.PersistentVolume {
		v := persistentVolume(owned("", "pv-ended"), corev1.PersistentVolumeReclaimDelete)
		v.Annotations["pv.kubernetes.io/provisioned-by"] = "csi.example.com"
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: train, Name: "gone", UID: "gone"}
		return v
	}()
	keptVolume = persistentVolume(owned("", "pv-kept"), corev1.PersistentVolumeReclaimDelete) // still bound
	// heldVolume would go with its claim, if it did not hold the team's data.
	heldVolume = func() *corev1.PersistentVolume {
		v := persistentVolume(owned("", "pv-held"), corev1.PersistentVolumeReclaimRetain)
		v.Annotations[foundationv1alpha1.AnnotationReclaimPolicy] = string(corev1.PersistentVolumeReclaimDelete)
		return v
	}()
	spareVolume = persistentVolume(metav1.ObjectMeta{Name: "pv-spare"}, corev1.PersistentVolumeReclaimDelete)
	// leftVolume keeps the team's data after its claim is gone, strayVolume that of nobody's claim.
	leftVolume = func() *corev1.PersistentVolume {
		v := persistentVolume(owned("", "pv-left"), corev1.PersistentVolumeReclaimRetain)
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: train, Name: "left", UID: "gone"}
		return v
	}()
	strayVolume = func() *corev1.PersistentVolume {
		v := persistentVolume(metav1.ObjectMeta{Name: "pv-stray"}, corev1.PersistentVolumeReclaimRetain)
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: plain, Name: "ledger", UID: "gone"}
		return v
	}()
	// corpusVolume is what the team's claim is bound to.
	corpusVolume = func() *corev1.PersistentVolume {
		v := persistentVolume(owned("", "pv-corpus"), corev1.PersistentVolumeReclaimRetain)
		v.Spec.StorageClassName = class
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: train, Name: "corpus"}
		return v
	}()
)

func persistentVolume(meta metav1.ObjectMeta, policy corev1.PersistentVolumeReclaimPolicy) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: meta,
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Ti")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              kept,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: "csi.example.com", VolumeHandle: meta.Name},
			},
		},
	}
}

func recordAttacks() map[string]attack {
	ours := foundationv1alpha1.GroupVersion.Group
	const operators = " is what the operator remembers of a team, and only it writes that"
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control, by: operator}
	}
	forged := record.DeepCopy()
	forged.Name = "hanbit.forged"
	claimUID := merge(record, `{"spec":{"uids":["c0ffee","mine"]}}`)
	return map[string]attack{
		"pass for a team that was": by(ops, "teamrecords hanbit.c0ffee"+operators, claimUID, claimUID),
		"pass for a team that was, by JSON patch": by(ops, "teamrecords hanbit.c0ffee"+operators,
			patch(record, types.JSONPatchType, `[{"op":"add","path":"/spec/uids/-","value":"mine"}]`), claimUID),
		"forge the record of a team":          by(ops, "teamrecords hanbit.forged"+operators, create(forged), create(forged)),
		"forget a team":                       by(ops, "teamrecords hanbit.c0ffee"+operators, remove(record), claimUID),
		"forget a team by garbage collection": {who: collector, try: remove(record), refused: "teamrecords hanbit.c0ffee" + operators, control: remove(plainNamespace)},
		"read the record as the lead": {
			who: lead, try: canI("get", ours, "teamrecords", "", ""), refused: "cannot get teamrecords", control: canI("get", ours, "teamrecords", "", ""), by: ops,
		},
		"read who was decided on as the lead": {
			who: lead, try: canI("list", ours, "foundationprograms", "", ""), refused: "cannot list foundationprograms", control: canI("list", ours, "foundationprograms", "", ""), by: ops,
		},
		"decide on the own team as the lead": {
			who: lead, try: merge(program, `{"spec":{"seats":6}}`), refused: `cannot patch resource "foundationprograms"`,
			control: merge(program, `{"spec":{"seats":6}}`), by: ops,
		},
		"write a programme's status": {
			who: ops, try: patchSub("status", program, types.MergePatchType, `{"status":{"observedGeneration":9}}`),
			refused: "status: foundationprograms sovereign has its status from the operator", control: merge(program, `{"spec":{"seats":6}}`),
		},
	}
}

func persistentVolumeAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on PersistentVolume "
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	noted := merge(dataVolume, harmless)
	made := persistentVolume(owned("", "pv-made"), corev1.PersistentVolumeReclaimDelete)
	plainly := persistentVolume(metav1.ObjectMeta{Name: "pv-made"}, corev1.PersistentVolumeReclaimDelete)
	return map[string]attack{
		"move data to a rival":             by(ops, "metadata: foundation.team/team"+forOperator+"pv-hanbit", merge(dataVolume, relabel), noted),
		"take data out of care":            by(ops, "metadata: foundation.team/team"+forOperator+"pv-hanbit", merge(dataVolume, unlabel), noted),
		"take data out of care, by status": by(ops, "metadata: foundation.team/team"+forOperator+"pv-hanbit", patchSub("status", dataVolume, types.MergePatchType, unlabel), noted),
		"pass a volume off as a team's":    by(csiDriver, "metadata: foundation.team/team"+forOperator+"pv-spare", merge(spareVolume, label), merge(spareVolume, harmless)),
		"make a volume a team's":           by(csiDriver, "metadata: foundation.team/team, foundation.team/team-uid"+forOperator+"pv-made", create(made), create(plainly)),
		"forge whose data it is":           by(ops, "metadata: foundation.team/team-uid"+forOperator+"pv-hanbit", merge(dataVolume, `{"metadata":{"annotations":{"foundation.team/team-uid":"mine"}}}`), noted),
		"have data go with its claim":      by(ops, "spec.persistentVolumeReclaimPolicy: PersistentVolume pv-hanbit holds data of team hanbit", merge(dataVolume, `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`), merge(spareVolume, `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`)),
		"bind data to a claim of one's own": by(ops, "spec.claimRef: saebom-train/mine would get the data of team hanbit in PersistentVolume pv-hanbit",
			merge(dataVolume, `{"spec":{"claimRef":{"namespace":"saebom-train","name":"mine","uid":null}}}`), merge(spareVolume, `{"spec":{"claimRef":{"namespace":"saebom-train","name":"mine"}}}`)),
		"set data free": by(ops, "spec.claimRef: (removed) would get the data of team hanbit",
			patch(dataVolume, types.JSONPatchType, `[{"op":"remove","path":"/spec/claimRef"}]`), noted),
		"set data free, as a storage driver": by(csiDriver, "spec.claimRef: (removed) would get the data of team hanbit",
			merge(dataVolume, `{"spec":{"claimRef":null}}`), noted),
		"bind data to another claim of the name": by(ops, "spec.claimRef: hanbit-train/corpus would get the data of team hanbit",
			merge(dataVolume, `{"spec":{"claimRef":{"uid":"mine"}}}`), noted),
		"delete the way to data":                          by(ops, "PersistentVolume pv-hanbit leads to data of team hanbit", remove(dataVolume), remove(spareVolume)),
		"delete the way to data, as a storage driver":     by(csiDriver, "PersistentVolume pv-hanbit leads to data of team hanbit", remove(dataVolume), remove(spareVolume)),
		"delete the way to data before its claim is gone": by(csiDriver, "PersistentVolume pv-kept leads to data of team hanbit", remove(keptVolume), remove(endedVolume)),
		"delete all ways to data":                         by(ops, "PersistentVolume pv-corpus leads to data of team hanbit", removeAll(&corev1.PersistentVolume{}, ""), remove(spareVolume)),
		"have data go with its claim, as the lead": {
			who: lead, try: merge(dataVolume, `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`), refused: `cannot patch resource "persistentvolumes"`,
			control: merge(dataVolume, `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`), by: admin,
		},
	}
}

var program = &foundationv1alpha1.FoundationProgram{
	ObjectMeta: metav1.ObjectMeta{Name: "sovereign"},
	Spec:       foundationv1alpha1.FoundationProgramSpec{Seats: 5},
}

// releasedVolumes are those of claims that are gone.
var releasedVolumes = []*corev1.PersistentVolume{endedVolume, leftVolume, strayVolume}

func recordFixtures() []client.Object {
	dataVolume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: train, Name: ownedClaim.Name, UID: "corpus"}
	return []client.Object{record, dataVolume, endedVolume, keptVolume, heldVolume, leftVolume, strayVolume, spareVolume, corpusVolume, program}
}
