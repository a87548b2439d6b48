package team

import (
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"foundation.team/operator/test/support/builder"
)

// overrides are what an admin may write into a namespace's quota, and GPUs, which he may not.
var overrides = corev1.ResourceList{
	corev1.ResourcePods: resource.MustParse("5"), "requests.nvidia.com/gpu": resource.MustParse("99"), "requests.amd.com/gpu": resource.MustParse("99"),
	corev1.ResourceServices: resource.MustParse("1"), "count/jobs.batch": resource.MustParse("2"),
}

func TestQuota(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 7, eval: 1}.set)
	pool := builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.Granted(hanbit, 8))
	spare := builder.Pool("mi300", builder.ResourceName("amd.com/gpu"))
	testQuota(t, map[string]quotaCase{
		"without GPUs only the base": {input(twoNamespaces(weights{train: 7, eval: 1}.set), spare), "train", map[string]string{
			"count/pods":   "20200",
			"requests.cpu": "16", "requests.memory": "64Gi", "requests.ephemeral-storage": "200Gi", "requests.storage": "1Ti",
			"persistentvolumeclaims": "20", "pods": "200", "requests.nvidia.com/gpu": "", "requests.amd.com/gpu": "0",
			"count/rolebindings.rbac.authorization.k8s.io": "100", "count/networkpolicies.networking.k8s.io": "50",
			"services": "50", "services.nodeports": "0", "services.loadbalancers": "0", "count/resourceclaims.resource.k8s.io": "0",
		}},
		"seven eighths of a grant": {input(twoNamespaces(weights{train: 7, eval: 1}.set), pool, spare), "train", map[string]string{
			"requests.nvidia.com/gpu": "7", "requests.amd.com/gpu": "0", "requests.cpu": "184", "requests.memory": "1856Gi", "pods": "228",
		}},
		"one eighth of a grant": {input(twoNamespaces(weights{train: 7, eval: 1}.set), pool, spare), "eval", map[string]string{
			"requests.nvidia.com/gpu": "1", "requests.cpu": "40", "requests.memory": "320Gi", "requests.ephemeral-storage": "1224Gi", "pods": "204",
		}},
		"a namespace of weight 0 has the base": {input(twoNamespaces(weights{train: 1, eval: 0}.set), pool), "eval", map[string]string{"requests.nvidia.com/gpu": "0", "requests.cpu": "16", "pods": "200"}},
		"overrides of the spec hold, GPUs excepted": {
			input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, overrides)), pool, spare), "train",
			map[string]string{"requests.nvidia.com/gpu": "8", "requests.amd.com/gpu": "0", "pods": "5", "count/pods": "20005", "services": "1", "count/jobs.batch": "2", "requests.cpu": "208"},
		},
		"more pods, and a bound of finished ones": {
			input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1k"), countPods: resource.MustParse("2k")})), pool), "train",
			map[string]string{"pods": "1k", "count/pods": "2k"},
		},
		"declared volumes come on top of the base": {
			input(twoNamespaces(weights{train: 7, eval: 1}.set, builder.Volume("corpus", "train", "200Ti", ""), builder.Volume("other", "eval", "5Ti", ""))), "train",
			map[string]string{"requests.storage": "201Ti", "persistentvolumeclaims": "21"},
		},
		"a volume removed from the spec still counts, an existing one counts once": {
			input(twoNamespaces(weights{train: 7, eval: 1}.set, builder.Volume("corpus", "train", "2Ti", "")), builder.Claim(hanbit, "train", "corpus", "1Ti", "1Ti"), builder.Claim(hanbit, "train", "old", "3Ti", "")), "train",
			map[string]string{"requests.storage": "6Ti", "persistentvolumeclaims": "22"},
		},
	})
}

func TestQuotaWhereNothingStarts(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 7, eval: 1}.set)
	pool := builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.Granted(hanbit, 8))
	testQuota(t, map[string]quotaCase{
		"suspended: no new pods, existing objects stay": {
			input(twoNamespaces(weights{train: 7, eval: 1}.set, builder.Suspended()), pool), "train", map[string]string{
				"requests.nvidia.com/gpu": "0", "requests.cpu": "0", "requests.memory": "0", "requests.ephemeral-storage": "0", "pods": "0",
				"requests.storage": "1Ti", "services": "50", "count/jobs.batch": "1k",
			},
		},
		"suspended beats overrides": {
			input(builder.Team("hanbit", builder.Suspended(), builder.NamespaceQuota("train", 1, overrides)), pool), "train",
			map[string]string{"pods": "0", "requests.nvidia.com/gpu": "0", "services": "1"},
		},
	})
	closed := map[string]quotaCase{
		"locked": {
			input(twoNamespaces(weights{train: 7, eval: 1}.set, builder.Deleted(), builder.Volume("corpus", "train", "200Ti", "")), pool, builder.OwnedNamespace(hanbit, "train")), "train",
			map[string]string{"requests.nvidia.com/gpu": "0", "pods": "0", "requests.storage": "0", "services": "0", "persistentvolumeclaims": "0", "count/jobs.batch": "0"},
		},
		"retired": {
			input(twoNamespaces(weights{train: 7, eval: 1}.set), pool, builder.OwnedNamespace(hanbit, "old")), "old",
			map[string]string{"requests.nvidia.com/gpu": "0", "pods": "0", "requests.storage": "0", "services": "0"},
		},
	}
	testQuota(t, closed)
	for name, tt := range closed {
		for key, got := range hardOf(namespaceOf(t, Build(NewModel(tt.in)), tt.namespace)) {
			// The operator restores its own bindings and policies in every namespace.
			if _, ours := sharedCounts[corev1.ResourceName(key)]; got != "0" != ours {
				t.Errorf("%s: %s is %s, want 0", name, key, got)
			}
		}
	}
}

func TestBuildingChangesNoDefaults(t *testing.T) {
	before := maps.Clone(baseQuota)
	hanbit := twoNamespaces()
	Build(NewModel(input(hanbit, builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.Granted(hanbit, 8)), builder.Claim(hanbit, "train", "x", "1Ti", ""))))
	Build(NewModel(input(twoNamespaces(builder.Deleted()), builder.OwnedNamespace(hanbit, "train"))))
	for name, quantity := range before {
		if got := baseQuota[name]; got.Cmp(quantity) != 0 {
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
		for _, p := range Build(NewModel(in)).Namespaces {
			got += NewModel(in).Devices.GPUs(*p.Quota.Spec.Hard)
		}
		if got != sum {
			t.Fatalf("quotas add up to %d, granted are %d", got, sum)
		}
	})
}
