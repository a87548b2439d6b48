package attack

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// verbsOf are the verbs that say something of a resource.
func verbsOf(what kind) []string {
	verbs := append(strings.Fields(writes), "deletecollection")
	switch what.resource {
	case "users", "groups", "serviceaccounts", "uids", "userextras":
		verbs = append(verbs, "impersonate")
	case "roles", "clusterroles":
		verbs = append(verbs, "bind", "escalate")
	case "certificatesigningrequests", "signers":
		verbs = append(verbs, "approve", "sign", "attest")
	case "gpupools":
		verbs = append(verbs, "scrub")
	}
	return verbs
}

// reviewer sends SubjectAccessReviews about other accounts.
type reviewer struct {
	client kubernetes.Interface
	kinds  []kind

	mu    sync.Mutex
	asked int
}

func newReviewer() (*reviewer, error) {
	config := rest.CopyConfig(cluster)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	kinds, err := served()
	return &reviewer{client: c, kinds: kinds}, err
}

// allows reports whether somebody may do it; name is of one object, or empty for all.
func (r *reviewer) allows(ctx context.Context, who actor, verb string, what kind, namespace, name string) (bool, error) {
	review, err := r.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: who.name, Groups: append(slices.Clone(who.groups), "system:authenticated"),
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: verb, Group: what.group, Resource: what.resource, Subresource: what.sub, Namespace: namespace, Name: name,
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	return review.Status.Allowed, nil
}

// reach is all that somebody may do in a namespace, or over the cluster if it is empty, but what everyone may ask about
// oneself.
func (r *reviewer) reach(ctx context.Context, who actor, namespace string, kinds ...kind) (rights, error) {
	all := rights{}
	for _, what := range kinds {
		var may []string
		for _, verb := range verbsOf(what) {
			allowed, err := r.allows(ctx, who, verb, what, namespace, "")
			if err != nil {
				return nil, err
			}
			if allowed {
				may = append(may, verb)
			}
		}
		slices.Sort(may)
		if len(may) == 0 || isPublic(who, what, may) || strings.HasPrefix(what.resource, "selfsubject") && slices.Equal(may, []string{"create"}) {
			continue
		}
		all[what.String()] = strings.Join(may, " ")
	}
	return all, nil
}

// isPublic reports whether that is what Kubernetes gives all service accounts: to see which certificates may be trusted.
func isPublic(who actor, what kind, may []string) bool {
	return slices.Contains(who.groups, "system:serviceaccounts") && what.resource == "clustertrustbundles" && strings.Join(may, " ") == reads
}

// TestNobodyReachesOthers asks about every resource and verb: what each role may do where it has no business.
func TestNobodyReachesOthers(t *testing.T) {
	if !wholeControlPlane {
		t.Skip("takes a whole control plane: make test-attack")
	}
	g := gomega.NewWithT(t)
	r, err := newReviewer()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	// stray is on the staff and, by mistake, was given a role in a rival's namespace.
	stray := actor{name: "stray@hanbit.example"}
	for _, namespace := range []string{train, rivalTrain} {
		mistake := roleBinding(namespace, "viewer", stray)
		mistake.Name = "stray"
		g.Expect(masters.Create(t.Context(), mistake)).To(gomega.Succeed())
	}
	t.Run("asked", func(t *testing.T) {
		for kind, suspect := range attackers() {
			switch kind {
			case "ops":
				continue
			case "rival lead": // not of the team
				continue
			}
			for _, namespace := range []string{rivalTrain, "kube-system", "foundation-system", plain, ""} {
				t.Run(kind+" in "+namespace, func(t *testing.T) {
					t.Parallel()
					r.expectReach(t, suspect.actor, namespace, rights{})
				})
			}
			t.Run(kind+" at home", func(t *testing.T) {
				t.Parallel()
				r.expectReach(t, suspect.actor, train, rights{}.with(roleRights[suspect.role]))
			})
			t.Run(kind+" and FoundationTeams", func(t *testing.T) {
				t.Parallel()
				r.expectOwnTeam(t, suspect)
			})
		}
		t.Run("a mistake is seen", func(t *testing.T) {
			t.Parallel()
			r.expectReach(t, stray, rivalTrain, viewerRights)
			r.expectReach(t, stray, plain, rights{})
		})
		t.Run("cluster-admin may all", func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			for _, what := range r.kinds {
				for _, verb := range verbsOf(what) {
					allowed, err := r.allows(t.Context(), ops, verb, what, rivalTrain, "")
					g.Expect(err).NotTo(gomega.HaveOccurred())
					g.Expect(allowed).To(gomega.BeTrue(), "%s %s", verb, what)
				}
			}
		})
	})
	g.Expect(r.asked).To(gomega.BeNumerically(">=", 20000))
	_, _ = fmt.Fprintf(os.Stdout, "access matrix: %d reviews of %d resources\n", r.asked, len(r.kinds))
}

func (r *reviewer) expectReach(t *testing.T, who actor, namespace string, want rights) {
	t.Helper()
	g := gomega.NewWithT(t)
	got, err := r.reach(t.Context(), who, namespace, r.kinds...)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	difference := cmp.Diff(want, got)
	tallied.count(access, difference == "")
	g.Expect(difference).To(gomega.BeEmpty(), "%s in %q (-want +got)", who.name, namespace)
}

// expectOwnTeam: staff may see the FoundationTeam that is theirs.
func (r *reviewer) expectOwnTeam(t *testing.T, who attacker) {
	t.Helper()
	g := gomega.NewWithT(t)
	teams := kind{group: "foundation.team", resource: "foundationteams"}
	_, isStaff := staff[who.role]
	isStaff = isStaff && staff[who.role].name == who.name
	for _, verb := range verbsOf(teams) {
		for _, name := range []string{team, rival} {
			allowed, err := r.allows(t.Context(), who.actor, verb, teams, "", name)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			want := isStaff && name == team && (verb == "get" || verb == "watch")
			tallied.count(access, allowed == want)
			g.Expect(allowed).To(gomega.Equal(want), "%s %s", verb, name)
		}
	}
}
