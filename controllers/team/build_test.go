package team

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

func TestPlaces(t *testing.T) {
	hanbit := two(1, 1)
	over := builder.Term(time.Time{}, now)
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"as declared": {input(hanbit), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"suspended":   {input(two(1, 1, builder.Suspended())), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"taken out of the spec": {
			input(hanbit, builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "old"), builder.OwnedNamespace(hanbit, "alt")),
			[]string{"hanbit-train Active", "hanbit-eval Active", "hanbit-alt Retired", "hanbit-old Retired"},
		},
		"before the term there is none": {input(two(1, 1, builder.Term(july, time.Time{}))), nil},
		"after the term those that are there": {
			input(two(1, 1, over), builder.OwnedNamespace(hanbit, "eval"), builder.OwnedNamespace(hanbit, "old")),
			[]string{"hanbit-eval DataAccess", "hanbit-old Retired"},
		},
		"when data access is over too": {
			input(two(1, 1, over, builder.KeptFor(0, time.Hour)), builder.OwnedNamespace(hanbit, "eval")), []string{"hanbit-eval Locked"},
		},
		"after the term somebody else's is not ours": {input(two(1, 1, over), builder.ForeignNamespace("hanbit-eval")), nil},
		"deleted": {
			input(two(1, 1, builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), []string{"hanbit-train Locked"},
		},
		"an earlier team's is not ours to retire": {
			input(hanbit, builder.OwnedNamespace(builder.Team("hanbit", builder.TeamUID("earlier")), "old")),
			[]string{"hanbit-train Active", "hanbit-eval Active"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range tt.in.places() {
				got = append(got, p.name+" "+string(p.state))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuildNamespace(t *testing.T) {
	hanbit := two(1, 1)
	mine := map[string]string{
		foundationv1alpha1.LabelTeam:                 "hanbit",
		"pod-security.kubernetes.io/enforce":         "restricted",
		"pod-security.kubernetes.io/enforce-version": "latest",
		"pod-security.kubernetes.io/warn":            "restricted",
		"pod-security.kubernetes.io/warn-version":    "latest",
		"pod-security.kubernetes.io/audit":           "restricted",
		"pod-security.kubernetes.io/audit-version":   "latest",
	}
	plus := func(keys ...string) map[string]string {
		labels := maps.Clone(mine)
		for _, key := range keys {
			labels[key] = "true"
		}
		return labels
	}
	tests := map[string]struct {
		in   Input
		want map[string]string
	}{
		"active":    {input(hanbit), mine},
		"suspended": {input(two(1, 1, builder.Suspended())), mine},
		"locked":    {input(two(1, 1, builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), plus(foundationv1alpha1.LabelLocked)},
		"retired": {
			input(builder.Team("hanbit"), builder.OwnedNamespace(hanbit, "train")), plus(foundationv1alpha1.LabelLocked, foundationv1alpha1.LabelRetired),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := typed[corev1.Namespace](t, placeOf(t, Build(tt.in), "train").Namespace)
			if diff := cmp.Diff(tt.want, got.Labels); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]string{foundationv1alpha1.AnnotationTeamUID: "hanbit-uid"}, got.Annotations); diff != "" {
				t.Error(diff)
			}
			if len(got.OwnerReferences) > 0 {
				t.Error("a namespace is left to garbage collection")
			}
		})
	}
}

// all are the objects of a place.
func (p DesiredPlace) all() []apply.Object {
	return slices.Concat([]apply.Object{p.Namespace, p.Quota}, p.Isolation, p.Volumes, p.Access)
}

func TestEverythingIsMarked(t *testing.T) {
	desired := Build(input(two(1, 1, builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Volume("corpus", "train", "1Ti", ""))))
	objects := desired.Access
	for _, p := range desired.Places {
		objects = append(objects, p.all()...)
	}
	if len(objects) != 2+2*(2+4+1)+1 {
		t.Errorf("%d objects", len(objects))
	}
	for _, obj := range objects {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
		if err != nil {
			t.Fatal(err)
		}
		meta := &unstructured.Unstructured{Object: fields}
		if meta.GetLabels()[foundationv1alpha1.LabelTeam] != "hanbit" || meta.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID] != "hanbit-uid" {
			t.Errorf("%s %s: labels %v, annotations %v", *obj.GetKind(), *obj.GetName(), meta.GetLabels(), meta.GetAnnotations())
		}
	}
}

func TestNetworkPolicies(t *testing.T) {
	desired := placeOf(t, Build(input(two(1, 1))), "train")
	policies := map[string]networkingv1.NetworkPolicySpec{}
	for _, obj := range desired.Isolation {
		if *obj.GetKind() == "NetworkPolicy" {
			policy := typed[networkingv1.NetworkPolicy](t, obj)
			policies[policy.Namespace+"/"+policy.Name] = policy.Spec
		}
	}
	both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	team := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}}}}
	port := policies["hanbit-train/foundation-team-allow-dns"].Egress[0].Ports[0].Port
	want := map[string]networkingv1.NetworkPolicySpec{
		"hanbit-train/foundation-team-default-deny": {PolicyTypes: both},
		"hanbit-train/foundation-team-allow-same-team": {
			PolicyTypes: both, Ingress: []networkingv1.NetworkPolicyIngressRule{{From: team}}, Egress: []networkingv1.NetworkPolicyEgressRule{{To: team}},
		},
		"hanbit-train/foundation-team-allow-dns": {
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{{
				To: []networkingv1.NetworkPolicyPeer{{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
					PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
				}},
				Ports: []networkingv1.NetworkPolicyPort{{Protocol: new(corev1.ProtocolUDP), Port: port}, {Protocol: new(corev1.ProtocolTCP), Port: port}},
			}},
		},
	}
	if diff := cmp.Diff(want, policies); diff != "" {
		t.Error(diff)
	}
	if port.IntValue() != 53 {
		t.Errorf("DNS is port %v", port)
	}
}

