package programme

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/counter"
	"foundation.team/operator/test/support/manifest"
)

const (
	// step is by how much the clock is moved for what the operator does within minutes of its own: a node that is looked at
	// for pods takes that long.
	step = 5 * time.Second
	// steps is how often it is, at the most, before something has to be so.
	steps = 24
	// idleLooks is how often in a row the operator has to be found idle, so that what it wrote last has come back to it.
	idleLooks = 3
)

// story is one test, with its own names, clock and operator, on the lab that all of them share. They are told one after
// the other.
type story struct {
	*testing.T
	*WithT
	suffix   string
	clock    *clocktesting.FakePassiveClock
	operator *operator
	requests counter.Counter
}

// tale is how a story is told: its number, the moment at which it begins, and what happens.
type tale struct {
	number int
	begin  string
	tell   func(s *story)
}

// tell tells stories, unless the measurement at full size runs.
func tell(t *testing.T, tales map[string]tale) {
	t.Helper()
	if scale {
		t.Skip("measuring at full size")
	}
	for name, tale := range tales {
		t.Run(name, func(t *testing.T) { tale.tell(newStory(t, tale.number, tale.begin)) })
	}
}

// newStory begins a story at a moment. Its number tells its names from those of others.
func newStory(t *testing.T, number int, begin string) *story {
	t.Helper()
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	s := &story{T: t, WithT: g, suffix: fmt.Sprint("-", number), clock: clocktesting.NewFakePassiveClock(kst(begin))}
	t.Cleanup(s.tidy)
	s.start()
	return s
}

// start starts the operator, stop stops it.
func (s *story) start() {
	s.Helper()
	operator, err := startOperator(context.WithoutCancel(s.Context()), s.requests.Wrap(support.AsOperator(admin)), s.clock)
	s.Expect(err).NotTo(HaveOccurred())
	s.operator = operator
}

func (s *story) stop() {
	s.Helper()
	if s.operator != nil {
		s.Expect(s.operator.stop()).To(Succeed())
		s.operator = nil
	}
}

// at moves the clock to a moment and waits until every programme, pool and team was reconciled then.
func (s *story) at(moment string) {
	s.Helper()
	s.move(kst(moment))
	s.rest()
}

// move moves the clock, and wakes the operator if it runs.
func (s *story) move(to time.Time) {
	s.Helper()
	s.Expect(to).To(BeTemporally(">=", s.clock.Now()), "stories are told forwards")
	s.clock.SetTime(to)
	if s.operator != nil {
		s.Expect(s.operator.wake(s.Context())).To(Succeed())
	}
}

// rest waits until the operator has nothing to do until time passes.
func (s *story) rest() {
	s.Helper()
	looks := 0
	s.Eventually(func(g Gomega) {
		idle, err := s.operator.idle()
		g.Expect(err).NotTo(HaveOccurred())
		looks++
		if !idle {
			looks = 0
		}
		g.Expect(looks).To(BeNumerically(">=", idleLooks))
	}).WithPolling(20 * time.Millisecond).Should(Succeed())
}

// soon waits until something is so, within two minutes of the story's time: nodes are looked at, and requests collected, by
// its clock.
func (s *story) soon(is func(g Gomega), about ...any) {
	s.Helper()
	looked, taken := false, 0
	s.Eventually(func(g Gomega) {
		if idle, _ := s.operator.idle(); looked && idle && taken < steps {
			s.move(s.clock.Now().Add(step))
			taken++
		}
		looked = true
		is(g)
	}).Should(Succeed(), about...)
}

// atOnce waits until something is so at this moment of the story's time: what the operator decided has to reach the API
// server, and its authoriser.
func (s *story) atOnce(is func(g Gomega), about ...any) {
	s.Helper()
	s.Eventually(is).WithTimeout(10*time.Second).Should(Succeed(), about...)
}

func (s *story) named(name string) string { return name + s.suffix }

