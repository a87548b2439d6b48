package attack

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// clusterWork is what the cluster's components do. A guard that refuses it causes an outage.
func clusterWork() map[string]legitimateWork {
	return map[string]legitimateWork{
		"namespace deletion empties it of quotas":                 {namespaces, removeAll(&corev1.ResourceQuota{}, train)},
		"namespace deletion empties it of PersistentVolumeClaims": {namespaces, removeAll(&corev1.PersistentVolumeClaim{}, train)},
		"namespace deletion empties it of access":                 {namespaces, remove(ownedBinding)},
		"namespace deletion reports progress": {namespaces, changeSub("status", teamNamespace, func(n *corev1.Namespace) {
			n.Status.Conditions = []corev1.NamespaceCondition{{Type: "NamespaceDeletionContentFailure", Status: "False"}}
		})},
		"namespace deletion finalizes":                           {namespaces, changeSub("finalize", teamNamespace, func(n *corev1.Namespace) { n.Spec.Finalizers = nil })},
		"one controller for all deletes PersistentVolumeClaims":  {rootController, remove(ownedClaim)},
		"garbage collection deletes quotas":                      {collector, remove(ownedQuota)},
		"garbage collection patches PersistentVolumeClaims":      {collector, merge(ownedClaim, `{"metadata":{"finalizers":["foregroundDeletion"]}}`)},
		"garbage collection ends a team's deletion":              {collector, patch(foundationTeam, types.JSONPatchType, `[{"op":"remove","path":"/metadata/finalizers/1"}]`)},
		"garbage collection deletes pods":                        {collector, remove(running)},
		"quota is counted":                                       {quotas, changeSub("status", ownedQuota, func(q *corev1.ResourceQuota) { q.Status.Hard = q.Spec.Hard })},
		"PersistentVolumeClaims are bound":                       {volumeBinder, change(ownClaim, func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv-1" })},
		"volumes are bound":                                      {volumeBinder, change(dataVolume, func(v *corev1.PersistentVolume) { v.Spec.ClaimRef.UID = "corpus-2" })},
		"volumes are released":                                   {rootController, merge(dataVolume, `{"spec":{"claimRef":null}}`)},
		"volumes that are not retained are deleted":              {volumeBinder, remove(dataVolume)},
		"volumes are protected":                                  {rootController, merge(dataVolume, `{"metadata":{"finalizers":["kubernetes.io/pv-protection"]}}`)},
		"a storage driver deletes volumes":                       {csiDriver, remove(endedVolume)},
		"a storage driver puts finalizers on volumes":            {csiDriver, merge(dataVolume, `{"metadata":{"finalizers":["external-attacher/csi-example-com"]}}`)},
		"the status of PersistentVolumeClaims is reported":       {volumeBinder, changeSub("status", ownedClaim, func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost })},
		"PersistentVolumeClaims wait for their first pod":        {scheduler, change(ownedClaim, func(c *corev1.PersistentVolumeClaim) { c.Annotations["volume.kubernetes.io/selected-node"] = ownNode })},
		"a StatefulSet's PersistentVolumeClaims are created":     {statefulSets, create(claim(train, "data-0"))},
		"a pod's PersistentVolumeClaims are created":             {ephemerals, create(claim(train, "pod-data"))},
		"a storage driver annotates a PersistentVolumeClaim":     {csiDriver, merge(ownedClaim, harmless)},
		"a storage driver reports on a PersistentVolumeClaim":    {csiDriver, patchSub("status", ownedClaim, types.MergePatchType, `{"status":{"capacity":{"storage":"1Ti"}}}`)},
		"a kubelet reports an expansion":                         {kubelet, patchSub("status", ownedClaim, types.MergePatchType, `{"status":{"capacity":{"storage":"1Ti"}}}`)},
		"a kubelet reports a pod":                                {kubelet, patchSub("status", running, types.MergePatchType, `{"status":{"phase":"Running"}}`)},
		"a kubelet deletes a pod":                                {kubelet, remove(running)},
		"a kubelet reports itself":                               {kubelet, patchSub("status", heldNode, types.StrategicMergePatchType, `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`)},
		"a kubelet registers as nobody's":                        {kubelet, create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-new"}, Spec: node("", "").Spec})},
		"the cluster taints a failing node":                      {rootController, patch(heldNode, types.JSONPatchType, `[{"op":"add","path":"/spec/taints/-","value":{"key":"node.kubernetes.io/pid-pressure","effect":"NoSchedule"}}]`)},
		"a node is cordoned":                                     {ops, merge(heldNode, `{"spec":{"unschedulable":true}}`)},
		"a node is deleted":                                      {ops, remove(heldNode)},
		"Jobs make pods":                                         {jobs, create(pod(train, asksFor(gpu, "8")))},
		"Jobs remove their finalizer from pods":                  {jobs, merge(finishing, `{"metadata":{"finalizers":null}}`)},
		"ReplicaSets make pods":                                  {replicaSets, create(pod(train))},
		"ReplicaSets make pods for others":                       {replicaSets, create(pod(plain))},
		"DaemonSets of the cluster go everywhere":                {ops, create(pod(plain, tolerates(anyOf("")), requires("x", corev1.NodeSelectorOpExists)))},
		"system pods use devices everywhere":                     {ops, create(pod("kube-system", asksFor(gpu, "1"), tolerates(anyOf("")), onNode(ownNode)))},
		"pods are bound":                                         {scheduler, createSub("binding", running, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: running.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: ownNode}})},
		"outsiders' pods are bound":                              {ops, createSub("binding", outsider, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: plain, Name: outsider.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: freeNode}})},
		"EndpointSlices copy labels":                             {endpoints, create(slice(metav1.ObjectMeta{Namespace: train, Name: "x", Labels: map[string]string{teamKey: team}}))},
		"Jobs make pods as templates say":                        {jobs, create(pod(train, labelled(teamKey, team)))},
		"garbage collection deletes objects with a team's label": {collector, remove(markedConfig)},
		"a kubelet reports a pod with a team's label":            {kubelet, patchSub("status", markedPod, types.MergePatchType, `{"status":{"phase":"Running"}}`)},
		"a kubelet deletes a pod with a team's label":            {kubelet, remove(markedPod)},
		"pods of templates can be deleted":                       {engineer, remove(markedPod)},
		"jobs of templates can be deleted":                       {engineer, remove(markedJob)},
		"jobs of templates can be suspended":                     {engineer, merge(markedJob, `{"spec":{"suspend":true}}`)},
		"namespace deletion empties it of staff's bindings":      {namespaces, remove(leadsBinding)},
		"namespace deletion empties it of admins' bindings":      {namespaces, remove(adminsBinding)},
		"namespace deletion empties it of staff's policies":      {namespaces, remove(leadsPolicy)},
		"garbage collection ends bindings":                       {collector, remove(leadsBinding)},
		"garbage collection patches bindings":                    {collector, merge(adminsBinding, `{"metadata":{"finalizers":["foregroundDeletion"]}}`)},
		"leads give rights to a group of staff":                  {lead, create(bindingNamed(furtherRights(group("hanbit-interns")), "new"))},
		"leads give rights to a service account":                 {lead, create(bindingNamed(furtherRights(account(train)), "new"))},
		"leads restrict a namespace's network further":           {lead, create(networkPolicy("closed"))},
		"others use service types that teams may not":            {ops, create(service(plain, "x", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeNodePort }))},
		"others allow all traffic":                               {ops, create(unrestricted(plain))},
		"others have lasting tokens":                             {ops, create(lastingToken(plain))},
		"others claim volumes by name":                           {ops, create(claim(plain, "x", func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv-1" }))},
		"GitOps changes a team":                                  {ops, merge(foundationTeam, `{"metadata":{"annotations":{"foundation.team/hold":"audit"}}}`)},
		"GitOps deletes a team":                                  {ops, remove(foundationTeam)},
	}
}

// lastingToken is a secret that is filled with a token of the default account.
func lastingToken(namespace string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}
}

