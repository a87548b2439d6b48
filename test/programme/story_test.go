package programme

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/counter"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

const (
	// step is by how much the clock is moved for what the operator does within minutes of its own, such as polling nodes
	// for pods.
	step = 5 * time.Second
	// steps bounds how often the clock is moved before a check has to pass.
	steps = 24
	// idleChecks is how often in succession the operator has to be idle, so that the events of its last writes have reached
	// it.
	idleChecks = 3
)

// story is one test, with its own names, clock and operator, on the lab that all of them share. Stories run one after the
// other.
type story struct {
	*dsl.Story
	clock    *clocktesting.FakePassiveClock
	operator *operator
	requests counter.Counter
}

// namedStory is a story with its number, the time at which it begins, and its steps.
type namedStory struct {
	number int
	begin  string
	run    func(s *story)
}

// runStories runs stories, unless the measurement at full size runs.
func runStories(t *testing.T, tales map[string]namedStory) {
	t.Helper()
	if scale {
		t.Skip("measuring at full size")
	}
	for name, tale := range tales {
		t.Run(name, func(t *testing.T) { tale.run(newStory(t, tale.number, tale.begin)) })
	}
}

// newStory begins a story at a time. Its number keeps its names apart from those of others.
func newStory(t *testing.T, number int, begin string) *story {
	t.Helper()
	s := &story{clock: clocktesting.NewFakePassiveClock(kst(begin))}
	t.Cleanup(func() { s.cleanUp() })
	s.Story = dsl.New(t, lab, dsl.Options{
		Suffix: fmt.Sprint("-", number), Timeout: time.Minute, Polling: 50 * time.Millisecond, WaitUntil: s.waitMovingClock,
	})
	s.start()
	return s
}

// start starts the operator, stop stops it.
func (s *story) start() {
	s.Helper()
	operator, err := startOperator(context.WithoutCancel(s.Context()), s.requests.Wrap(support.AsOperator(lab.Admin)), s.clock)
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

// at sets the clock and waits until every programme, pool and team was reconciled at that time.
func (s *story) at(moment string) {
	s.Helper()
	s.setClock(kst(moment))
	s.waitIdle()
}

// setClock sets the clock, and wakes the operator if it runs.
func (s *story) setClock(to time.Time) {
	s.Helper()
	s.Expect(to).To(BeTemporally(">=", s.clock.Now()), "stories are told forwards")
	s.clock.SetTime(to)
	if s.operator != nil {
		s.Expect(s.operator.wake(s.Context())).To(Succeed())
	}
}

// waitIdle waits until the operator has nothing to do until time passes.
func (s *story) waitIdle() {
	s.Helper()
	looks := 0
	s.Eventually(func(g Gomega) {
		idle, err := s.operator.idle()
		g.Expect(err).NotTo(HaveOccurred())
		looks++
		if !idle {
			looks = 0
		}
		g.Expect(looks).To(BeNumerically(">=", idleChecks))
	}).WithPolling(20 * time.Millisecond).Should(Succeed())
}

// waitMovingClock waits until a check passes, within two minutes of the story's time: the operator polls nodes and
// debounces demands by its clock.
func (s *story) waitMovingClock(check func(g Gomega), about ...any) {
	s.Helper()
	looked, taken := false, 0
	s.Eventually(func(g Gomega) {
		if idle, _ := s.operator.idle(); looked && idle && taken < steps {
			s.setClock(s.clock.Now().Add(step))
			taken++
		}
		looked = true
		check(g)
	}).Should(Succeed(), about...)
}

// atOnce waits until a check passes without moving the clock: the operator's writes have to reach the API server and its
// authorizer.
func (s *story) atOnce(check func(g Gomega), about ...any) {
	s.Helper()
	s.Eventually(check).WithTimeout(10*time.Second).Should(Succeed(), about...)
}

// models is the programme of a story.
const models = "models"

// ApplyProgram makes, or changes, the story's programme. lines are YAML for its spec.
func (s *story) ApplyProgram(lines ...string) {
	s.Helper()
	s.Apply(s.programManifest(lines...))
}

func (s *story) programManifest(lines ...string) string {
	return manifest.Program(s.Named(models), append([]string{"timeZone: Asia/Seoul", "currency: KRW"}, lines...)...)
}

// environment is what every team declares: a namespace, a volume, and staff of each role; a line that follows may add
// somebody.
func (s *story) environment(team string) []string {
	person := func(name, role string) string { return "- " + manifest.User(name, role, s.person(team, name)) }
	return []string{
		manifest.Train,
		"volumes: [{name: data, namespace: train, size: 10Ti, storageClassName: fast}]",
		"staff:", person("lead", "Lead"), person("engineer", "Engineer"), person("steward", "DataSteward"), person("viewer", "Viewer"),
	}
}

// person is the account of somebody in a team.
func (s *story) person(team, name string) string { return name + "@" + s.Named(team) + ".example" }

// ApplyTeam creates or changes a team of the programme with an environment. lines are further YAML for its spec.
func (s *story) ApplyTeam(name string, lines ...string) {
	s.Helper()
	s.Story.ApplyTeam(name, s.teamLines(name, lines...)...)
}

// teamLines returns the spec of a team of the programme with an environment. lines are further YAML for it.
func (s *story) teamLines(name string, lines ...string) []string {
	return slices.Concat([]string{"programName: " + s.Named(models)}, s.environment(name), lines)
}

// term is the YAML of a term; an empty end is open.
func term(start, end string) string {
	if end == "" {
		return fmt.Sprintf("term: {startTime: %s}", stamp(start))
	}
	return fmt.Sprintf("term: {startTime: %s, endTime: %s}", stamp(start), stamp(end))
}

// decision is the YAML of a decision; more is further YAML for it.
func (s *story) decision(team, outcome, at string, more ...string) string {
	parts := append([]string{"teamName: " + s.Named(team), "outcome: " + outcome, "decisionTime: " + stamp(at), "reason: as the panel saw it"}, more...)
	return fmt.Sprintf("- {%s}", strings.Join(parts, ", "))
}

// refusal returns the message with which kubectl refuses a manifest.
func (s *story) refusal(yaml string) string {
	s.Helper()
	_, err := s.Admin().Pipe(yaml, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
	s.Expect(err).To(HaveOccurred(), yaml)
	return err.Error()
}
