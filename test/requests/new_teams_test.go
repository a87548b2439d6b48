package requests

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/counter"
)

// newTeams is how many teams come at once, namespacesOfNew how many namespaces each of them has.
const newTeams, namespacesOfNew = 20, 3

// TestNewTeamsCostLittle counts what teams cost that are new: one write for each object, and for the finalizer, the record and the
// status; one read for each namespace, whose name could be somebody else's, and next to none besides.
func TestNewTeamsCostLittle(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(2 * time.Minute)
	log.SetLogger(logr.Discard())
	ctx := t.Context()
	lab := startLab(ctx, t, 0)
	requests := &counter.Counter{}
	_, stop := startOperator(t, requests.Wrap(support.AsOperator(lab.Admin)))
	defer stop()
	// The first one waits until the admission policies have settled.
	makeNewTeams(ctx, g, lab.Client, "first", 1)
	before := countObjects(ctx, g, lab.Client)
	requests.Take()
	makeNewTeams(ctx, g, lab.Client, "new", newTeams)
	objects := countObjects(ctx, g, lab.Client) - before

	looks, reads, statuses, others := 0, 0, 0, 0
	counts := requests.Take()
	for name, count := range counts {
		switch {
		case strings.Contains(name, "/events"), strings.HasPrefix(name, "watch "):
		case strings.HasPrefix(name, "read /api/v1/namespaces/new-") && strings.Count(name, "/") == 4:
			looks += count
		case strings.HasPrefix(name, "read "):
			reads += count
		case strings.HasSuffix(name, "/status"):
			statuses += count
		default:
			others += count
		}
	}
	t.Logf("%d teams of %d objects: %d reads of namespaces, %d others, %d writes of objects, %d of statuses", newTeams, objects, looks, reads, others, statuses)
	// What was written and is not in the cache yet when the team is reconciled again is read: namespaces, too.
	g.Expect(looks).To(BeNumerically(">=", newTeams*namespacesOfNew), counts.String())
	g.Expect(looks+reads).To(BeNumerically("<=", newTeams*(namespacesOfNew+1)), counts.String())
	g.Expect(others).To(Equal(objects+2*newTeams), counts.String()) // and the finalizer, and the record
	// The quota controller decides whether a team is Ready within a second, and so whether its first status can be its last.
	g.Expect(statuses).To(And(BeNumerically(">=", newTeams), BeNumerically("<=", 2*newTeams)), counts.String())
}

// makeNewTeams makes teams without GPUs and waits until they are Ready.
func makeNewTeams(ctx context.Context, g *WithT, k8s client.Client, prefix string, count int) {
	for i := range count {
		team := builder.Team(fmt.Sprintf("%s-%02d", prefix, i),
			builder.Namespace("train", 1), builder.Namespace("eval", 1), builder.Namespace("bench", 1),
			builder.Staff("lead", foundationv1alpha1.RoleLead), builder.Staff("viewer", foundationv1alpha1.RoleViewer))
		team.ObjectMeta = metav1.ObjectMeta{Name: team.Name}
		g.Expect(k8s.Create(ctx, team)).To(Succeed())
	}
	g.Eventually(func(g Gomega) {
		var list foundationv1alpha1.FoundationTeamList
		g.Expect(k8s.List(ctx, &list)).To(Succeed())
		for _, item := range list.Items {
			g.Expect(meta.IsStatusConditionTrue(item.Status.Conditions, foundationv1alpha1.ConditionReady)).To(BeTrue(), item.Name)
		}
	}).Should(Succeed())
}

// countObjects counts what the operator has made for teams.
func countObjects(ctx context.Context, g *WithT, k8s client.Client) int {
	objects := 0
	for _, kind := range apply.Kinds() {
		list := kind.NewList()
		g.Expect(k8s.List(ctx, list, client.HasLabels{foundationv1alpha1.LabelTeam})).To(Succeed())
		objects += meta.LenList(list)
	}
	return objects
}