// pool takes nodes of the lab that no story has had, and makes a GPUPool of them. lines are YAML for its spec.
func (s *story) pool(name string, nodes int, lines ...string) {
	s.Helper()
	var list corev1.NodeList
	s.Expect(k8s.List(s.Context(), &list, client.HasLabels{cluster.ModelLabel})).To(Succeed())
	free := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Labels[manifest.PoolLabel] != "" })
	s.Expect(len(free)).To(BeNumerically(">=", nodes), "raise gpuNodes: the stories need more nodes than the lab has")
	for i := range free[:nodes] {
		before := free[i].DeepCopy()
		free[i].Labels[manifest.PoolLabel] = s.named(name)
		s.Expect(k8s.Patch(s.Context(), &free[i], client.MergeFrom(before))).To(Succeed())
	}
	s.apply(manifest.StaticPool(s.named(name), lines...))
}

// program makes, or changes, the story's programme. lines are YAML for its spec.
func (s *story) program(lines ...string) {
	s.Helper()
	s.apply(s.programManifest(lines...))
}

func (s *story) programManifest(lines ...string) string {
	return manifest.Program(s.named("models"), append([]string{"timeZone: Asia/Seoul", "currency: KRW"}, lines...)...)
}

// place is what every team has: somewhere to work, data, and people of each role.
func (s *story) place(team string) []string {
	person := func(name, role string) string {
		return fmt.Sprintf("- {name: %s, role: %s, subject: {kind: User, name: %s}}", name, role, s.person(team, name))
	}
	return []string{
		"namespaces: [{name: train}]",
		"volumes: [{name: data, namespace: train, size: 10Ti, storageClassName: fast}]",
		"staff:", person("lead", "Lead"), person("engineer", "Engineer"), person("steward", "DataSteward"), person("viewer", "Viewer"),
	}
}

// person is the account of somebody in a team.
func (s *story) person(team, name string) string { return name + "@" + s.named(team) + ".example" }

// team makes, or changes, a team of the programme with a place. lines are further YAML for its spec.
func (s *story) team(name string, lines ...string) {
	s.Helper()
	s.apply(s.teamManifest(name, lines...))
}

func (s *story) teamManifest(name string, lines ...string) string {
	return manifest.Team(s.named(name), slices.Concat([]string{"programName: {name: " + s.named("models") + "}"}, s.place(name), lines)...)
}

// award is GPUs of one pool for the term; more is further YAML for the award.
func (s *story) award(pool string, count int, more ...string) string {
	return fmt.Sprintf("gpus: [%s]", s.awarded("a", pool, count, more...))
}

func (s *story) awarded(name, pool string, count int, more ...string) string {
	return fmt.Sprintf("{%s}", strings.Join(append([]string{"name: " + name, "poolName: " + s.named(pool), fmt.Sprint("count: ", count)}, more...), ", "))
}

// term is the YAML of a term; an empty end is open.
func term(start, end string) string {
	if end == "" {
		return fmt.Sprintf("term: {startTime: %s}", stamp(start))
	}
	return fmt.Sprintf("term: {startTime: %s, endTime: %s}", stamp(start), stamp(end))
}

// decided is the YAML of a decision; more is further YAML for it.
func (s *story) decided(team, outcome, at string, more ...string) string {
	parts := append([]string{"teamName: " + s.named(team), "outcome: " + outcome, "decisionTime: " + stamp(at), "reason: as the panel saw it"}, more...)
	return fmt.Sprintf("- {%s}", strings.Join(parts, ", "))
}

// apply applies a manifest as an admin does.
func (s *story) apply(yaml string) {
	s.Helper()
	s.Expect(support.Apply(s.Context(), k8s, yaml)).To(Succeed(), yaml)
}

// refused is what kubectl says of a manifest that is not accepted.
func (s *story) refused(yaml string) string {
	s.Helper()
	_, err := lab.Kubectl(s.Context(), "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", s.file(yaml))
	s.Expect(err).To(HaveOccurred(), yaml)
	return err.Error()
}

func (s *story) kubectl(args ...string) string {
	s.Helper()
	output, err := lab.Kubectl(s.Context(), args...)
	s.Expect(err).NotTo(HaveOccurred(), "kubectl %q", args)
	return output
}

func (s *story) file(content string) string {
	s.Helper()
	// The name of a test is not fit for a path that kubectl reads: it takes commas for separators.
	dir, err := os.MkdirTemp("", "story-")
	s.Expect(err).NotTo(HaveOccurred())
	s.Cleanup(func() { s.Expect(os.RemoveAll(dir)).To(Succeed()) })
	path := filepath.Join(dir, "manifest.yaml")
	s.Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	return path
}
