package fault

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

// workload is what admins and time do, one step after the other. The first step is the place that a workload begins in;
// its requests are harmed in the workload provision alone.
type workload struct {
	name  string
	steps []func(*plan)
	// waits is true if the last step ends with a deletion that waits for somebody.
	waits bool
	// asks is how many requests more than a handful a situation costs at first, because something is under way.
	asks int
}

// What the teams of workloads are made of.
const (
	twoNamespaces = `namespaces: [{name: train, gpuWeight: 3}, {name: eval, gpuWeight: 1}]`
	oneVolume     = `volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`
	twoVolumes    = `volumes: [{name: data, namespace: train, size: 2Ti, storageClassName: fast}, {name: more, namespace: train, size: 1Ti, storageClassName: fast}]`
	deleted       = `deletionPolicy: Delete
  retention: {dataAccess: 0s, keep: 0s}`
	otherVolume = `volumes: [{name: more, namespace: train, size: 1Ti, storageClassName: fast}]`
)

// staff are a lead and a group of engineers.
func staff() string {
	return manifest.Staff(manifest.User("lead", "Lead", "kim@hanbit.example"), `{name: engineers, role: Engineer, subject: {kind: Group, name: hanbit-engineers}}`)
}

// pool makes a pool of four nodes.
func (p *plan) pool(lines ...string) {
	p.nodes("pool", "n1", "n2", "n3", "n4")
	p.apply(manifest.StaticPool(p.named("pool"), append([]string{"reclaim: {gracePeriod: 1s}"}, lines...)...))
}

// team makes or changes a team.
func (p *plan) team(name string, lines ...string) { p.apply(manifest.Team(p.named(name), lines...)) }

// gpus is the line of a team's spec with an award of the pool.
func (p *plan) gpus(count int) string {
	return manifest.Awards(manifest.Award("a", p.named("pool"), count))
}

// whole makes or changes the team a to one with everything.
func (p *plan) whole(lines ...string) {
	p.team("a", append([]string{p.gpus(16), twoNamespaces, oneVolume, staff()}, lines...)...)
}

// simple makes or changes the team a to one with a single namespace.
func (p *plan) simple(lines ...string) {
	p.team("a", append([]string{p.gpus(16), manifest.Train, oneVolume, staff()}, lines...)...)
}

// given is a whole team, givenSimple a simple one.
func given(p *plan) {
	p.pool()
	p.whole()
}

func givenSimple(p *plan) {
	p.pool()
	p.simple()
}

// jobs starts pods of a team that take a node each.
func (p *plan) jobs(team, name string, count int) {
	p.apply(manifest.GPUPods(p.named(team), p.named(team)+"-train", name, count, cluster.GPUsPerNode))
}

// program makes or changes a programme of one seat; decisions are YAML.
func (p *plan) program(decisions string) {
	p.apply(manifest.Program(p.named("program"), "seats: 1", "retention: {dataAccess: 720h, keep: 2160h}", "decisions: ["+decisions+"]"))
}

func (p *plan) decision(outcome string, at time.Time, more string) string {
	return fmt.Sprintf("{teamName: %s, outcome: %s, decisionTime: %q, reason: as the panel saw it%s}", p.named("a"), outcome, at.UTC().Format(time.RFC3339), more)
}

// soon returns a time, for which the step waits. Until then an operator that is started in the step has seen what is to happen.
func (p *plan) soon() string {
	at := realClock.Now().UTC().Add(8 * time.Second).Truncate(time.Second)
	p.notBefore = at.Add(time.Second)
	return at.Format(time.RFC3339)
}

// endsSoon is the line of a team's spec with a term that ends soon.
func (p *plan) endsSoon() string {
	return fmt.Sprintf("term: {startTime: \"2026-01-01T00:00:00Z\", endTime: %q}", p.soon())
}

