package pool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/calendar"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// part is one team's part of a pool. Numbers are nodes, but for requested, which is GPUs.
type part struct {
	key  teamKey
	team *foundationv1alpha1.FoundationTeam
	// awards are all of the team's, spans what counts of them: when the pool is available, and none if the team may not
	// draw from it.
	awards, spans []lifecycle.Span
	requested     int32
	// want is the whole nodes in requested, have what was granted before, granted what is granted now.
	want, have, granted int
	// active and releasing are nodes that are the team's to use, and that it was asked to let go.
	active, releasing int
	// may is how many nodes Karpenter may have for the team, those that are there included. Until its NodePool is seen to be
	// smaller nobody else gets them.
	may int
	// ineligible is the organisation that may not draw from the pool.
	ineligible string
	// outlook is what the calendar foretells, uncovered the first later moment at which the pool is not available for
	// what was awarded, and that many GPUs.
	outlook   calendar.Outlook
	uncovered uncovered
}

// Grants is who gets how much of a pool.
type Grants struct {
	parts []*part
	// nodes are those of the input: reading thousands of them once is enough.
	nodes []*node
	// capacity and free are nodes: all members, and those that can be granted now. settling are new ones that are
	// looked at first: until it is known which of them are free nothing is granted, so that teams' nodes can be chosen
	// close together.
	capacity, free, settling int
	// scrubbing are nodes that are free once they are scrubbed.
	scrubbing int
	// overbooked is when more is wanted than there is; nil if never.
	overbooked *calendar.Overbooking
	// collecting is true while requests that come together are waited for: no grant is raised.
	collecting bool
}

// DecideGrants gives out a pool's nodes. What a team has it keeps; the rest is decided by the calendar's rules.
func DecideGrants(in Input) Grants {
	nodes := readNodes(in)
	parts := gather(in, nodes)
	g := Grants{parts: parts, nodes: nodes, collecting: in.Now.Before(in.CollectUntil)}
	g.capacity, g.free = backendOf(in.Pool).stock(in, nodes)
	for _, p := range parts {
		// Nodes that are granted and not claimed yet come out of the team's own first.
		g.free -= max(max(p.kept(), p.may)-p.active-p.releasing, 0)
	}
	g.settling = count(nodes, func(n *node) bool { return n.settling(in) })
	g.scrubbing = count(nodes, func(n *node) bool { return n.awaitsScrub(in.Pool) })
	if !in.Pool.DeletionTimestamp.IsZero() {
		g.free = 0
	}
	claims := make([]calendar.Claim, len(parts))
	for i, p := range parts {
		claims[i] = p.claim()
		if in.Pool.Spec.Karpenter != nil && g.free < 0 {
			// Karpenter made more than there may be: who has too many gives them back before anybody is raised by them.
			claims[i].Own = 0
		}
		if g.collecting || !in.Guards.OK() {
			claims[i].Want = p.kept()
		}
	}
	granted := calendar.Grant(claims, g.grantable(), g.capacity)
	for _, p := range parts {
		p.granted = granted[p.key.String()]
		g.free -= max(p.granted-max(p.kept(), p.may, p.active+p.releasing), 0)
	}
	g.free = max(min(g.free, g.capacity-g.granted()), 0)
	g.foresee(in, nodes)
	return g
}

// grantable is how many free nodes may be given out now.
func (g *Grants) grantable() int {
	if g.settling > 0 {
		return 0
	}
	return g.free
}

// waits says whether somebody is short only because requests are being collected.
func (g *Grants) waits() bool {
	return g.collecting && slices.ContainsFunc(g.parts, func(p *part) bool { return p.granted < p.want })
}

// granted is the sum of what is granted, in nodes.
func (g *Grants) granted() int {
	sum := 0
	for _, p := range g.parts {
		sum += p.granted
	}
	return sum
}

