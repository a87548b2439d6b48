package requests

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/counter"
)

const (
	// newTeams is how many teams come at once, namespacesOfNew how many namespaces each of them has.
	newTeams, namespacesOfNew = 40, 3
	// mostOpen is how many of them may be begun and not Ready at any time. Ten may come alone, so may be begun at once, and each worker
	// begins another one while quotas of those before are enforced; if all were begun first it would be all.
	mostOpen = 30
)

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
	open := watchOpen(t, lab.Client)
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
	most := open()
	t.Logf("%d of %d teams were begun and not Ready at a time", most, newTeams)
	g.Expect(most).To(And(BeNumerically(">", 0), BeNumerically("<=", mostOpen)), "teams are finished before others are begun")
	g.Expect(statuses).To(And(BeNumerically(">=", newTeams), BeNumerically("<=", 2*newTeams)), counts.String())
}

// watchOpen watches teams and their namespaces. The function that it returns ends that and tells how many teams were begun and not
// Ready, at most, by the order of the API server's revisions.
func watchOpen(t *testing.T, k8s client.WithWatch) (most func() int) {
	t.Helper()
	g := NewWithT(t)
	begun, ready := map[string]int64{}, map[string]int64{}
	var seeing errgroup.Group
	var watches []watch.Interface
	for kind, note := range map[client.ObjectList]func(client.Object){
		&corev1.NamespaceList{}: func(obj client.Object) { noteFirst(begun, obj.GetLabels()[foundationv1alpha1.LabelTeam], obj) },
		&foundationv1alpha1.FoundationTeamList{}: func(obj client.Object) {
			if team, ok := obj.(*foundationv1alpha1.FoundationTeam); ok && meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady) {
				noteFirst(ready, team.Name, obj)
			}
		},
	} {
		w, err := k8s.Watch(t.Context(), kind)
		g.Expect(err).NotTo(HaveOccurred())
		watches = append(watches, w)
		seeing.Go(func() error {
			for event := range w.ResultChan() {
				if obj, ok := event.Object.(client.Object); ok {
					note(obj)
				}
			}
			return nil
		})
	}
	return func() int {
		for _, w := range watches {
			w.Stop()
		}
		g.Expect(seeing.Wait()).To(Succeed())
		most := 0
		for team, since := range begun {
			open := 0
			for other, otherSince := range begun {
				if until, is := ready[other]; otherSince <= since && (!is || until > since) {
					open++
				}
			}
			if strings.HasPrefix(team, "new-") {
				most = max(most, open)
			}
		}
		return most
	}
}

// noteFirst notes the revision at which something of a team was seen first.
func noteFirst(seen map[string]int64, team string, obj client.Object) {
	if _, known := seen[team]; !known && team != "" {
		revision, err := strconv.ParseInt(obj.GetResourceVersion(), 10, 64)
		if err == nil {
			seen[team] = revision
		}
	}
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