func TestLimitRange(t *testing.T) {
	counted := corev1.ResourceList{"limits.cpu": resource.MustParse("8"), corev1.ResourcePods: resource.MustParse("8")}
	tests := map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want []corev1.ResourceName
	}{
		"no limits":                         {two(1, 1), nil},
		"limits where the quota counts any": {builder.Team("hanbit", builder.NamespaceQuota("train", 1, counted)), []corev1.ResourceName{corev1.ResourceCPU}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			isolation := placeOf(t, Build(input(tt.team)), "train").Isolation
			limits := typed[corev1.LimitRange](t, isolation[len(isolation)-1]).Spec.Limits
			if len(limits) != 1 || limits[0].Type != corev1.LimitTypeContainer {
				t.Fatalf("limits %+v", limits)
			}
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				if request := limits[0].DefaultRequest[name]; request.IsZero() {
					t.Errorf("%s: a container that says nothing asks for nothing, which a quota refuses", name)
				}
				if _, bounded := base[requests(name)]; !bounded {
					t.Errorf("%s is defaulted and not in the quota", name)
				}
			}
			if diff := cmp.Diff(tt.want, slices.Collect(maps.Keys(limits[0].Default))); diff != "" {
				t.Errorf("limits: %s", diff)
			}
		})
	}
}