// gather collects everyone who has or wants a part: teams with awards, earlier grants, and holders of nodes.
func gather(in Input, nodes []*node) []*part {
	parts := map[teamKey]*part{}
	at := func(key teamKey) *part {
		if parts[key] == nil {
			parts[key] = &part{key: key, have: -1}
		}
		return parts[key]
	}
	for _, n := range nodes {
		if n.holder == nil {
			continue
		}
		if p := at(*n.holder); n.releasing.IsZero() {
			p.active++
		} else {
			p.releasing++
		}
	}
	for _, nodePool := range in.NodePools {
		if team, ours := teamOfNodePool(nodePool.Name, in.Pool); ours && !going(nodePool) {
			at(teamKey{team, types.UID(nodePool.Annotations[foundationv1alpha1.AnnotationTeamUID])}.completed(in)).may += mayHave(nodePool, in.Pool)
		}
	}
	for _, grant := range in.Pool.Status.Grants {
		p := at(teamKey{grant.TeamName, types.UID(grant.UID)}.completed(in))
		p.have = max(p.have, 0) + int(grant.Granted/in.Pool.Spec.GPUsPerNode)
	}
	for _, team := range in.Teams {
		at(keyOf(team.FoundationTeam)).demand(in, team)
	}
	for _, p := range parts {
		if p.have < 0 {
			// Nobody wrote down what was granted, for example after a restore without status: the nodes say it.
			p.have = p.active
		}
	}
	return slices.SortedFunc(maps.Values(parts), func(a, b *part) int { return strings.Compare(a.key.String(), b.key.String()) })
}

func (p *part) demand(in Input, team lifecycle.Team) {
	p.team = team.FoundationTeam
	p.awards = team.Awards(in.Pool.Name)
	p.requested = lifecycle.Demand(p.awards, in.Now)
	if p.ineligible = ineligible(p.team, in.Pool); p.ineligible != "" {
		return
	}
	p.spans = lifecycle.Within(in.Pool.Spec.Availability, p.awards)
	p.want = p.wantAt(in.Pool.Spec.GPUsPerNode)(in.Now)
}

func (p *part) wantAt(gpusPerNode int32) func(time.Time) int {
	return func(t time.Time) int { return int(lifecycle.Demand(p.spans, t) / gpusPerNode) }
}

// kept is what the team keeps of what it had.
func (p *part) kept() int { return min(p.have, p.want) }

func (p *part) claim() calendar.Claim {
	claim := calendar.Claim{Key: p.key.String(), Name: p.key.name, Have: p.have, Want: p.want}
	// Nodes beyond what it keeps, which it has not given back yet.
	claim.Own = max(max(p.active+p.releasing, p.may)-p.kept(), 0)
	if p.team != nil {
		claim.Priority = p.team.Spec.Priority
		claim.Created = p.team.CreationTimestamp.Time
	}
	return claim
}

// present says whether the part is worth a line in status. A node that somebody marked by hand is held by no team.
func (p *part) present() bool {
	return p.key.uid != "" && (p.requested > 0 || p.granted > 0 || p.active+p.releasing > 0 || p.troubled())
}

// ineligible is the organisation of the team's consortium that may not draw from the pool: one that the pool names,
// or the supplier of a leased one.
func ineligible(team *foundationv1alpha1.FoundationTeam, pool *foundationv1alpha1.GPUPool) string {
	if team.Spec.Consortium == nil {
		return ""
	}
	barred := slices.Clone(pool.Spec.Ineligible)
	if pool.Spec.Source == foundationv1alpha1.SourceLeased {
		barred = append(barred, pool.Spec.Supplier)
	}
	members := append([]string{team.Spec.Consortium.Lead}, team.Spec.Consortium.Participants...)
	for _, member := range members {
		if slices.ContainsFunc(barred, func(name string) bool { return strings.EqualFold(name, member) }) {
			return member
		}
	}
	return ""
}

// explain says why the team has less than it asked for, and what helps.
func (p *part) explain(in Input, g Grants, nodes []*node) (reason, message string) {
	pool, perNode := in.Pool.Name, in.Pool.Spec.GPUsPerNode
	available := lifecycle.Demand(p.spans, in.Now)
	switch {
	case p.requested == 0:
		return "", ""
	case p.ineligible != "":
		return foundationv1alpha1.ReasonIneligible,
			fmt.Sprintf("%s: %s may not draw from this pool; name another pool in spec.gpus", pool, p.ineligible)
	case available < p.requested:
		return foundationv1alpha1.ReasonPoolUnavailable,
			fmt.Sprintf("%s: %s; move the award or name another pool", pool, availability(in))
	case p.granted < p.want && in.KarpenterMissing:
		return foundationv1alpha1.ReasonKarpenterMissing,
			fmt.Sprintf("%s: Karpenter, which makes this pool's nodes, is not installed in this cluster: an admin has to install it, or name another pool", pool)
	case p.granted < p.want && !in.Guards.OK():
		return in.Guards.Reason, fmt.Sprintf("%s: %s", pool, in.Guards.Message)
	case p.granted < p.want && g.collecting:
		return foundationv1alpha1.ReasonProgressing,
			fmt.Sprintf("%s: requests that come together are decided together, in a moment", pool)
	case p.granted < p.want && g.settling > 0:
		return foundationv1alpha1.ReasonProgressing,
			fmt.Sprintf("%s: %s new in the pool, looked at for pods before being given out", pool, nodesAre(g.settling))
	case p.granted < p.want:
		return foundationv1alpha1.ReasonShortfall, p.explainShortfall(in, g)
	case p.requested%perNode != 0:
		instead := fmt.Sprintf("%d", (p.requested/perNode+1)*perNode)
		if less := p.requested / perNode * perNode; less > 0 {
			instead = fmt.Sprintf("%d or %s", less, instead)
		}
		return foundationv1alpha1.ReasonNotWholeNodes,
			fmt.Sprintf("%s: %d requested, %d granted: nodes have %d GPUs and are granted whole; ask for %s",
				pool, p.requested, int32(p.granted)*perNode, perNode, instead)
	default:
		return p.explainNodes(in, nodes)
	}
}