func workloads() []workload {
	inProgram := func(p *plan) string { return "programName: " + p.named("program") }
	return []workload{
		{name: "provision", steps: []func(*plan){given}},
		{name: "people come and go", steps: []func(*plan){given, func(p *plan) {
			p.team("a", p.gpus(16), twoNamespaces, oneVolume, manifest.Staff(manifest.User("lead", "Lead", "lee@hanbit.example"), manifest.User("steward", "DataSteward", "choi@hanbit.example")))
		}, func(p *plan) { p.whole() }}},
		{name: "access ends in time", steps: []func(*plan){givenSimple, func(p *plan) {
			p.team("a", p.gpus(16), manifest.Train, oneVolume, manifest.Staff(
				manifest.User("lead", "Lead", "kim@hanbit.example"), manifest.User("guest", "Viewer", "park@hanbit.example", fmt.Sprintf("endTime: %q", p.soon()))))
		}}},
		{name: "a namespace comes and another is retired", steps: []func(*plan){given, func(p *plan) {
			p.team("a", p.gpus(16), `namespaces: [{name: train, gpuWeight: 1}, {name: bench, gpuWeight: 1}]`, oneVolume, staff())
		}, func(p *plan) { p.whole() }}},
		{name: "volumes grow, come and are retired", steps: []func(*plan){givenSimple, func(p *plan) {
			p.team("a", p.gpus(16), manifest.Train, twoVolumes, staff())
		}, func(p *plan) { p.team("a", p.gpus(16), manifest.Train, otherVolume, staff()) }}},
		{name: "an award grows and shrinks", steps: []func(*plan){given, func(p *plan) {
			p.team("a", p.gpus(32), twoNamespaces, oneVolume, staff())
		}, func(p *plan) { p.team("a", p.gpus(8), twoNamespaces, oneVolume, staff()) }}},
		{name: "nodes go from one team to another", steps: []func(*plan){func(p *plan) {
			p.pool()
			p.team("a", p.gpus(32), manifest.Train)
			p.team("b", manifest.Train)
		}, func(p *plan) { p.jobs("a", "job", 3) }, func(p *plan) {
			p.team("b", p.gpus(24), manifest.Train)
			p.team("a", p.gpus(8), manifest.Train)
		}}},
		{name: "suspended and resumed", steps: []func(*plan){
			given, func(p *plan) { p.whole("suspend: true") }, func(p *plan) { p.whole("suspend: false") },
		}},
		{name: "the term ends", steps: []func(*plan){givenSimple, func(p *plan) { p.simple(p.endsSoon()) }}},
		{name: "deleted, and applied again", steps: []func(*plan){givenSimple, func(p *plan) {
			p.delete(&foundationv1alpha1.FoundationTeam{}, "a")
		}, func(p *plan) { p.simple() }}},
		{name: "deleted with its data", steps: []func(*plan){func(p *plan) {
			p.pool()
			p.simple(deleted)
		}, func(p *plan) { p.simple(deleted, p.endsSoon()) }, func(p *plan) { p.delete(&foundationv1alpha1.FoundationTeam{}, "a") }}},
		{name: "selected, eliminated, and the objection is upheld", steps: []func(*plan){func(p *plan) {
			p.pool()
			p.program(p.decision("Selected", longAgo, ""))
		}, func(p *plan) { p.simple(inProgram(p)) }, func(p *plan) {
			p.program(p.decision("Selected", longAgo, "") + ", " + p.decision("Eliminated", longAgo.AddDate(0, 0, 1), ""))
		}, func(p *plan) {
			p.program(p.decision("Selected", longAgo, "") + ", " + p.decision("Eliminated", longAgo.AddDate(0, 0, 1), fmt.Sprintf(", overturnTime: %q, overturnReason: upheld", longAgo.AddDate(0, 0, 2).UTC().Format(time.RFC3339))))
		}}},
		{name: "a node breaks and is replaced", steps: []func(*plan){func(p *plan) {
			p.pool("repair: {replaceAfter: 1s, spares: 1}")
			p.team("a", p.gpus(24), manifest.Train)
		}, func(p *plan) { p.patchHeld(`{"spec":{"unschedulable":true}}`) }}},
		{name: "a pool is deleted", steps: []func(*plan){givenSimple, func(p *plan) { p.delete(&foundationv1alpha1.GPUPool{}, "pool") }}, waits: true},
		{name: "an award moves to another pool", steps: []func(*plan){givenSimple, func(p *plan) {
			p.nodes("other", "m1", "m2")
			p.apply(manifest.StaticPool(p.named("other")))
			p.team("a", manifest.Awards(manifest.Award("a", p.named("other"), 16)), manifest.Train, oneVolume, staff())
		}}},
		{name: "somebody meddles", steps: []func(*plan){given, func(p *plan) {
			p.remove(&corev1.ResourceQuota{}, "a-eval", "foundation-team")
			p.remove(&networkingv1.NetworkPolicy{}, "a-train", "foundation-team-default-deny")
			p.remove(&rbacv1.RoleBinding{}, "a-train", "foundation-team-lead")
			p.patch(&corev1.Namespace{}, "", "a-eval", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`)
		}}},
		{name: "nodes come and go", steps: []func(*plan){givenSimple, func(p *plan) { p.nodes("pool", "n5") }, func(p *plan) { p.deleteHeld() }}},
		{name: "a manifest is removed while the team is suspended", steps: []func(*plan){
			givenSimple, func(p *plan) { p.simple("suspend: true") }, func(p *plan) { p.delete(&foundationv1alpha1.FoundationTeam{}, "a") },
		}},
	}
}

// longAgo is when the decisions of a programme were made.
var longAgo = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