func TestQuota(t *testing.T) {
	hanbit := two(7, 1)
	pool := builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.Granted(hanbit, 8))
	spare := builder.Pool("mi300", builder.ResourceName("amd.com/gpu"))
	overrides := corev1.ResourceList{
		corev1.ResourcePods: resource.MustParse("5"), "requests.nvidia.com/gpu": resource.MustParse("99"), "requests.amd.com/gpu": resource.MustParse("99"),
		corev1.ResourceServices: resource.MustParse("1"), "count/jobs.batch": resource.MustParse("2"),
	}
	tests := map[string]struct {
		in    Input
		place string
		want  map[string]string
	}{
		"base": {input(two(7, 1), spare), "train", map[string]string{
			"requests.cpu": "16", "requests.memory": "64Gi", "requests.ephemeral-storage": "200Gi", "requests.storage": "1Ti",
			"persistentvolumeclaims": "20", "pods": "200", "requests.nvidia.com/gpu": "", "requests.amd.com/gpu": "0",
			"count/rolebindings.rbac.authorization.k8s.io": "100", "count/networkpolicies.networking.k8s.io": "50",
			"services": "50", "services.nodeports": "0", "services.loadbalancers": "0", "count/resourceclaims.resource.k8s.io": "0",
		}},
		"with GPUs": {input(two(7, 1), pool, spare), "train", map[string]string{
			"requests.nvidia.com/gpu": "7", "requests.amd.com/gpu": "0", "requests.cpu": "184", "requests.memory": "1856Gi", "pods": "228",
		}},
		"the other namespace": {input(two(7, 1), pool, spare), "eval", map[string]string{
			"requests.nvidia.com/gpu": "1", "requests.cpu": "40", "requests.memory": "320Gi", "requests.ephemeral-storage": "1224Gi", "pods": "204",
		}},
		"a namespace without weight": {input(two(1, 0), pool), "eval", map[string]string{"requests.nvidia.com/gpu": "0", "requests.cpu": "16", "pods": "200"}},
		"overrides, GPUs excepted": {
			input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, overrides)), pool, spare), "train",
			map[string]string{"requests.nvidia.com/gpu": "8", "requests.amd.com/gpu": "0", "pods": "5", "services": "1", "count/jobs.batch": "2", "requests.cpu": "208"},
		},
		"volumes are on top": {
			input(two(7, 1, builder.Volume("corpus", "train", "200Ti", ""), builder.Volume("other", "eval", "5Ti", ""))), "train",
			map[string]string{"requests.storage": "201Ti", "persistentvolumeclaims": "21"},
		},
		"a volume that was taken out still counts, one that is there counts once": {
			input(two(7, 1, builder.Volume("corpus", "train", "2Ti", "")), builder.Claim(hanbit, "train", "corpus", "1Ti", "1Ti"), builder.Claim(hanbit, "train", "old", "3Ti", "")), "train",
			map[string]string{"requests.storage": "6Ti", "persistentvolumeclaims": "22"},
		},
		"suspended: nothing starts, what is there stays": {
			input(two(7, 1, builder.Suspended()), pool), "train", map[string]string{
				"requests.nvidia.com/gpu": "0", "requests.cpu": "0", "requests.memory": "0", "requests.ephemeral-storage": "0", "pods": "0",
				"requests.storage": "1Ti", "services": "50", "count/jobs.batch": "1k",
			},
		},
		"suspended beats overrides": {
			input(builder.Team("hanbit", builder.Suspended(), builder.NamespaceQuota("train", 1, overrides)), pool), "train",
			map[string]string{"pods": "0", "requests.nvidia.com/gpu": "0", "services": "1"},
		},
		"locked: nothing at all": {
			input(two(7, 1, builder.Deleted(), builder.Volume("corpus", "train", "200Ti", "")), pool, builder.OwnedNamespace(hanbit, "train")), "train",
			map[string]string{"requests.nvidia.com/gpu": "0", "pods": "0", "requests.storage": "0", "services": "0", "persistentvolumeclaims": "0", "count/jobs.batch": "0"},
		},
		"retired: nothing at all": {
			input(two(7, 1), pool, builder.OwnedNamespace(hanbit, "old")), "old",
			map[string]string{"requests.nvidia.com/gpu": "0", "pods": "0", "requests.storage": "0", "services": "0"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := hard(placeOf(t, Build(tt.in), tt.place))
			for entry, want := range tt.want {
				if got := all[entry]; got != want {
					t.Errorf("%s is %q, want %q", entry, got, want)
				}
			}
			if strings.Contains(name, "nothing at all") {
				for entry, got := range all {
					// The operator restores its own bindings and policies in whatever place.
					if _, ours := ownCounts[corev1.ResourceName(entry)]; got != "0" != ours {
						t.Errorf("%s is %s, want 0", entry, got)
					}
				}
			}
		})
	}
}

