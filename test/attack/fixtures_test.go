package attack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Names of the fixtures.
const (
	team, rival       = "hanbit", "saebom"
	train, rivalTrain = "hanbit-train", "saebom-train"
	locked            = "hanbit-old"      // of the team, locked
	plain             = "plain"           // of nobody
	audited           = "hanbit-audit"    // of the team, where an admin looks at devices
	unconfined        = "unconfined"      // of nobody, where pod security enforces nothing
	trusted           = "gpu-operator"    // of nobody, trusted with devices
	ownNode           = "node-hanbit"     // held by the team
	freeNode          = "node-free"       // held by nobody
	gpu               = "nvidia.com/gpu"  // as in a GPUPool
	class             = "parallel"        // a StorageClass whose provisioner is not there
	kept              = "kept"            // a StorageClass of volumes made by hand
	deviceClass       = "gpu.example.com" // a DeviceClass that the team was granted, and another
	spareClass        = "spare.example.com"
)

// The operator's objects in the team's namespace, as it creates them.
var (
	ownedQuota = &corev1.ResourceQuota{
		ObjectMeta: owned(train, "foundation"),
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/replicationcontrollers": resource.MustParse("0")}},
	}
	ownedLimits = &corev1.LimitRange{
		ObjectMeta: owned(train, "foundation"),
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypePersistentVolumeClaim,
			Max:  corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Pi")},
		}}},
	}
	ownedPolicy = &networkingv1.NetworkPolicy{
		ObjectMeta: owned(train, "foundation-default-deny"),
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}
	ownedBinding = roleBinding(train, "viewer", viewer)
	ownedClaim   = claim(train, "corpus", func(c *corev1.PersistentVolumeClaim) {
		c.ObjectMeta = owned(train, "corpus")
		c.Spec.VolumeName = "pv-corpus"
	})
	ownedRole = &rbacv1.ClusterRole{
		ObjectMeta: owned("", "foundation-team-reader-hanbit"),
		Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{foundationv1alpha1.GroupVersion.Group}, Resources: []string{"foundationteams"},
			ResourceNames: []string{team}, Verbs: []string{"get", "watch"},
		}},
	}
	ownedGrant = &rbacv1.ClusterRoleBinding{
		ObjectMeta: owned("", "foundation-team-reader-hanbit"),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: ownedRole.Name},
		Subjects:   []rbacv1.Subject{user(lead), user(engineer), user(steward), user(viewer)},
	}
)

// Objects of others.
var (
	ownQuota   = &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "own"}}
	ownClaim   = claim(train, "scratch")
	ownService = service(train, "dashboard")
	// running is a pod that stays pending, so that it can be bound.
	running = pod(train, named("running"), waits)
	gated   = pod(train, named("gated"), func(p *corev1.Pod) {
		p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "test.example/gate"}}
	})
	finishing = pod(train, named("finishing"), waits, func(p *corev1.Pod) {
		p.Finalizers = []string{"batch.kubernetes.io/job-tracking"}
	})
	ownDevices  = deviceClaim(train, "scratch")
	heldDevices = deviceClaim(train, "held", func(c *resourcev1.ResourceClaim) { c.Finalizers = []string{resourcev1.Finalizer} })
	// formerDevices are of a DeviceClass that the team was granted once.
	formerDevices = deviceClaim(train, "former", ofClasses("former.example.com"))
	standIn       = deviceClaim(train, "stand-in", standsIn)

	outsider = pod(plain, named("outsider"), asksFor(gpu, "1"), waits)

	storageClass = &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "csi.example.com", AllowVolumeExpansion: new(true),
	}

	teamNamespace  = namespace(train, map[string]string{foundationv1alpha1.LabelTeam: team}, deviceClass, spareClass)
	plainNamespace = namespace(plain, nil)
	heldNode       = node(ownNode, team)
	looseNode      = node(freeNode, "")

	foundationTeam = &foundationv1alpha1.FoundationTeam{
		ObjectMeta: metav1.ObjectMeta{
			Name: team, Finalizers: []string{foundationv1alpha1.Finalizer, metav1.FinalizerDeleteDependents},
		},
		Spec: foundationv1alpha1.FoundationTeamSpec{DisplayName: "Hanbit"},
	}
	gpuPool = &foundationv1alpha1.GPUPool{
		ObjectMeta: metav1.ObjectMeta{Name: "b200"},
		Spec: foundationv1alpha1.GPUPoolSpec{
			Model: "NVIDIA B200", GPUsPerNode: 8,
			Static: &foundationv1alpha1.StaticNodes{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"model": "b200"}}},
		},
	}
)

