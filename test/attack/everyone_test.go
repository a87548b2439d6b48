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

// suspect is somebody who tries every attack.
type suspect struct {
	actor
	role       string   // of roleRights; empty for none
	namespaces []string // where the role is bound
	everything bool     // RBAC lets it all
}

// suspects are one of each kind.
func suspects() map[string]suspect {
	own := []string{train, locked, audited, spent}
	all := map[string]suspect{
		"bot":        {actor: idleBot},
		"work bot":   {actor: workBot, role: "engineer", namespaces: []string{train}},
		"rival lead": {actor: rivalLead, role: "lead", namespaces: []string{rivalTrain}},
		"ops":        {actor: ops, everything: true},
	}
	for role, who := range staff {
		all[role] = suspect{actor: who, role: role, namespaces: own}
	}
	return all
}

// may reports whether RBAC is to let the suspect do it.
func (s suspect) may(c call) bool {
	if s.everything {
		return true
	}
	return slices.Contains(s.namespaces, c.namespace) && slices.Contains(strings.Fields(roleRights[s.role][c.kind.String()]), c.verb)
}

// byRBAC is what the API server answers whom RBAC does not let.
var byRBAC = regexp.MustCompile(`User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"`)

// verdict tries an attack as the suspect. It returns what is wrong with the answer: RBAC has to refuse what the role does
// not have, with its own words, and a guard, with the attack's reason, what it has.
func (s suspect) verdict(ctx context.Context, name, kind string, a attack) error {
	made := &calls{}
	ctx = recordTo(ctx, made)
	if mayWellDo(name, kind) {
		c, err := s.tries(ctx, made, a)
		if err != nil || !s.may(c) {
			return fmt.Errorf("is listed as legitimate for %s, and was refused: %w", kind, err)
		}
		return nil
	}
	c, err := s.tries(ctx, made, a)
	if c.asked {
		if (err == nil) != s.may(c) {
			return fmt.Errorf("%s: RBAC says otherwise than its role: %s %s in %q: %w", s.name, c.verb, c.kind, c.namespace, err)
		}
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s: was not refused: %s %s in %q", s.name, c.verb, c.kind, c.namespace)
	}
	if s.may(c) {
		if other, known := otherwise[name+", as "+kind]; known {
			a.refused = other
		}
		return a.judge(err, s.actor)
	}
	want := []string{s.name, c.verb, strings.TrimSuffix(c.resource+"/"+c.sub, "/"), c.group}
	if got := byRBAC.FindStringSubmatch(err.Error()); got == nil || !slices.Equal(got[1:], want) {
		return fmt.Errorf("want RBAC to refuse %q: %w", want, err)
	}
	return nil
}

func (s suspect) tries(ctx context.Context, made *calls, a attack) (call, error) {
	err := s.does(ctx, a.try)
	c, sent := made.last()
	if !sent {
		return c, fmt.Errorf("sent nothing: %w", err)
	}
	return c, err
}

// mayWellDo reports whether an attack is none if it is that kind of suspect who tries it.
func mayWellDo(name, kind string) bool {
	return slices.Contains(strings.Split(legitimate[name], ", "), kind)
}

// TestEverybodyIsRefusedEverything has each suspect try each attack.
func TestEverybodyIsRefusedEverything(t *testing.T) {
	if !full {
		t.Skip("takes a whole control plane: make test-attack")
	}
	t.Parallel()
	for kind, suspect := range suspects() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			tried := 0
			for _, table := range tables() {
				if table.own {
					continue
				}
				for name, attack := range table.attacks {
					err := suspect.verdict(t.Context(), name, kind, attack)
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
	if !full {
		t.Skip("some attacks need a whole control plane: make test-attack")
	}
	t.Parallel()
	g := gomega.NewWithT(t)
	all, known := attacks(), suspects()
	for name, kinds := range legitimate {
		g.Expect(all).To(gomega.HaveKey(name))
		for kind := range strings.SplitSeq(kinds, ", ") {
			g.Expect(known).To(gomega.HaveKey(kind), name)
		}
	}
	for entry := range otherwise {
		i := strings.LastIndex(entry, ", as ")
		name, kind := entry[:i], entry[i+len(", as "):]
		g.Expect(all).To(gomega.HaveKey(name))
		g.Expect(known).To(gomega.HaveKey(kind), name)
	}
}