func TestBuildingChangesNoDefaults(t *testing.T) {
	before := maps.Clone(base)
	hanbit := two(1, 1)
	Build(input(hanbit, builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.Granted(hanbit, 8)), builder.Claim(hanbit, "train", "x", "1Ti", "")))
	Build(input(two(1, 1, builder.Deleted()), builder.OwnedNamespace(hanbit, "train")))
	for name, quantity := range before {
		if got := base[name]; got.Cmp(quantity) != 0 {
			t.Errorf("%s was %s and is %s", name, quantity.String(), got.String())
		}
	}
}

// Whatever a team declares, its quotas add up to what the pools granted, and to nothing when it may not start anything.
func TestQuotasAddUpToTheGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var mods []builder.TeamMod
		weights := rapid.SliceOfN(rapid.Int32Range(0, 9), 0, 5).Draw(t, "weights")
		var weight int32
		for i, w := range weights {
			weight += w
			mods = append(mods, builder.NamespaceQuota(string(rune('a'+i)), w, corev1.ResourceList{"requests.nvidia.com/gpu": resource.MustParse("77")}))
		}
		state := rapid.SampledFrom([]string{"in term", "suspended", "deleted", "not started"}).Draw(t, "state")
		switch state {
		case "suspended":
			mods = append(mods, builder.Suspended())
		case "deleted":
			mods = append(mods, builder.Deleted())
		case "not started":
			mods = append(mods, builder.Term(july, time.Time{}))
		}
		hanbit := builder.Team("hanbit", mods...)
		var sum int32
		in := input(hanbit, builder.OwnedNamespace(hanbit, "a"), builder.OwnedNamespace(hanbit, "old"))
		for _, name := range []string{"p", "q", "r"} {
			granted := 8 * rapid.Int32Range(0, 20).Draw(t, name)
			sum += granted
			in.Pools[name] = builder.Pool(name, builder.ResourceName(map[string]string{"p": "nvidia.com/gpu", "q": "nvidia.com/gpu", "r": "amd.com/gpu"}[name]),
				builder.Granted(hanbit, granted), builder.Granted(builder.Team("saebit"), 8))
		}
		if weight == 0 || state != "in term" {
			sum = 0
		}
		var got int32
		for _, p := range Build(in).Places {
			got += in.gpusOf(*p.Quota.Spec.Hard)
		}
		if got != sum {
			t.Fatalf("quotas add up to %d, granted are %d", got, sum)
		}
	})
}