// explainNodes says which of the team's nodes it cannot use.
func (p *part) explainNodes(in Input, nodes []*node) (reason, message string) {
	sick := filter(nodes, func(n *node) bool { return n.active(p.key) && !n.healthy && !n.making() })
	making := filter(nodes, func(n *node) bool { return n.active(p.key) && n.making() })
	missing, notYet := max(p.granted-p.active, 0), "not made by Karpenter yet"
	switch {
	case in.Pool.Spec.Karpenter == nil:
		missing = 0 // it claims them at once
	case dynamic(in.Pool):
		// They are made when pods come, as far as the NodePools may.
		missing, notYet = max(p.granted-max(p.active+p.releasing, p.may), 0), "waiting until others let theirs go"
	}
	complaint := ""
	if p.active < p.granted {
		complaint = complain(in, p.key)
	}
	var why []string
	if len(sick) > 0 {
		why = append(why, fmt.Sprintf("%s not Ready, cordoned or short of GPUs (%s)", nodesAre(len(sick)), namesOf(sick)))
	}
	if len(making) > 0 {
		why = append(why, laggards(making))
	}
	if complaint != "" {
		missing = p.granted - p.active
		why = append(why, complaint)
	} else if missing > 0 {
		why = append(why, nodesAre(missing)+" "+notYet)
	}
	if len(why) == 0 {
		return "", ""
	}
	perNode := in.Pool.Spec.GPUsPerNode
	return foundationv1alpha1.ReasonNodesNotReady, fmt.Sprintf("%s: %d of %d GPUs not ready: %s",
		in.Pool.Name, int32(len(sick)+len(making)+missing)*perNode, int32(max(p.granted, p.active))*perNode, strings.Join(why, "; "))
}

// laggards says how far nodes are that Karpenter is making.
func laggards(making []*node) string {
	for _, n := range making {
		if step, why := lag(n.claim); why != "" {
			return fmt.Sprintf("%s being made, NodeClaim %s is not %s (%s)", nodesAre(len(making)), n.claim.Name, step, why)
		}
	}
	return nodesAre(len(making)) + " being made"
}

// nodesAre counts nodes in a sentence: 1 node is, 2 nodes are.
func nodesAre(n int) string {
	if n == 1 {
		return "1 node is"
	}
	return text.Count(n, "node") + " are"
}

func (p *part) explainShortfall(in Input, g Grants) string {
	perNode := in.Pool.Spec.GPUsPerNode
	short := p.requested - int32(p.granted)*perNode
	message := fmt.Sprintf("%s: %d of %d short, %d free", in.Pool.Name, short, p.requested, int32(g.free)*perNode)
	if g.scrubbing > 0 {
		message += fmt.Sprintf(", %d wait to be scrubbed", int32(g.scrubbing)*perNode)
	}
	if opening := p.outlook.Opening; opening.Nodes > 0 {
		return fmt.Sprintf("%s, %d more by %s", message, int32(opening.Nodes)*perNode, minute(opening.At))
	}
	if g.scrubbing > 0 {
		return message
	}
	return message + ", none foreseen; shrink or end an award, or name another pool"
}

func availability(in Input) string {
	window := in.Pool.Spec.Availability
	switch {
	case window.StartTime != nil && in.Now.Before(window.StartTime.Time):
		return "the pool is not available before " + window.StartTime.UTC().Format(time.RFC3339)
	default:
		return "the pool is not available since " + window.EndTime.UTC().Format(time.RFC3339)
	}
}
