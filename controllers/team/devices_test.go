package team

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/util/workqueue"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

const (
	gpuClass     = "gpu.example.com"
	gpuEntry     = corev1.ResourceName("requests.nvidia.com/gpu")
	devicesOfGPU = corev1.ResourceName("gpu.example.com.deviceclass.resource.k8s.io/devices")
)

func TestDeviceQuota(t *testing.T) {
	hanbit := two(3, 1)
	class := builder.DeviceClass(gpuClass, "nvidia.com/gpu")
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	rivals := builder.Pool("mi300", builder.DeviceClassName("amd.example.com"), builder.ResourceName("amd.com/gpu"), builder.Granted(builder.Team("saebit"), 16))
	long := strings.Repeat("a", 64)
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
	tests := map[string]struct {
		in    Input
		place string
		want  map[string]string
	}{
		"granted":                       {input(hanbit, pool, class), "train", granted},
		"granted, the class is to come": {input(hanbit, pool), "train", granted},
		"the other namespace":           {input(hanbit, pool, class), "eval", map[string]string{"gpu.example.com.deviceclass.resource.k8s.io/devices": "4", "count/resourceclaims.resource.k8s.io": "16"}},
		"a namespace without weight":    {input(two(1, 0), pool, class), "eval", none},
		"suspended":                     {input(two(3, 1, builder.Suspended()), pool, class), "train", none},
		"locked":                        {input(two(3, 1, builder.Deleted()), pool, class, builder.OwnedNamespace(hanbit, "train")), "train", none},
		"retired":                       {input(hanbit, pool, class, builder.OwnedNamespace(hanbit, "old")), "old", none},
		"overrides give no devices":     {input(overridden(), class), "train", map[string]string{"gpu.example.com.deviceclass.resource.k8s.io/devices": "0", "count/resourceclaims.resource.k8s.io": "9"}},
		"suspended beats overrides":     {input(overridden(builder.Suspended()), class), "train", none},
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
			input(two(3, 1), builder.Pool("b200", builder.Granted(hanbit, 16)), class), "train", map[string]string{
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
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := hard(placeOf(t, Build(tt.in), tt.place))
			got := map[string]string{}
			for entry := range tt.want {
				got[entry] = all[entry]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// overridden has no award, and an admin's own count of claims.
func overridden(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	counts := corev1.ResourceList{resourceClaims: resource.MustParse("9"), resourceClaimTemplates: resource.MustParse("9")}
	return builder.Team("hanbit", append(mods, builder.NamespaceQuota("train", 1, counts))...)
}

// Whichever pools share classes and resources, each entry adds up to what the pools that it counts granted.
func TestEachDeviceEntryAddsUpToTheGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var mods []builder.TeamMod
		weights := rapid.SliceOfN(rapid.Int32Range(1, 9), 1, 4).Draw(t, "weights")
		for i, w := range weights {
			mods = append(mods, builder.Namespace(string(rune('a'+i)), w))
		}
		hanbit := builder.Team("hanbit", mods...)
		in := input(hanbit)
		names := rapid.SampledFrom([]string{"", "nvidia.com/gpu", "amd.com/gpu", "example.com/x"})
		for _, class := range []string{"c", "d", "e"} {
			if rapid.Bool().Draw(t, class+" exists") {
				in.DeviceClasses[class] = builder.DeviceClass(class, names.Draw(t, class))
			}
		}
		want := map[corev1.ResourceName]int64{}
		for _, name := range []string{"p", "q", "r"} {
			granted := 8 * rapid.Int32Range(0, 5).Draw(t, name)
			in.Pools[name] = builder.Pool(
				name, builder.Granted(hanbit, granted), builder.ResourceName(rapid.SampledFrom([]string{"nvidia.com/gpu", "amd.com/gpu"}).Draw(t, name+" resource")),
				builder.DeviceClassName(rapid.SampledFrom([]string{"", "c", "d"}).Draw(t, name+" class")),
			)
			for _, entry := range entriesByHand(in, in.Pools[name].Spec) {
				want[entry] += int64(granted)
			}
		}
		got := map[corev1.ResourceName]int64{}
		for _, p := range Build(in).Places {
			for entry := range in.deviceEntries() {
				quantity, named := (*p.Quota.Spec.Hard)[entry]
				if !named {
					t.Fatalf("%s: %s is unlimited", p.name, entry)
				}
				got[entry] += quantity.Value()
			}
		}
		for entry, sum := range got {
			if sum != want[entry] {
				t.Fatalf("%s adds up to %d, granted are %d", entry, sum, want[entry])
			}
		}
		for class := range in.DeviceClasses {
			if _, named := got[devicesEntry(class)]; !named {
				t.Fatalf("class %s is in no quota", class)
			}
		}
	})
}

// entriesByHand are the entries that Kubernetes charges for a pool's GPUs, each once.
func entriesByHand(in Input, pool foundationv1alpha1.GPUPoolSpec) []corev1.ResourceName {
	entries := []corev1.ResourceName{requests(corev1.ResourceName(pool.ResourceName))}
	class := pool.DeviceClassName
	if class == "" {
		return entries
	}
	entries = append(entries,
		corev1.ResourceName(class+".deviceclass.resource.k8s.io/devices"), corev1.ResourceName("requests.deviceclass.resource.kubernetes.io/"+class))
	if live := in.DeviceClasses[class]; live != nil && live.Spec.ExtendedResourceName != nil {
		entries = append(entries, requests(corev1.ResourceName(*live.Spec.ExtendedResourceName)))
	}
	slices.Sort(entries)
	return slices.Compact(entries)
}

// Claims are let in by name only where the cluster counts them.
func TestClaimableClasses(t *testing.T) {
	hanbit := two(1, 0)
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
		in    Input
		place string
		want  string
	}{
		"granted and counted":          {input(hanbit, pool, train), "train", gpuClass},
		"two, in order":                {input(hanbit, pool, second, train), "train", "a.example.com,gpu.example.com"},
		"one is not counted yet":       {input(hanbit, pool, second, counts("train", devicesOfGPU)), "train", gpuClass},
		"no quota yet":                 {input(hanbit, pool), "train", ""},
		"a quota that is not enforced": {input(hanbit, pool, written), "train", ""},
		"a namespace without weight":   {input(hanbit, pool, counts("eval", devicesOfGPU)), "eval", ""},
		"not granted": {
			input(hanbit, train, builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(builder.Team("saebit"), 8))), "train", "",
		},
		"suspended": {input(two(1, 0, builder.Suspended()), pool, train), "train", ""},
		"locked":    {input(two(1, 0, builder.Deleted()), pool, train, builder.OwnedNamespace(hanbit, "train")), "train", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := typed[corev1.Namespace](t, placeOf(t, Build(tt.in), tt.place).Namespace).Annotations
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

// The accounts are what Kubernetes keeps in each case; test/e2e sees it do so.
func TestUsedGPUs(t *testing.T) {
	const other, own = "requests.example.com/gpu", "requests.nvidia.com/gpu"
	hanbit := two(1, 1)
	pool := builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16))
	unclassed := builder.Pool("h100", builder.Granted(hanbit, 16))
	same, another, without := builder.DeviceClass(gpuClass, "nvidia.com/gpu"), builder.DeviceClass(gpuClass, "example.com/gpu"), builder.DeviceClass(gpuClass, "")
	tests := map[string]struct {
		things []any
		used   map[corev1.ResourceName]string
		want   int32
	}{
		"nothing":                   {[]any{pool, same}, nil, 0},
		"pods with a device plugin": {[]any{pool, same}, map[corev1.ResourceName]string{own: "3"}, 3},
		"claims are charged to the extended resource too": {[]any{pool, same}, map[corev1.ResourceName]string{own: "5", devicesOfGPU: "2"}, 5},
		"it lags behind, the class got it later":          {[]any{pool, same}, map[corev1.ResourceName]string{own: "1", devicesOfGPU: "2"}, 2},
		"claims of a class without one":                   {[]any{pool, without}, map[corev1.ResourceName]string{own: "3", devicesOfGPU: "2"}, 5},
		"of a class that is not there":                    {[]any{pool}, map[corev1.ResourceName]string{own: "3", devicesOfGPU: "2"}, 5},
		"of a class with another, and pods with that":     {[]any{pool, another}, map[corev1.ResourceName]string{own: "3", other: "6", devicesOfGPU: "2"}, 9},
		"pools that share a resource":                     {[]any{pool, unclassed, same}, map[corev1.ResourceName]string{own: "5", devicesOfGPU: "2"}, 5},
		"devices of a class of no pool are none":          {[]any{unclassed, without}, map[corev1.ResourceName]string{own: "3", devicesOfGPU: "2"}, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			quota := builder.Quota(hanbit, "train", corev1.ResourceList{own: resource.MustParse("7"), devicesOfGPU: resource.MustParse("7"), other: resource.MustParse("7")})
			quota.Status.Used = corev1.ResourceList{}
			for entry, used := range tt.used {
				quota.Status.Used[entry] = resource.MustParse(used)
			}
			in := input(hanbit, append(tt.things, quota, builder.OwnedNamespace(hanbit, "train"))...)
			if got := gpuStatus(in).Used; got != tt.want {
				t.Errorf("the team uses %d, want %d", got, tt.want)
			}
			place := namespaceStatus(in, Build(in), fine())[0]
			if place.Used != tt.want || place.Granted != 7 {
				t.Errorf("the namespace uses %d of %d, want %d of 7", place.Used, place.Granted, tt.want)
			}
		})
	}
}