func TestAccess(t *testing.T) {
	staff := []builder.TeamMod{
		builder.Staff("kim", foundationv1alpha1.RoleLead),
		builder.Staff("park", foundationv1alpha1.RoleEngineer),
		builder.Staff("lee", foundationv1alpha1.RoleEngineer),
		builder.StaffGroup("data", foundationv1alpha1.RoleDataSteward),
		builder.StaffBetween("guest", foundationv1alpha1.RoleViewer, time.Time{}, now.Add(time.Hour)),
		builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now),
		builder.StaffBetween("soon", foundationv1alpha1.RoleLead, now.Add(time.Hour), time.Time{}),
	}
	hanbit := two(1, 1)
	whole := map[string][]string{
		"foundation-team-lead": {"User kim"}, "foundation-team-engineer": {"User lee", "User park"},
		"foundation-team-data-steward": {"Group data"}, "foundation-team-viewer": {"User guest"},
	}
	tests := map[string]struct {
		in    Input
		place string
		want  map[string][]string
		team  []string
	}{
		"by role, those in date": {input(two(1, 1, staff...)), "train", whole, []string{"Group data", "User guest", "User kim", "User lee", "User park"}},
		"in every namespace":     {input(two(1, 1, staff...)), "eval", whole, []string{"Group data", "User guest", "User kim", "User lee", "User park"}},
		"suspended, all may only read": {
			input(two(1, 1, append(staff, builder.Suspended())...)), "train",
			map[string][]string{"foundation-team-viewer": {"Group data", "User guest", "User kim", "User lee", "User park"}},
			[]string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"an hour later": {
			input(two(1, 1, staff...), now.Add(time.Hour)), "train",
			map[string][]string{"foundation-team-lead": {"User kim", "User soon"}, "foundation-team-engineer": {"User lee", "User park"}, "foundation-team-data-steward": {"Group data"}},
			[]string{"Group data", "User kim", "User lee", "User park", "User soon"},
		},
		"nobody in a retired namespace": {
			input(two(1, 1, staff...), builder.OwnedNamespace(hanbit, "old")), "old", map[string][]string{}, []string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"after the term, to data": {
			input(two(1, 1, append(staff, builder.Term(time.Time{}, now))...), builder.OwnedNamespace(hanbit, "train")), "train",
			map[string][]string{"foundation-team-data-steward": {"Group data", "User kim", "User lee", "User park"}, "foundation-team-viewer": {"User guest"}},
			[]string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"nobody when that is over": {
			input(two(1, 1, append(staff, builder.Term(time.Time{}, now), builder.KeptFor(0, 0))...), builder.OwnedNamespace(hanbit, "train")), "train", map[string][]string{}, nil,
		},
		"nobody when it is deleted": {
			input(two(1, 1, append(staff, builder.Deleted())...), builder.OwnedNamespace(hanbit, "train")), "train", map[string][]string{}, nil,
		},
		"no staff": {input(two(1, 1)), "train", map[string][]string{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			desired := Build(tt.in)
			got := map[string][]string{}
			for _, obj := range placeOf(t, desired, tt.place).Access {
				binding := typed[rbacv1.RoleBinding](t, obj)
				if binding.Name != binding.RoleRef.Name || binding.RoleRef.Kind != "ClusterRole" || binding.RoleRef.APIGroup != rbacv1.GroupName || binding.Namespace != "hanbit-"+tt.place {
					t.Errorf("binding %+v", binding)
				}
				got[binding.RoleRef.Name] = namesOfSubjects(binding.Subjects)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			checkTeamAccess(t, desired.Access, tt.team)
		})
	}
}

// checkTeamAccess checks that staff may get and watch their own FoundationTeam, and nothing else of the cluster.
func checkTeamAccess(t *testing.T, access []apply.Object, staff []string) {
	t.Helper()
	if len(staff) == 0 {
		if len(access) > 0 {
			t.Errorf("%d objects give access to nobody", len(access))
		}
		return
	}
	if len(access) != 2 {
		t.Fatalf("%d objects, want a role and a binding", len(access))
	}
	role, binding := typed[rbacv1.ClusterRole](t, access[0]), typed[rbacv1.ClusterRoleBinding](t, access[1])
	wantRules := []rbacv1.PolicyRule{{APIGroups: []string{"foundation.team"}, Resources: []string{"foundationteams"}, ResourceNames: []string{"hanbit"}, Verbs: []string{"get", "watch"}}}
	if diff := cmp.Diff(wantRules, role.Rules); diff != "" {
		t.Error(diff)
	}
	if role.Name != "foundation-team:hanbit" || binding.Name != role.Name || binding.RoleRef.Name != role.Name {
		t.Errorf("role %s, binding %s to %s", role.Name, binding.Name, binding.RoleRef.Name)
	}
	if diff := cmp.Diff(staff, namesOfSubjects(binding.Subjects)); diff != "" {
		t.Error(diff)
	}
}

func namesOfSubjects(subjects []rbacv1.Subject) []string {
	var names []string
	for _, subject := range subjects {
		names = append(names, subject.Kind+" "+subject.Name)
	}
	return names
}

// The order of staff in the spec is nothing: no write follows from it.
func TestAccessTakesNoNoticeOfTheOrderOfStaff(t *testing.T) {
	kim, lee := builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleLead)
	if diff := cmp.Diff(Build(input(two(1, 1, kim, lee))).Access, Build(input(two(1, 1, lee, kim))).Access); diff != "" {
		t.Error(diff)
	}
}

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
			for _, obj := range placeOf(t, Build(tt.in), "train").Volumes {
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
