package attack

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// manifestAttacks are in the FoundationTeam itself: they would have the operator act for whoever writes it.
func manifestAttacks() map[string]attack {
	staffed := func(kind foundationv1alpha1.SubjectKind, name string) *foundationv1alpha1.FoundationTeam {
		return &foundationv1alpha1.FoundationTeam{
			ObjectMeta: metav1.ObjectMeta{Name: "naru"},
			Spec: foundationv1alpha1.FoundationTeamSpec{DisplayName: "Naru", Staff: []foundationv1alpha1.StaffMember{{
				Name: "all", Role: foundationv1alpha1.RoleLead, Subject: foundationv1alpha1.StaffSubject{Kind: kind, Name: name},
			}}},
		}
	}
	const cluster = "names that start with system: belong to the cluster"
	group, person := foundationv1alpha1.SubjectGroup, foundationv1alpha1.SubjectUser
	by := func(refused string, o *foundationv1alpha1.FoundationTeam) attack {
		return attack{who: ops, try: create(o), refused: refused, control: create(staffed(person, "someone@naru.example"))}
	}
	calledAs := func(name string) *foundationv1alpha1.FoundationTeam {
		o := staffed(person, "someone@naru.example")
		o.Name = name
		return o
	}
	all := map[string]attack{}
	for _, name := range []string{"system:masters", "system:authenticated", "system:unauthenticated", "System:Masters", "system:nodes", "system:serviceaccounts"} {
		all["have "+name+" on the staff"] = by(cluster, staffed(group, name))
	}
	for _, name := range []string{"system:admin", "system:serviceaccount:saebom-train:default", "system:kube-controller-manager", "system:node:" + ownNode} {
		all["have "+name+" on the staff"] = by(cluster, staffed(person, name))
	}
	for _, name := range []string{"kube", "kube-system", "foundation-system", "default", "openshift-x", "kubernetes"} {
		all["call a team "+name] = by("is reserved, its namespaces could be mistaken for the cluster's own", calledAs(name))
	}
	all["call a team by a name that is cut off"] = by("must be at most 40 lower case letters", calledAs(strings.Repeat("x", 41)))
	return all
}

// otherWays repeat attacks of the tables above with every kind of patch and through subresources.
func otherWays() map[string]attack {
	all := map[string]attack{}
	add := func(what string, a attack) { all[what] = a }
	whole := `{"apiVersion":"v1","kind":"Namespace",` + relabel[1:len(relabel)-2] + `,"name":"hanbit-train"}}`
	moved := "metadata.labels: foundation.team/team: saebom is for the operator and admins to set on namespace " + train
	stolen := "metadata.labels: foundation.team/team: saebom is for the operator and admins to set on node " + ownNode
	for name, kind := range map[string]types.PatchType{
		"JSON patch": types.JSONPatchType, "merge patch": types.MergePatchType,
		"strategic merge patch": types.StrategicMergePatchType, "apply": types.ApplyPatchType,
	} {
		body, nodeBody, note := relabel, relabel, harmless
		switch kind { //nolint:exhaustive // the others take a merge patch
		case types.JSONPatchType:
			body = `[{"op":"replace","path":"/metadata/labels/foundation.team~1team","value":"saebom"}]`
			nodeBody, note = body, `[{"op":"add","path":"/metadata/labels/x","value":"y"}]`
		case types.ApplyPatchType:
			body = whole
			nodeBody = strings.NewReplacer("Namespace", "Node", "hanbit-train", ownNode).Replace(whole)
			note = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"hanbit-train","labels":{"x":"y"}}}`
		}
		nodeNote := strings.NewReplacer("Namespace", "Node", "hanbit-train", ownNode).Replace(note)
		add("move the namespace to a rival, by "+name, attack{who: ops, try: patch(teamNamespace, kind, body), refused: moved, control: patch(teamNamespace, kind, note)})
		add("move a node to a rival, by "+name, attack{who: ops, try: patch(heldNode, kind, nodeBody), refused: stolen, control: patch(heldNode, kind, nodeNote)})
		if kind == types.ApplyPatchType {
			continue // needs the owner of fields, which subresources take otherwise
		}
		add("move the namespace to a rival through status, by "+name, attack{
			who: ops, try: patchSub("status", teamNamespace, kind, body), refused: moved, control: patchSub("status", teamNamespace, kind, note),
		})
		add("move a node to a rival through status, by "+name, attack{
			who: ops, try: patchSub("status", heldNode, kind, nodeBody), refused: stolen, control: patchSub("status", heldNode, kind, nodeNote),
		})
	}
	add("move the namespace to a rival through finalize", attack{
		who: ops, try: changeSub("finalize", teamNamespace, func(n *corev1.Namespace) { n.Labels[teamKey] = rival }), refused: moved,
		control: changeSub("finalize", teamNamespace, func(n *corev1.Namespace) { n.Labels["x"] = "y" }),
	})
	return all
}

// clusterAttacks are by the lead on cluster-scoped objects. RBAC has to refuse them.
func clusterAttacks() map[string]attack {
	sees := canI("list", "", "pods", "", train)
	all := map[string]attack{}
	for what, try := range map[string]request{
		"make a namespace": create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "hanbit-x"}}),
		"make a node":      create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-x"}}),
		"make a volume":    create(persistentVolume(metav1.ObjectMeta{Name: "pv-x"}, corev1.PersistentVolumeReclaimDelete)),
		"delete all the team's PersistentVolumeClaims": removeAll(&corev1.PersistentVolumeClaim{}, train),
		"delete all the team's pods":                   removeAll(&corev1.Pod{}, train),
	} {
		all[what+" as the lead"] = attack{who: lead, try: try, refused: `cannot `, control: sees}
	}
	for what, asked := range map[string][4]string{
		"reach a kubelet": {"get", "", "nodes", "proxy"}, "reach a pod by proxy": {"create", "", "pods", "proxy"}, "reach a service by proxy": {"get", "", "services", "proxy"},
		"approve a certificate": {"update", "certificates.k8s.io", "certificatesigningrequests", "approval"},
		"change a quota's use":  {"patch", "", "resourcequotas", "status"}, "write the status of pods": {"patch", "", "pods", "status"},
		"make a snapshot of a rival's handle": {"create", "snapshot.storage.k8s.io", "volumesnapshotcontents", ""},
		"change a StorageClass":               {"patch", "storage.k8s.io", "storageclasses", ""},
		"make a webhook":                      {"create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", ""},
		"take a policy off":                   {"delete", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", ""},
		"raise the own fairness":              {"patch", "flowcontrol.apiserver.k8s.io", "flowschemas", ""},
		"ask for a certificate":               {"create", "certificates.k8s.io", "certificatesigningrequests", ""},
		"make a replication controller":       {"create", "", "replicationcontrollers", ""},
		"run daemons on every node":           {"create", "apps", "daemonsets", ""},
		"serve an API":                        {"create", "apiregistration.k8s.io", "apiservices", ""},
		"delete a kind":                       {"delete", "apiextensions.k8s.io", "customresourcedefinitions", ""},
	} {
		for role, who := range staff {
			all[what+" as "+role] = attack{who: who, try: canI(asked[0], asked[1], asked[2], asked[3], ""), refused: "cannot " + asked[0] + " " + asked[2], control: sees}
		}
	}
	return all
}
