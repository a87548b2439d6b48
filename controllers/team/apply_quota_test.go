package team

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"foundation.team/operator/test/support/builder"
)

// While shares change, the quotas of a team never add up to more than its grant, whatever write fails, and reach the new
// shares when nothing fails any more.
func TestQuotasNeverAddUpToMoreThanTheGrant(t *testing.T) {
	const granted = 8
	hanbit := twoNamespaces(weights{train: 0, eval: 1}.set, builder.Namespace("data", 1))
	want := map[string]int32{"hanbit-train": 0, "hanbit-eval": 4, "hanbit-data": 4}
	for name, fail := range map[string]string{
		"nothing fails":                                                            "",
		"the quota to lower cannot be written":                                     "ResourceQuota foundation-team/hanbit-train",
		"a quota to raise cannot be written":                                       "ResourceQuota foundation-team/hanbit-eval",
		"the namespace with the quota to lower cannot be written":                  "Namespace hanbit-train",
		"the isolation of the namespace with the quota to lower cannot be written": "NetworkPolicy foundation-team-default-deny/hanbit-train",
		"the isolation of a namespace with a quota to raise cannot be written":     "NetworkPolicy foundation-team-default-deny/hanbit-eval",
	} {
		t.Run(name, func(t *testing.T) {
			had := map[string]int32{"hanbit-train": granted, "hanbit-eval": 0, "hanbit-data": 0}
			for round := range 4 {
				things := []any{builder.Pool("b200", builder.Granted(hanbit, granted))}
				for namespace, gpus := range had {
					hard := corev1.ResourceList{"requests.nvidia.com/gpu": *resource.NewQuantity(int64(gpus), resource.DecimalSI)}
					short := strings.TrimPrefix(namespace, "hanbit-")
					things = append(things, builder.Quota(hanbit, short, hard), builder.OwnedNamespace(hanbit, short))
				}
				in := input(hanbit, things...)
				r := &recorder{gpus: maps.Clone(had), limit: granted}
				if round == 0 {
					r.fail = fail
				}
				r.applyAndPrune(t, in)
				if r.exceeded != "" {
					t.Fatalf("round %d: %s", round, r.exceeded)
				}
				had = r.gpus
			}
			if diff := cmp.Diff(want, had); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A quota counts as its spec or as what the cluster enforces, whichever is higher.
func TestNoQuotaIsRaisedBeforeALoweredOneIsEnforced(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 0, eval: 1}.set)
	for name, tt := range map[string]struct {
		written, enforced string
		want              int32
	}{
		"the decrease is written and not enforced yet":          {"0", "8", 0},
		"the decrease is enforced":                              {"0", "0", 8},
		"the decrease is not written, and nothing enforced yet": {"8", "0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			gpus := func(count string) corev1.ResourceList {
				return corev1.ResourceList{"requests.nvidia.com/gpu": resource.MustParse(count)}
			}
			train, eval := builder.Quota(hanbit, "train", gpus(tt.written)), builder.Quota(hanbit, "eval", gpus("0"))
			train.Status.Hard = gpus(tt.enforced)
			in := input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 8)), train, eval, builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "eval"))
			r := &recorder{gpus: map[string]int32{}, limit: 8}
			r.applyAndPrune(t, in)
			if got := r.gpus["hanbit-eval"]; got != tt.want {
				t.Errorf("the other quota is %d, want %d", got, tt.want)
			}
		})
	}
}

func TestIncreasesWaitForDecreasesElsewhere(t *testing.T) {
	const gpu = corev1.ResourceName("requests.nvidia.com/gpu")
	hanbit := twoNamespaces(weights{train: 1, eval: 0}.set)
	train := namespaceOf(t, Build(NewModel(input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 8))))), "train")
	tests := map[string]struct {
		pending pendingDecreases
		live    string
		want    string
	}{
		"no namespace has too much":                                      {pendingDecreases{}, "2", "8"},
		"another namespace has too much":                                 {pendingDecreases{gpu: {"hanbit-eval": true}}, "2", "2"},
		"another namespace has too much, and there is no quota here yet": {pendingDecreases{gpu: {"hanbit-eval": true}}, "", "0"},
		"only the namespace itself has too much":                         {pendingDecreases{gpu: {"hanbit-train": true}}, "2", "8"},
		"the namespace and another one have too much":                    {pendingDecreases{gpu: {"hanbit-train": true, "hanbit-eval": true}}, "2", "2"},
		"a decrease does not wait for another namespace":                 {pendingDecreases{gpu: {"hanbit-eval": true}}, "16", "8"},
		"another namespace has too much of another resource":             {pendingDecreases{"requests.amd.com/gpu": {"hanbit-eval": true}}, "2", "8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var live *corev1.ResourceQuota
			if tt.live != "" {
				live = builder.Quota(hanbit, "train", corev1.ResourceList{gpu: quantity(tt.live)})
			}
			got := (*tt.pending.limit(live, train).Spec.Hard)[gpu]
			if got.String() != tt.want {
				t.Errorf("quota %s, want %s", got.String(), tt.want)
			}
			if desired := (*train.Quota.Spec.Hard)[gpu]; desired.String() != "8" {
				t.Errorf("the desired quota became %s", desired.String())
			}
		})
	}
}
