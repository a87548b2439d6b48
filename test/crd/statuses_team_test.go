package crd

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	teamcontroller "foundation.team/operator/controllers/team"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// teamWorld is a world around the largest team, and what came of writing its objects.
type teamWorld struct {
	in  teamcontroller.Input
	out teamcontroller.Outcome
}

func newTeamWorld(t *testing.T) *teamWorld {
	t.Helper()
	largest := decoded(t, largestTeam(), &foundationv1alpha1.FoundationTeam{})
	largest.UID, largest.Generation = types.UID(strings.Repeat("u", 36)), 1
	return &teamWorld{in: teamcontroller.Input{
		Team: largest, Now: within,
		Pools: map[string]*foundationv1alpha1.GPUPool{}, StorageClasses: map[string]*storagev1.StorageClass{},
		LiveNamespaces: map[string]*corev1.Namespace{}, Quotas: map[string]*corev1.ResourceQuota{}, PersistentVolumes: map[string]*corev1.PersistentVolume{},
	}}
}

// manyPools are pools with the largest grant and incidents for the team, its own among them.
func (w *teamWorld) manyPools(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		pool := builder.Pool(name63(i))
		if i == 0 {
			pool.Name = w.in.Team.Spec.GPUs[0].PoolName
		}
		grant := largest[foundationv1alpha1.Grant](t, "GPUPool", i, "status", "grants")
		grant.TeamName, grant.UID, grant.Reason = w.in.Team.Name, string(w.in.Team.UID), foundationv1alpha1.ReasonShortfall
		grant.Requested, grant.Granted, grant.Held, grant.Ready = 0, 100_000, 100_000, 100_000
		grant.ForecastReason = foundationv1alpha1.ReasonOvercommitted
		incident := largest[foundationv1alpha1.NodeIncident](t, "GPUPool", i, "status", "incidents")
		incident.TeamName, incident.UID = grant.TeamName, grant.UID
		pool.Status = foundationv1alpha1.GPUPoolStatus{ObservedGeneration: 1, Grants: []foundationv1alpha1.Grant{grant}, Incidents: []foundationv1alpha1.NodeIncident{incident}}
		w.in.Pools[pool.Name] = pool
	}
}

// retired are namespaces, claims and volumes of the team that its spec does not have any more.
func (w *teamWorld) retired(namespaces, claims, volumes int) {
	meta := func(namespace, name string) metav1.ObjectMeta {
		return builder.OwnedMeta(w.in.Team, namespace, name)
	}
	for i := range namespaces {
		w.in.LiveNamespaces[name63(i)] = &corev1.Namespace{ObjectMeta: meta("", name63(i))}
	}
	for i := range claims {
		w.in.Volumes = append(w.in.Volumes, &corev1.PersistentVolumeClaim{ObjectMeta: meta(name63(i%max(namespaces, 1)), name63(i))})
	}
	for i := range volumes {
		volume := &corev1.PersistentVolume{ObjectMeta: meta("", numbered(253, i))}
		volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: name63(i / 4), Name: "released" + name63(i / 4)[8:]}
		w.in.LabelledVolumes = append(w.in.LabelledVolumes, volume)
	}
}

// inProgram puts the team into a programme that holds all of its money back, with the longest messages.
func (w *teamWorld) inProgram(t *testing.T, manifest string) {
	t.Helper()
	program := decoded(t, manifest, &foundationv1alpha1.FoundationProgram{})
	for i, award := range w.in.Team.Spec.Budget {
		held := largest[foundationv1alpha1.HeldBackAward](t, "FoundationProgram", i, "status", "heldBack")
		held.TeamName, held.Award, held.Line = w.in.Team.Name, award.Name, award.Line
		held.Reason = foundationv1alpha1.ReasonBudgetExceeded
		program.Status.HeldBack = append(program.Status.HeldBack, held)
	}
	program.Spec.Decisions = append(program.Spec.Decisions, foundationv1alpha1.Decision{
		TeamName: w.in.Team.Name, Outcome: foundationv1alpha1.OutcomeSelected, Reason: strings.Repeat("<", 512), DecisionTime: builder.SpecTime(within.AddDate(0, -1, 0)),
	})
	w.in.Program = lifecycle.NewProgram(program)
}

func (w *teamWorld) recorded(t *testing.T) {
	t.Helper()
	w.in.Record = decoded(t, largestRecord(), &foundationv1alpha1.TeamRecord{})
	for i := range w.in.Record.Spec.History {
		w.in.Record.Spec.History[i] = largest[foundationv1alpha1.RecordedChange](t, "TeamRecord", i, "spec", "history")
	}
}

// failing has every write fail with a long message.
func (w *teamWorld) failing() {
	w.out.Problems = map[string][]teamcontroller.Problem{}
	for _, area := range []string{
		foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ConditionAccessReady, foundationv1alpha1.ConditionVolumesReady,
	} {
		for i := range 1000 {
			w.out.Problems[area] = append(w.out.Problems[area], teamcontroller.Problem{
				Namespace: name63(i), Reason: foundationv1alpha1.ReasonRefused, Message: strings.Repeat("<", 100_000), OwnObject: true, NeedsPerson: true,
			})
		}
	}
}

func (w *teamWorld) status() foundationv1alpha1.FoundationTeamStatus {
	model := teamcontroller.NewModel(w.in)
	return teamcontroller.BuildStatus(model, w.in.Record, teamcontroller.Build(model), &w.out)
}

func TestLargestTeamStatusIsStored(t *testing.T) {
	worlds := map[string]func(t *testing.T, w *teamWorld){
		"nothing that it names exists": func(*testing.T, *teamWorld) {},
		"every pool is short of GPUs":  func(t *testing.T, w *teamWorld) { t.Helper(); w.manyPools(t, 400) },
		"everything was retired":       func(_ *testing.T, w *teamWorld) { w.retired(3000, 5000, 1000) },
		"every write fails":            func(_ *testing.T, w *teamWorld) { w.failing(); w.in.Guards = policiesMissing },
		"every name is somebody else's": func(_ *testing.T, w *teamWorld) {
			for _, n := range w.in.Team.Spec.Namespaces {
				name := foundationv1alpha1.NamespaceName(w.in.Team.Name, n.Name)
				w.in.LiveNamespaces[name] = builder.ForeignNamespace(name)
			}
			w.failing()
		},
		"a programme holds all money back": func(t *testing.T, w *teamWorld) { t.Helper(); w.inProgram(t, wordyProgram()) },
		"a long record":                    func(t *testing.T, w *teamWorld) { t.Helper(); w.recorded(t) },
		"all of it": func(t *testing.T, w *teamWorld) {
			t.Helper()
			w.manyPools(t, 400)
			w.retired(3000, 5000, 1000)
			w.failing()
			w.inProgram(t, wordyProgram())
			w.recorded(t)
			w.in.Guards = policiesMissing
		},
		"all of it, while it is being deleted": func(t *testing.T, w *teamWorld) {
			t.Helper()
			deleted(w.in.Team)
			w.manyPools(t, 400)
			w.retired(3000, 5000, 1000)
			w.inProgram(t, wordyProgram())
			w.recorded(t)
		},
	}
	n := 0
	for name, change := range worlds {
		n++
		named := numbered(40, n)
		if hardest := name == "all of it"; !hardest && !full {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTeamWorld(t)
			change(t, w)
			status := w.status()
			storeStatus(t, teams, largestTeam(), named, &status)
		})
	}
}
