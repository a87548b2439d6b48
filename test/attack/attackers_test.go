package attack

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
)

// attacker is an actor who tries every attack.
type attacker struct {
	actor
	role       string   // of roleRights; empty for none
	namespaces []string // where the role is bound
	everything bool     // RBAC lets it all
}

// attackers returns one of each kind.
func attackers() map[string]attacker {
	own := []string{train, locked, audited, exhausted}
	all := map[string]attacker{
		"bot":        {actor: idleBot},
		"work bot":   {actor: workBot, role: "engineer", namespaces: []string{train}},
		"rival lead": {actor: rivalLead, role: "lead", namespaces: []string{rivalTrain}},
		"ops":        {actor: ops, everything: true},
	}
	for role, who := range staff {
		all[role] = attacker{actor: who, role: role, namespaces: own}
	}
	return all
}

// hasRight reports whether RBAC should allow the call to the attacker.
func (s attacker) hasRight(c call) bool {
	if s.everything {
		return true
	}
	return slices.Contains(s.namespaces, c.namespace) && slices.Contains(strings.Fields(roleRights[s.role][c.kind.String()]), c.verb)
}

// rbacRefusal matches the API server's message for a request that RBAC refuses.
var rbacRefusal = regexp.MustCompile(`User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"`)

// checkAnswer sends an attack as the attacker and returns what is wrong with the answer. RBAC has to refuse what the role
// does not allow, in its own words; a guard has to refuse everything else, with the attack's reason.
func (s attacker) checkAnswer(ctx context.Context, name, kind string, a attack) error {
	made := &calls{}
	ctx = recordTo(ctx, made)
	if isLegitimate(name, kind) {
		c, err := s.tries(ctx, made, a)
		if err != nil || !s.hasRight(c) {
			return fmt.Errorf("is listed as legitimate for %s, and was refused: %w", kind, err)
		}
		return nil
	}
	c, err := s.tries(ctx, made, a)
	if c.isReview {
		if (err == nil) != s.hasRight(c) {
			return fmt.Errorf("%s: RBAC says otherwise than its role: %s %s in %q: %w", s.name, c.verb, c.kind, c.namespace, err)
		}
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s: was not refused: %s %s in %q", s.name, c.verb, c.kind, c.namespace)
	}
	if s.hasRight(c) {
		if other, known := otherReasons[name+", as "+kind]; known {
			a.refused = other
		}
		return a.judge(err, s.actor)
	}
	want := []string{s.name, c.verb, strings.TrimSuffix(c.resource+"/"+c.sub, "/"), c.group}
	if got := rbacRefusal.FindStringSubmatch(err.Error()); got == nil || !slices.Equal(got[1:], want) {
		return fmt.Errorf("want RBAC to refuse %q: %w", want, err)
	}
	return nil
}

func (s attacker) tries(ctx context.Context, made *calls, a attack) (call, error) {
	err := s.does(ctx, a.try)
	c, sent := made.last()
	if !sent {
		return c, fmt.Errorf("sent nothing: %w", err)
	}
	return c, err
}

// isLegitimate reports whether the request is no attack if this kind of attacker sends it.
func isLegitimate(name, kind string) bool {
	return slices.Contains(strings.Split(legitimate[name], ", "), kind)
}

// TestEverybodyIsRefusedEverything sends each attack as each attacker.
func TestEverybodyIsRefusedEverything(t *testing.T) {
	if !wholeControlPlane {
		t.Skip("takes a whole control plane: make test-attack")
	}
	t.Parallel()
	for kind, suspect := range attackers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			tried := 0
			for _, table := range attackTables() {
				if table.onlyByActor {
					continue
				}
				for name, attack := range table.attacks {
					err := suspect.checkAnswer(t.Context(), name, kind, attack)
					tallied.count(table.threat, err == nil)
					tried++
					if err != nil {
						t.Errorf("%s, as %s: %v", name, kind, err)
					}
				}
			}
			g.Expect(tried).To(gomega.BeNumerically(">", 200))
		})
	}
}

func TestWhatIsLegitimateIsTried(t *testing.T) {
	if !wholeControlPlane {
		t.Skip("some attacks need a whole control plane: make test-attack")
	}
	t.Parallel()
	g := gomega.NewWithT(t)
	all, known := attacks(), attackers()
	for name, kinds := range legitimate {
		g.Expect(all).To(gomega.HaveKey(name))
		for kind := range strings.SplitSeq(kinds, ", ") {
			g.Expect(known).To(gomega.HaveKey(kind), name)
		}
	}
	for entry := range otherReasons {
		i := strings.LastIndex(entry, ", as ")
		name, kind := entry[:i], entry[i+len(", as "):]
		g.Expect(all).To(gomega.HaveKey(name))
		g.Expect(known).To(gomega.HaveKey(kind), name)
	}
}