// createFixtures creates the objects that the tests use. The policies are installed already, and allow what an admin
// creates.
func createFixtures(ctx context.Context) error {
	objects := []client.Object{
		teamNamespace, plainNamespace,
		namespace(rivalTrain, map[string]string{foundationv1alpha1.LabelTeam: rival}),
		namespace(locked, map[string]string{foundationv1alpha1.LabelTeam: team, foundationv1alpha1.LabelLocked: "true"}),
		namespace(audited, map[string]string{foundationv1alpha1.LabelTeam: team, resourcev1.DRAAdminNamespaceLabelKey: "true"}, deviceClass),
		namespace(trusted, map[string]string{"foundation.team/trusted": "true"}),
		namespace(unconfined, map[string]string{"pod-security.kubernetes.io/enforce": "privileged"}),
		limitedNamespace(),
		heldNode, looseNode,
		storageClass,
		ownedQuota, ownedLimits, ownedPolicy, ownedClaim, ownedRole, ownedGrant,
		ownQuota, ownClaim, ownService, running, gated, finishing, outsider,
		ownDevices, heldDevices, formerDevices, standIn,
		foundationTeam, gpuPool,
		everything(ops), everything(admin), everything(operator), everything(teamBot), everything(csiDriver), everything(rootController),
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "nodes"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:node"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:nodes"}},
		},
		roleBinding(rivalTrain, "lead", rivalLead),
	}
	for role, who := range staff {
		objects = append(objects, roleBinding(train, role, who), roleBinding(locked, role, who), roleBinding(audited, role, who))
	}
	objects = append(objects, karpenterFixtures()...)
	objects = append(objects, scrubFixtures()...)
	objects = append(objects, recordFixtures()...)
	objects = append(objects, identityFixtures()...)
	objects = append(objects, priorityFixtures()...)
	objects = append(objects, delegationFixtures()...)
	objects = append(objects, operatorFixtures()...)
	objects = append(objects, leadsPolicy)
	objects = append(objects, flowFixtures()...)
	objects = append(objects, adoptedFixtures()...)
	if wholeControlPlane {
		teamNamespace.Labels = desiredNamespaceOf(train).Namespace.Labels // those of pod security, too
		ownedQuota = builtQuota(train)
		objects = slices.DeleteFunc(objects, func(o client.Object) bool {
			_, isQuota := o.(*corev1.ResourceQuota)
			return isQuota && o.GetName() == ownedQuota.Name && o.GetNamespace() == train
		})
		objects = append(objects, ownedQuota)
		objects = append(objects, namespaceFixtures()...)
	}
	for _, o := range objects {
		if err := createFixture(ctx, o); err != nil {
			return fmt.Errorf("%T %s/%s: %w", o, o.GetNamespace(), o.GetName(), err)
		}
	}
	if err := adopt(ctx); err != nil {
		return err
	}
	if err := use(ctx); err != nil {
		return err
	}
	if wholeControlPlane { // controllers bind the claim; a default class would stand in for a missing one
		notDefault := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"false"}}}`))
		return masters.Patch(ctx, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "standard"}}, notDefault)
	}
	bound := client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"Bound","capacity":{"storage":"1Ti"}}}`))
	if err := masters.Status().Patch(ctx, clone(ownedClaim), bound); err != nil { // only a bound claim can be enlarged
		return err
	}
	released := client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"Released"}}`))
	for _, volume := range releasedVolumes {
		if err := masters.Status().Patch(ctx, clone(volume), released); err != nil {
			return err
		}
	}
	return nil
}

// createFixture creates an object, and waits for what controllers put into new namespaces.
func createFixture(ctx context.Context, o client.Object) error {
	var err error
	_ = wait.PollUntilContextTimeout(ctx, pollInterval, activeWithin, true, func(ctx context.Context) (bool, error) {
		err = masters.Create(ctx, clone(o))
		return err == nil || !strings.Contains(err.Error(), "no API token found") && !strings.Contains(err.Error(), "error looking up service account") &&
			!strings.Contains(err.Error(), "status unknown for quota"), nil
	})
	return err
}

func owned(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name,
		Labels:      map[string]string{foundationv1alpha1.LabelTeam: team},
		Annotations: map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee"},
	}
}

// namespace is one in which claims may name the device classes, and some of the team are staff.
func namespace(name string, labels map[string]string, classes ...string) *corev1.Namespace {
	all, notes := map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}, map[string]string{"foundation.team/team-uid": "c0ffee"}
	maps.Copy(all, labels)
	if len(classes) > 0 {
		notes[foundationv1alpha1.AnnotationDeviceClasses] = strings.Join(classes, ",")
	}
	if labels[foundationv1alpha1.LabelTeam] == team && labels[foundationv1alpha1.LabelLocked] == "" {
		notes[foundationv1alpha1.AnnotationStaff] = "Group hanbit-interns\nUser engineer@hanbit.example\nUser intern@hanbit.example\nUser steward@hanbit.example"
	}
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: all, Annotations: notes}}
}

// node is a node that a team holds; an empty team means that none does.
func node(name, owner string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelHostname: name, foundationv1alpha1.LabelPool: "b200",
	}}}
	if owner == "" {
		n.Spec.Taints = []corev1.Taint{{Key: foundationv1alpha1.TaintUnassigned, Effect: corev1.TaintEffectNoSchedule}}
		return n
	}
	n.Labels[foundationv1alpha1.LabelTeam], n.Labels[foundationv1alpha1.LabelNodeTeam] = owner, owner
	n.Spec.Taints = []corev1.Taint{{Key: foundationv1alpha1.TaintTeam, Value: owner, Effect: corev1.TaintEffectNoSchedule}}
	return n
}

// roleBinding is as the operator makes it.
func roleBinding(namespace, role string, who actor) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: owned(namespace, "foundation-team-"+role),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team-" + role},
		Subjects:   []rbacv1.Subject{user(who)},
	}
}

// everything is a ClusterRole with all rights that RBAC can give.
func everything(who actor) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "everything:" + who.name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{user(who)},
	}
}

func user(who actor) rbacv1.Subject {
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: who.name}
}

func claim(namespace, name string, with ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			StorageClassName: new(class),
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Ti")},
			},
		},
	}
	for _, mutate := range with {
		mutate(c)
	}
	return c
}

func service(namespace, name string, with ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}, Selector: map[string]string{"app": name}},
	}
	for _, mutate := range with {
		mutate(s)
	}
	return s
}
