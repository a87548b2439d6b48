package attack

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func volumeAttacks() map[string]attack {
	const (
		byName = "spec.volumeName: pv-saebom may hold data of others"
		static = "spec.storageClassName: a claim without a class, with a selector or with the old annotation"
	)
	bound := func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv-saebom" }
	classless := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil }
	noClass := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("") }
	selecting := func(c *corev1.PersistentVolumeClaim) {
		c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"owner": rival}}
	}
	oldWay := func(c *corev1.PersistentVolumeClaim) {
		c.Annotations = map[string]string{corev1.BetaStorageClassAnnotation: ""}
	}
	from := func(namespace string) func(*corev1.PersistentVolumeClaim) {
		return func(c *corev1.PersistentVolumeClaim) {
			c.Spec.DataSourceRef = &corev1.TypedObjectReference{
				APIGroup: new("snapshot.storage.k8s.io"), Kind: "VolumeSnapshot", Name: "s", Namespace: &namespace,
			}
		}
	}
	by := func(who actor, refused string, with ...func(*corev1.PersistentVolumeClaim)) attack {
		return attack{
			who: who, try: create(claim(train, "new", with...)), refused: refused,
			control: create(claim(train, "new")),
		}
	}
	return map[string]attack{
		"claim a volume by name":                        by(steward, byName, bound),
		"claim a volume by name as the lead":            by(lead, byName, bound),
		"claim a volume by name through a StatefulSet":  by(statefulSets, byName, bound),
		"claim a volume by name through a pod":          by(ephemerals, byName, bound),
		"claim a volume by name with all rights":        by(ops, byName, bound),
		"claim a volume without a class":                by(steward, static, classless),
		"claim a volume of no class":                    by(steward, static, noClass),
		"claim a volume by its labels":                  by(steward, static, selecting),
		"claim a volume by the old annotation":          by(steward, static, oldWay),
		"claim a volume by labels through a controller": by(statefulSets, static, selecting),
		"copy a rival's snapshot": {
			who: steward, try: create(claim(train, "new", from(rivalTrain))),
			refused: "spec.dataSourceRef.namespace: saebom-train is another namespace", control: create(claim(train, "new", from(train))),
		},
		"claim a volume by name later": {
			who: steward, try: change(ownClaim, bound), refused: byName, control: change(ownClaim, bound), by: volumeBinder,
		},
		"claim a volume as the engineer": {
			who: engineer, try: create(claim(train, "new")), refused: `cannot create resource "persistentvolumeclaims"`,
			control: create(claim(train, "new")), by: steward,
		},
		"claim a volume as the rival": {
			who: rivalLead, try: create(claim(train, "new")), refused: `cannot create resource "persistentvolumeclaims"`,
			control: create(claim(rivalTrain, "new")),
		},
	}
}

func serviceAttacks() map[string]attack {
	typed := func(kind corev1.ServiceType) func(*corev1.Service) {
		return func(s *corev1.Service) { s.Spec.Type = kind }
	}
	external := func(s *corev1.Service) { s.Spec.ExternalIPs = []string{"192.0.2.1"} }
	elsewhere := func(s *corev1.Service) {
		s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, "api.saebom.example"
	}
	by := func(who actor, refused string, with func(*corev1.Service)) attack {
		return attack{who: who, try: create(service(train, "new", with)), refused: refused, control: create(service(train, "new"))}
	}
	const nodePort = "spec.type: NodePort is not for teams"
	return map[string]attack{
		"open a port on every node":             by(engineer, nodePort, typed(corev1.ServiceTypeNodePort)),
		"open a port on every node as the lead": by(lead, nodePort, typed(corev1.ServiceTypeNodePort)),
		"get a load balancer":                   by(engineer, "spec.type: LoadBalancer is not for teams", typed(corev1.ServiceTypeLoadBalancer)),
		"name an outside host":                  by(engineer, "spec.type: ExternalName is not for teams", elsewhere),
		"take an external address":              by(engineer, "spec.externalIPs: 192.0.2.1 could catch", external),
		"open a port on every node later": {
			who: engineer, try: change(ownService, typed(corev1.ServiceTypeNodePort)), refused: nodePort,
			control: change(ownService, func(s *corev1.Service) { s.Spec.Ports[0].Port = 8080 }),
		},
		"take an external address later": {
			who: engineer, try: merge(ownService, `{"spec":{"externalIPs":["192.0.2.1"]}}`), refused: "spec.externalIPs: 192.0.2.1",
			control: merge(ownService, harmless),
		},
		"get a load balancer through a tool": {
			who: ops, try: create(service(train, "new", typed(corev1.ServiceTypeLoadBalancer))), refused: "spec.type: LoadBalancer",
			control: create(service(train, "new", typed(corev1.ServiceTypeLoadBalancer))), by: admin,
		},
		"serve as the data steward": {
			who: steward, try: create(service(train, "new")), refused: `cannot create resource "services"`,
			control: create(service(train, "new")), by: engineer,
		},
	}
}

func secretAttacks() map[string]attack {
	token := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: train, Name: "token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"},
		},
		Type: corev1.SecretTypeServiceAccountToken,
	}
	opaque := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "password"}}
	all := map[string]attack{}
	for role, who := range map[string]actor{"the lead": lead, "the engineer": engineer, "the data steward": steward, "a tool": ops} {
		all["get a token that never expires as "+role] = attack{
			who: who, try: create(token), refused: "type: kubernetes.io/service-account-token gives a token that never expires",
			control: create(opaque),
		}
	}
	return all
}