// No entry of a device class is raised in one namespace before it is lowered in another.
func TestNoDeviceEntryIsRaisedBeforeAnotherIsLowered(t *testing.T) {
	hanbit := two(0, 1)
	list := func(gpus, devices string) corev1.ResourceList {
		return corev1.ResourceList{gpuEntry: resource.MustParse(gpus), devicesOfGPU: resource.MustParse(devices)}
	}
	for name, tt := range map[string]struct {
		written, enforced corev1.ResourceList
		want              map[string]string
	}{
		"devices are too many":    {list("0", "0"), list("0", "8"), map[string]string{string(gpuEntry): "8", string(devicesOfGPU): "0"}},
		"and are not lowered yet": {list("0", "8"), list("0", "8"), map[string]string{string(gpuEntry): "8", string(devicesOfGPU): "0"}},
		"all is lowered":          {list("0", "0"), list("0", "0"), map[string]string{string(gpuEntry): "8", string(devicesOfGPU): "8"}},
	} {
		t.Run(name, func(t *testing.T) {
			train, eval := builder.Quota(hanbit, "train", tt.written), builder.Quota(hanbit, "eval", list("0", "0"))
			train.Status.Hard = tt.enforced
			in := input(hanbit, builder.Pool("b200", builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 8)), train, eval)
			desired := Build(in)
			r := (&recorder{}).reconciler(in)
			p := placeOf(t, desired, "eval")
			p.Quota = r.allowedRaises(in, desired).clamp(eval, p)
			got := hard(p)
			maps.DeleteFunc(got, func(entry, _ string) bool { _, asked := tt.want[entry]; return !asked })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Quotas of all teams name every class: all are woken when a pool's is set.
func TestADeviceClassWakesAllTeams(t *testing.T) {
	teams := []client.Object{builder.Team("hanbit"), builder.Team("saebit")}
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(teams...).Build()}
	want := []string{"hanbit", "saebit"}
	names := func(requests []reconcile.Request) []string {
		var names []string
		for _, request := range requests {
			names = append(names, request.Name)
		}
		slices.Sort(names)
		return names
	}
	if diff := cmp.Diff(want, names(r.allTeams(t.Context(), &resourcev1.DeviceClass{}))); diff != "" {
		t.Error(diff)
	}
	update := func(before, after *foundationv1alpha1.GPUPool) []string {
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer queue.ShutDown()
		r.poolEvents().Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, queue)
		var requests []reconcile.Request
		for queue.Len() > 0 {
			request, _ := queue.Get()
			queue.Done(request)
			requests = append(requests, request)
		}
		return names(requests)
	}
	plain, classed := builder.Pool("b200"), builder.Pool("b200", builder.DeviceClassName(gpuClass))
	if diff := cmp.Diff(want, update(plain, classed)); diff != "" {
		t.Error(diff)
	}
	if woken := update(classed, classed); len(woken) > 0 {
		t.Errorf("%v are woken for nothing", woken)
	}
}
