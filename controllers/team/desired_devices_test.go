package team

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/test/support/builder"
)

const (
	gpuClass     = "gpu.example.com"
	gpuKey       = corev1.ResourceName("requests.nvidia.com/gpu")
	devicesOfGPU = corev1.ResourceName("gpu.example.com.deviceclass.resource.k8s.io/devices")
)

// quotaCase is some keys of the quota that is built for a namespace.
type quotaCase struct {
	in        Input
	namespace string
	want      map[string]string
}

// testQuota checks the keys that a case names, and no others.
func testQuota(t *testing.T, tests map[string]quotaCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := hardOf(namespaceOf(t, Build(NewModel(tt.in)), tt.namespace))
			got := map[string]string{}
			for key := range tt.want {
				got[key] = all[key]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeviceQuota(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 3, eval: 1}.set)
	class := builder.DeviceClass(gpuClass, "nvidia.com/gpu")
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	granted := map[string]string{
		"requests.nvidia.com/gpu": "12", "gpu.example.com.deviceclass.resource.k8s.io/devices": "12",
		"requests.deviceclass.resource.kubernetes.io/gpu.example.com": "12",
		"count/resourceclaims.resource.k8s.io":                        "48", "count/resourceclaimtemplates.resource.k8s.io": "100",
	}
	none := map[string]string{
		"requests.nvidia.com/gpu": "0", "gpu.example.com.deviceclass.resource.k8s.io/devices": "0",
		"requests.deviceclass.resource.kubernetes.io/gpu.example.com": "0",
		"count/resourceclaims.resource.k8s.io":                        "0", "count/resourceclaimtemplates.resource.k8s.io": "0",
	}
	testQuota(t, map[string]quotaCase{
		"granted, by weight 3 of 4":     {input(hanbit, pool, class), "train", granted},
		"granted, the class is to come": {input(hanbit, pool), "train", granted},
		"granted, by weight 1 of 4":     {input(hanbit, pool, class), "eval", map[string]string{"gpu.example.com.deviceclass.resource.k8s.io/devices": "4", "count/resourceclaims.resource.k8s.io": "16"}},
		"a namespace of weight 0":       {input(twoNamespaces(weights{train: 1, eval: 0}.set), pool, class), "eval", none},
		"a suspended team":              {input(twoNamespaces(weights{train: 3, eval: 1}.set, builder.Suspended()), pool, class), "train", none},
		"a locked namespace":            {input(twoNamespaces(weights{train: 3, eval: 1}.set, builder.Deleted()), pool, class, builder.OwnedNamespace(hanbit, "train")), "train", none},
		"a retired namespace":           {input(hanbit, pool, class, builder.OwnedNamespace(hanbit, "old")), "old", none},
		"overrides give no devices":     {input(overridden(), class), "train", map[string]string{"gpu.example.com.deviceclass.resource.k8s.io/devices": "0", "count/resourceclaims.resource.k8s.io": "9"}},
		"suspended beats overrides":     {input(overridden(builder.Suspended()), class), "train", none},
	})
}

// Devices that are not granted are 0 in every quota.
func TestQuotaOfDevicesThatAreNotGranted(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 3, eval: 1}.set)
	class := builder.DeviceClass(gpuClass, "nvidia.com/gpu")
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	rivals := builder.Pool("mi300", builder.DeviceClassName("amd.example.com"), builder.ResourceName("amd.com/gpu"), builder.Granted(builder.Team("saebit"), 16))
	long := strings.Repeat("a", 64)
	testQuota(t, map[string]quotaCase{
		"a rival's class is 0, though the cluster does not have it": {
			input(hanbit, pool, class, rivals), "train", map[string]string{
				"requests.amd.com/gpu": "0", "amd.example.com.deviceclass.resource.k8s.io/devices": "0",
				"requests.deviceclass.resource.kubernetes.io/amd.example.com": "0", "gpu.example.com.deviceclass.resource.k8s.io/devices": "12",
			},
		},
		"a class of no pool is 0, and so is its extended resource": {
			input(hanbit, pool, class, builder.DeviceClass("nic.example.com", "example.com/nic")), "train", map[string]string{
				"requests.example.com/nic": "0", "nic.example.com.deviceclass.resource.k8s.io/devices": "0",
				"requests.deviceclass.resource.kubernetes.io/nic.example.com": "0",
			},
		},
		"a class of no pool takes no pool's extended resource away": {
			input(twoNamespaces(weights{train: 3, eval: 1}.set), builder.Pool("b200", builder.Granted(hanbit, 16)), class), "train", map[string]string{
				"requests.nvidia.com/gpu": "12", "gpu.example.com.deviceclass.resource.k8s.io/devices": "0",
				"requests.deviceclass.resource.kubernetes.io/gpu.example.com": "0", "count/resourceclaims.resource.k8s.io": "0",
			},
		},
		"a class whose name is too long for an entry": {
			input(hanbit, builder.DeviceClass(long, "")), "train", map[string]string{
				long + ".deviceclass.resource.k8s.io/devices": "0", "requests.deviceclass.resource.kubernetes.io/" + long: "",
			},
		},
		"a class whose name is too long for any entry": {
			input(hanbit, builder.DeviceClass(strings.Repeat("a", 253), "")), "train",
			map[string]string{strings.Repeat("a", 253) + ".deviceclass.resource.k8s.io/devices": ""},
		},
	})
}

