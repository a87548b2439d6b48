package attack

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Objects with the team's label whose kinds the operator does not create; the second came from a template.
var (
	markedConfig = &corev1.ConfigMap{ObjectMeta: owned(train, "from-the-programme")}
	plainConfig  = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "own"}}
	markedPod    = pod(train, named("of-a-template"), labelled(teamKey, team))
	markedJob    = job(metav1.ObjectMeta{
		Namespace: train, Name: "of-a-cron-job", Labels: map[string]string{teamKey: team},
		Finalizers: []string{"x.example/y"}, // there is no such CronJob: garbage collection would end it
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "batch/v1", Kind: "CronJob", Name: "nightly", UID: "nightly", Controller: new(true),
		}},
	})
)

func identityFixtures() []client.Object {
	return []client.Object{markedConfig, plainConfig, markedPod, markedJob}
}

func job(meta metav1.ObjectMeta) *batchv1.Job {
	p := pod("")
	p.Spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: p.Spec}}}
}

func identityAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on "
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	// Each kind twice: with the label, and as its neighbour without it.
	creates := func(kind string, o client.Object) attack {
		plainly := clone(o)
		o.SetLabels(map[string]string{teamKey: team})
		return by(lead, "metadata.labels: foundation.team/team: hanbit"+forOperator+kind+" "+o.GetName(), create(o), create(plainly))
	}
	named := metav1.ObjectMeta{Namespace: train, Name: "mine"}
	changed := "metadata.labels: foundation.team/team: saebom" + forOperator + "configmaps from-the-programme"
	removed := "metadata.labels: foundation.team/team: (removed)" + forOperator + "configmaps from-the-programme"
	added := "metadata.labels: foundation.team/team: hanbit" + forOperator
	edited := merge(markedConfig, `{"data":{"x":"y"}}`)
	teamLabel := `"labels":{"foundation.team/team":"hanbit"}`
	return map[string]attack{
		"label a config map": creates("configmaps", &corev1.ConfigMap{ObjectMeta: named}),
		"label a secret":     creates("secrets", &corev1.Secret{ObjectMeta: named}),
		"label a service":    creates("services", service(train, "mine")),
		"label a job":        creates("jobs", job(named)),
		"label a pod":        creates("pods", pod(train)),
		"label a config map as a rival": by(lead, "metadata.labels: foundation.team/team: saebom"+forOperator+"configmaps own",
			merge(plainConfig, relabel), merge(plainConfig, harmless)),
		"label a config map later": by(engineer, added+"configmaps own", change(plainConfig, func(c *corev1.ConfigMap) {
			c.Labels = map[string]string{teamKey: team}
		}), merge(plainConfig, harmless)),
		"label a config map, by JSON patch": by(engineer, added+"configmaps own",
			patch(plainConfig, types.JSONPatchType, `[{"op":"add","path":"/metadata/labels","value":{"foundation.team/team":"hanbit"}}]`),
			patch(plainConfig, types.JSONPatchType, `[{"op":"add","path":"/metadata/labels","value":{"team":"hanbit"}}]`)),
		"label a config map, by strategic merge patch": by(engineer, added+"configmaps own",
			patch(plainConfig, types.StrategicMergePatchType, label), patch(plainConfig, types.StrategicMergePatchType, harmless)),
		"label a config map, by apply": by(engineer, added+"configmaps own",
			patch(plainConfig, types.ApplyPatchType, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","namespace":"hanbit-train",`+teamLabel+`}}`),
			patch(plainConfig, types.ApplyPatchType, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","namespace":"hanbit-train"}}`)),
		"label a running pod":                          by(engineer, added+"pods running", merge(running, label), merge(running, harmless)),
		"label a running pod through its status":       by(kubelet, added+"pods running", patchSub("status", running, types.MergePatchType, label), patchSub("status", running, types.MergePatchType, `{"status":{"phase":"Running"}}`)),
		"label a team's FoundationTeam as another's":   by(ops, "metadata.labels: foundation.team/team: saebom"+forOperator+"foundationteams hanbit", merge(foundationTeam, relabel), merge(foundationTeam, harmless)),
		"label what belongs to no namespace":           by(ops, added+"storageclasses "+class, merge(storageClass, label), merge(storageClass, harmless)),
		"label something in a namespace of nobody":     by(ops, added+"configmaps x", create(&corev1.ConfigMap{ObjectMeta: owned(plain, "x")}), create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: plain, Name: "x"}})),
		"move something labelled to a rival":           by(lead, changed, merge(markedConfig, relabel), edited),
		"take the label off":                           by(lead, removed, merge(markedConfig, unlabel), edited),
		"take the label off, by update":                by(lead, removed, change(markedConfig, func(c *corev1.ConfigMap) { c.Labels = nil }), edited),
		"forge the owner of something labelled":        by(lead, "metadata.labels: foundation.team/team: hanbit"+forOperator+"configmaps from-the-programme, and annotation", merge(markedConfig, `{"metadata":{"annotations":{"foundation.team/team-uid":"mine"}}}`), edited),
		"have something labelled garbage collected":    by(lead, "metadata.ownerReferences: configmaps from-the-programme has the label", merge(markedConfig, orphan), merge(plainConfig, orphan)),
		"delete something labelled":                    by(lead, "configmaps from-the-programme has the label foundation.team/team, an admin put it there", remove(markedConfig), remove(plainConfig)),
		"delete something labelled, with all the rest": by(ops, "configmaps from-the-programme has the label", removeAll(&corev1.ConfigMap{}, train), removeAll(&corev1.ConfigMap{}, rivalTrain)),
		"label a pod by binding it": {
			who: scheduler, refused: "is for the operator and admins to set on pods",
			try: createSub("binding", running, &corev1.Binding{
				ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: running.Name, Labels: map[string]string{teamKey: rival}},
				Target:     corev1.ObjectReference{Kind: "Node", Name: ownNode},
			}),
			control: createSub("binding", running, &corev1.Binding{
				ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: running.Name, Labels: map[string]string{corev1.LabelTopologyZone: "a"}},
				Target:     corev1.ObjectReference{Kind: "Node", Name: ownNode},
			}),
		},
	}
}
