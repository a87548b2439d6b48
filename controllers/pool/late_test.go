package pool

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// Pods are evicted, and nodes with local data terminated, only if the pool, the team that holds the node and its programme are as
// they were decided from, however late the watches are. One team's edit holds up nothing of another.
func TestNothingIsTakenOnAnOldWord(t *testing.T) {
	podOn := func(name, node string) corev1.Pod {
		pod := builder.Pod("x", name, now)
		pod.Spec.NodeName = node
		return pod
	}
	all := []string{"eviction p1", "eviction p2", "delete p3", "delete c1"}
	for name, tt := range map[string]struct {
		edited client.Object
		made   client.Object
		want   []string
	}{
		"nothing has changed":              {want: all},
		"the pool has changed":             {edited: &foundationv1alpha1.GPUPool{}},
		"the team has changed":             {edited: &foundationv1alpha1.FoundationTeam{}, want: []string{"eviction p2"}},
		"the programme has changed":        {edited: &foundationv1alpha1.FoundationProgram{}, want: []string{"eviction p2"}},
		"a team that was gone is there":    {made: builder.Team("saebit"), want: []string{"eviction p1", "delete p3", "delete c1"}},
		"a team that holds nothing is new": {made: builder.Team("onnuri"), want: all},
	} {
		t.Run(name, func(t *testing.T) {
			pool, team, program := builder.Pool(b200), builder.Team("hanbit", builder.InProgram("call")), builder.Program("call")
			pool.Name, team.Name, program.Name = "same", "same", "same"
			claim := builder.NodeClaim("c1", static, hanbit)
			s := newServer(pool, team, program, claim)
			for _, seen := range []client.Object{pool, team, program, claim} {
				if err := s.Get(t.Context(), client.ObjectKeyFromObject(seen), seen); err != nil {
					t.Fatal(err)
				}
			}
			ours := lifecycle.NewTeam(team, lifecycle.NewProgram(program))
			plan := Plan{
				Evictions: []corev1.Pod{podOn("p1", "n1"), podOn("p2", "n2")}, PodDeletions: []corev1.Pod{podOn("p3", "n1")},
				NodeClaimDeletions: []*karpenter.NodeClaim{claim},
				holders: map[string]lifecycle.Team{
					"n1": ours, "c1": ours,
					"n2": lifecycle.NewTeam(&foundationv1alpha1.FoundationTeam{ObjectMeta: builder.Team("saebit").ObjectMeta}, nil),
				},
			}
			if tt.edited != nil {
				if err := s.Get(t.Context(), client.ObjectKey{Name: "same"}, tt.edited); err != nil {
					t.Fatal(err)
				}
				tt.edited.SetAnnotations(map[string]string{"edited": time.Minute.String()})
				if err := s.Update(t.Context(), tt.edited); err != nil {
					t.Fatal(err)
				}
			}
			if tt.made != nil {
				if err := s.Create(t.Context(), tt.made); err != nil {
					t.Fatal(err)
				}
			}
			err := s.reconciler().prune(t.Context(), pool, plan, nil)
			if changed := (*apply.ChangedError)(nil); errors.As(err, &changed) != (len(tt.want) < len(all)) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, s.writes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The plan names who holds each node, the teams included that do not exist any more.
func TestPlanNamesHolders(t *testing.T) {
	gone := builder.Node("n2", builder.HeldIn(b200, saebit))
	in := input(granted(8), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit)), gone, builder.Node("n3", builder.FreeIn(b200)))
	in.Teams[0].ResourceVersion = "7"
	got := map[string]string{}
	for node, holder := range BuildPlan(in, Decide(in)).holders {
		got[node] = holder.Name + "@" + holder.ResourceVersion
	}
	if diff := cmp.Diff(map[string]string{"n1": "hanbit@7", "n2": "saebit@"}, got); diff != "" {
		t.Error(diff)
	}
}