// overridden has no award, and a count of ResourceClaims that an admin set.
func overridden(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	counts := corev1.ResourceList{gpuquota.ResourceClaims: resource.MustParse("9"), gpuquota.ResourceClaimTemplates: resource.MustParse("9")}
	return builder.Team("hanbit", append(mods, builder.NamespaceQuota("train", 1, counts))...)
}

// A resource that a quota does not name is unlimited. So a namespace's quota names every device of the cluster in any
// state, and the shares add up to the grant only while the team may work.
func TestEveryQuotaNamesEveryDevice(t *testing.T) {
	class, unclaimed := builder.DeviceClass(gpuClass, "nvidia.com/gpu"), builder.DeviceClass("nic.example.com", "example.com/nic")
	states := map[string]struct {
		mod  builder.TeamMod
		want int64
	}{
		"in term": {func(*foundationv1alpha1.FoundationTeam) {}, 16}, "suspended": {builder.Suspended(), 0}, "deleted": {builder.Deleted(), 0},
		"not started": {builder.Term(july, time.Time{}), 0}, "open for data access": {builder.Term(time.Time{}, now), 0},
	}
	for name, tt := range states {
		t.Run(name, func(t *testing.T) {
			hanbit := twoNamespaces(weights{train: 3, eval: 1}.set, tt.mod)
			in := input(hanbit, class, unclaimed, builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "old"),
				builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16)), builder.Pool("mi300", builder.ResourceName("amd.com/gpu")))
			m := NewModel(in)
			sums := map[corev1.ResourceName]int64{}
			for _, n := range Build(m).Namespaces {
				for _, key := range []corev1.ResourceName{
					gpuKey, devicesOfGPU, "requests.deviceclass.resource.kubernetes.io/gpu.example.com", "requests.amd.com/gpu",
					"requests.example.com/nic", "nic.example.com.deviceclass.resource.k8s.io/devices",
				} {
					quantity, named := n.hard()[key]
					if !named {
						t.Errorf("%s: %s is unlimited", n.name, key)
					}
					sums[key] += quantity.Value()
				}
			}
			if sums[gpuKey] != tt.want || sums[devicesOfGPU] != tt.want || sums["requests.amd.com/gpu"] != 0 || sums["requests.example.com/nic"] != 0 {
				t.Errorf("quotas add up to %v, want %d", sums, tt.want)
			}
		})
	}
}