// privileged is what only the operator and admins may do.
func privileged() map[string]legitimateWork {
	requests := map[string]request{
		"create a namespace of a team":     create(namespaceFor("hanbit-y", teamKey, team)),
		"move a namespace":                 merge(teamNamespace, relabel),
		"delete a namespace":               remove(teamNamespace),
		"change the quota":                 merge(ownedQuota, `{"spec":{"hard":{"pods":"9"}}}`),
		"delete the isolation":             remove(ownedPolicy),
		"add to the staff":                 create(bindingNamed(roleBinding(train, "lead", viewer), "other")),
		"delete the volume":                remove(ownedClaim),
		"enlarge the volume's request":     merge(ownedClaim, `{"metadata":{"labels":{"foundation.team/retired":"true"}}}`),
		"claim any device":                 create(deviceClaim(audited, "x", ofClasses(rivalClass), asAdmin)),
		"claim a volume by name":           create(claim(train, "x", func(c *corev1.PersistentVolumeClaim) { c.ObjectMeta, c.Spec.VolumeName = owned(train, "x"), "pv-1" })),
		"assign a node to a team":          patch(looseNode, types.JSONPatchType, `[{"op":"add","path":"/metadata/labels/node-restriction.kubernetes.io~1foundation-team","value":"hanbit"},{"op":"replace","path":"/spec/taints/0","value":{"key":"foundation.team/team","value":"hanbit","effect":"NoSchedule"}}]`),
		"drain a team's node":              merge(heldNode, `{"metadata":{"annotations":{"foundation.team/draining-since":"2026-01-01T00:00:00Z"}}}`),
		"have a lasting token":             create(lastingToken(train)),
		"write status":                     patchSub("status", foundationTeam, types.MergePatchType, `{"status":{"state":"InTerm"}}`),
		"remove a team's finalizer":        merge(foundationTeam, `{"metadata":{"finalizers":null}}`),
		"delete a binding that staff made": remove(leadsBinding),
		"delete a PersistentVolume":        remove(dataVolume),
		"label an object as a team's":      merge(plainConfig, label),
		"publish a service":                create(service(train, "x", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeLoadBalancer })),
	}
	admins := map[string]request{ // what the operator never does, see foundation-operator
		"hand on data":           merge(dataVolume, `{"spec":{"claimRef":null}}`),
		"give an auditor rights": create(bindingNamed(furtherRights(user(ops)), "new")),
		"open a way in":          create(networkPolicy("monitoring", from(inNamespaces(corev1.LabelMetadataName, "monitoring")))),
	}
	all := map[string]legitimateWork{}
	may := func(requests map[string]request, who ...actor) {
		for name, try := range requests {
			for _, who := range who {
				all[name+" by "+who.name] = legitimateWork{who, try}
			}
		}
	}
	root := actor{name: "root", groups: []string{"system:masters"}}
	may(requests, operator, admin, root)
	may(admins, admin, root)
	return all
}

// slice has the addresses of a service.
func slice(meta metav1.ObjectMeta) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4}
}
