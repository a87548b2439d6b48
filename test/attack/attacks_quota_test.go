package attack

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// requested are the quota entries that a request would exceed.
var requested = regexp.MustCompile(`exceeded quota: foundation, requested: (\S+), used: `)

// beyond is the quota entry that a request is meant to exceed, among others.
func beyond(key string, try request) request {
	return func(ctx context.Context, c client.Client) error {
		err := try(ctx, c)
		if err == nil {
			return nil
		}
		found := requested.FindStringSubmatch(err.Error())
		if found != nil && slices.ContainsFunc(strings.Split(found[1], ","), func(entry string) bool { return strings.HasPrefix(entry, key+"=") }) {
			return fmt.Errorf("goes beyond %s: %w", key, err)
		}
		return err
	}
}

// quotaAttacks create one more of each thing that the operator's quota counts, where nothing is left. They are by an admin,
// whom RBAC and policies allow it, so that only the quota can refuse.
func quotaAttacks() map[string]attack {
	all := map[string]attack{}
	for key := range exhaustedQuota().Spec.Hard {
		all["exceed "+string(key)] = attack{
			who: admin, try: beyond(string(key), create(oneMore(string(key), exhausted))), refused: "goes beyond " + string(key),
			control: create(oneMore(string(key), unconfined)),
		}
	}
	return all
}

// oneMore is an object that counts for an entry of a quota.
func oneMore(key, namespace string) client.Object {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "one-more"}
	labels := map[string]string{"app": "one-more"}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	template := pod(namespace)
	of := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: template.Spec}
	once := of
	once.Spec.RestartPolicy = corev1.RestartPolicyNever
	typed := func(kind corev1.ServiceType) client.Object {
		return service(namespace, meta.Name, func(s *corev1.Service) { s.Spec.Type = kind })
	}
	switch key {
	case "services":
		return service(namespace, meta.Name)
	case "services.nodeports":
		return typed(corev1.ServiceTypeNodePort)
	case "services.loadbalancers":
		return typed(corev1.ServiceTypeLoadBalancer)
	case "secrets":
		return &corev1.Secret{ObjectMeta: meta}
	case "configmaps":
		return &corev1.ConfigMap{ObjectMeta: meta}
	case "replicationcontrollers":
		return &corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Selector: labels, Template: &of}}
	case "persistentvolumeclaims", "requests.storage":
		return claim(namespace, meta.Name)
	case "count/deployments.apps":
		return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Selector: selector, Template: of}}
	case "count/replicasets.apps":
		return &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: selector, Template: of}}
	case "count/statefulsets.apps":
		return &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: of}}
	case "count/controllerrevisions.apps":
		return &appsv1.ControllerRevision{ObjectMeta: meta, Revision: 1, Data: runtime.RawExtension{Raw: []byte(`{"x":1}`)}}
	case "count/jobs.batch":
		return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: once}}
	case "count/cronjobs.batch":
		return &batchv1.CronJob{ObjectMeta: meta, Spec: batchv1.CronJobSpec{
			Schedule: "@daily", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: once}},
		}}
	case "count/roles.rbac.authorization.k8s.io":
		return &rbacv1.Role{ObjectMeta: meta}
	case "count/rolebindings.rbac.authorization.k8s.io":
		return &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team-viewer"}}
	case "count/networkpolicies.networking.k8s.io":
		return &networkingv1.NetworkPolicy{ObjectMeta: meta}
	case "count/leases.coordination.k8s.io":
		return &coordinationv1.Lease{ObjectMeta: meta}
	case "count/resourceclaimtemplates.resource.k8s.io":
		return deviceTemplate(deviceClaim(namespace, meta.Name))
	case "pods", "count/pods", "requests.cpu", "requests.memory", "requests.ephemeral-storage":
		return pod(namespace, named(meta.Name), asksFor(corev1.ResourceCPU, "1"), asksFor(corev1.ResourceMemory, "1Gi"), asksFor(corev1.ResourceEphemeralStorage, "1Gi"))
	case "requests." + gpu, "requests.example.com/gpu":
		return pod(namespace, named(meta.Name), asksFor(corev1.ResourceName(strings.TrimPrefix(key, "requests.")), "1"))
	}
	for _, class := range []string{deviceClass, ungranted} {
		if key == "count/resourceclaims.resource.k8s.io" || strings.Contains(key, class) {
			return deviceClaim(namespace, meta.Name, ofClasses(class))
		}
	}
	panic("nothing counts for " + key + ": say here what does")
}