// DeviceClasses are allowed in a namespace only when the cluster counts them in its quota.
func TestClaimableClasses(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 1, eval: 0}.set)
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	second := builder.Pool("h100", builder.DeviceClassName("a.example.com"), builder.Granted(hanbit, 8))
	counts := func(namespace string, entries ...corev1.ResourceName) *corev1.ResourceQuota {
		hard := corev1.ResourceList{}
		for _, entry := range entries {
			hard[entry] = resource.MustParse("0")
		}
		return builder.Quota(hanbit, namespace, hard)
	}
	written := counts("train", devicesOfGPU)
	written.Status.Hard = nil
	train := counts("train", devicesOfGPU, "a.example.com.deviceclass.resource.k8s.io/devices")
	tests := map[string]struct {
		in        Input
		namespace string
		want      string
	}{
		"granted and counted":                   {input(hanbit, pool, train), "train", gpuClass},
		"two classes, sorted":                   {input(hanbit, pool, second, train), "train", "a.example.com,gpu.example.com"},
		"of two classes one is not counted yet": {input(hanbit, pool, second, counts("train", devicesOfGPU)), "train", gpuClass},
		"there is no quota yet":                 {input(hanbit, pool), "train", ""},
		"a quota that is not enforced":          {input(hanbit, pool, written), "train", ""},
		"a namespace of weight 0":               {input(hanbit, pool, counts("eval", devicesOfGPU)), "eval", ""},
		"granted to another team": {
			input(hanbit, train, builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(builder.Team("saebit"), 8))), "train", "",
		},
		"a suspended team":   {input(twoNamespaces(weights{train: 1, eval: 0}.set, builder.Suspended()), pool, train), "train", ""},
		"a locked namespace": {input(twoNamespaces(weights{train: 1, eval: 0}.set, builder.Deleted()), pool, train, builder.OwnedNamespace(hanbit, "train")), "train", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := typed[corev1.Namespace](t, namespaceOf(t, Build(NewModel(tt.in)), tt.namespace).Namespace).Annotations
			want := map[string]string{foundationv1alpha1.AnnotationTeamUID: "hanbit-uid"}
			if tt.want != "" {
				want["foundation.team/device-classes"] = tt.want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// How usage is read off a quota is tested with gpuquota; namespaces and the team report it.
func TestUsedGPUsAreReported(t *testing.T) {
	hanbit := twoNamespaces()
	quota := builder.Quota(hanbit, "train", corev1.ResourceList{gpuKey: resource.MustParse("7"), devicesOfGPU: resource.MustParse("7")})
	quota.Status.Used = corev1.ResourceList{gpuKey: resource.MustParse("3"), devicesOfGPU: resource.MustParse("2")}
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	for name, tt := range map[string]struct {
		extended string
		want     int32
	}{
		"ResourceClaims are charged to the extended resource too": {"nvidia.com/gpu", 3},
		"ResourceClaims are charged to the DeviceClass alone":     {"", 5},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(hanbit, pool, builder.DeviceClass(gpuClass, tt.extended), quota, builder.OwnedNamespace(hanbit, "train"))
			if got := gpuStatus(NewModel(in)).Used; got != tt.want {
				t.Errorf("the team uses %d, want %d", got, tt.want)
			}
			namespace := namespaceStatus(NewModel(in), noProblems())[0]
			if namespace.Used != tt.want || namespace.Granted != 7 {
				t.Errorf("the namespace uses %d of %d, want %d of 7", namespace.Used, namespace.Granted, tt.want)
			}
		})
	}
}

// No entry of a device class is raised in one namespace before it is lowered in another.
func TestNoDeviceEntryIsRaisedBeforeAnotherIsLowered(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 0, eval: 1}.set)
	list := func(gpus, devices string) corev1.ResourceList {
		return corev1.ResourceList{gpuKey: resource.MustParse(gpus), devicesOfGPU: resource.MustParse(devices)}
	}
	for name, tt := range map[string]struct {
		written, enforced corev1.ResourceList
		want              map[string]string
	}{
		"only devices are too many":                {list("0", "0"), list("0", "8"), map[string]string{string(gpuKey): "8", string(devicesOfGPU): "0"}},
		"devices are too many and not lowered yet": {list("0", "8"), list("0", "8"), map[string]string{string(gpuKey): "8", string(devicesOfGPU): "0"}},
		"every decrease is enforced":               {list("0", "0"), list("0", "0"), map[string]string{string(gpuKey): "8", string(devicesOfGPU): "8"}},
	} {
		t.Run(name, func(t *testing.T) {
			train, eval := builder.Quota(hanbit, "train", tt.written), builder.Quota(hanbit, "eval", list("0", "0"))
			train.Status.Hard = tt.enforced
			in := input(hanbit, builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 8)), train, eval)
			desired := Build(NewModel(in))
			r := (&recorder{}).reconciler(in)
			p := namespaceOf(t, desired, "eval")
			p.Quota = r.findPendingDecreases(NewModel(in), desired).limit(eval, p)
			got := hardOf(p)
			maps.DeleteFunc(got, func(entry, _ string) bool { _, asked := tt.want[entry]; return !asked })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
