package attack

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"
)

// rights are verbs by resource.group.
type rights map[string]string

const (
	reads  = "get list watch"
	writes = "create delete get list patch update watch"
)

var viewerRights = rights{
	"configmaps":                             reads,
	"cronjobs.batch":                         reads,
	"deployments.apps":                       reads,
	"events":                                 reads,
	"events.events.k8s.io":                   reads,
	"jobs.batch":                             reads,
	"limitranges":                            reads,
	"namespaces":                             "get",
	"networkpolicies.networking.k8s.io":      reads,
	"persistentvolumeclaims":                 reads,
	"pods":                                   reads,
	"pods/log":                               "get",
	"replicasets.apps":                       reads,
	"resourceclaims.resource.k8s.io":         reads,
	"resourceclaimtemplates.resource.k8s.io": reads,
	"resourcequotas":                         reads,
	"rolebindings.rbac.authorization.k8s.io": reads,
	"services":                               reads,
	"statefulsets.apps":                      reads,
}

var roleRights = map[string]rights{
	"viewer": viewerRights,
	// What is left in a retired namespace, while something still runs there.
	"cleanup": {"pods": "delete get list watch", "jobs.batch": "delete get list watch", "resourceclaims.resource.k8s.io": "delete get list watch"},
	"engineer": viewerRights.with(rights{
		"configmaps":                             writes,
		"cronjobs.batch":                         writes,
		"deployments.apps":                       writes,
		"deployments/scale.apps":                 "get patch update",
		"jobs.batch":                             writes,
		"pods":                                   writes,
		"pods/attach":                            "create get",
		"pods/exec":                              "create get",
		"pods/portforward":                       "create get",
		"resourceclaims.resource.k8s.io":         writes,
		"resourceclaimtemplates.resource.k8s.io": writes,
		"secrets":                                writes,
		"services":                               writes,
		"statefulsets.apps":                      writes,
		"statefulsets/scale.apps":                "get patch update",
	}),
	"data-steward": viewerRights.with(rights{
		"configmaps":             writes,
		"jobs.batch":             writes,
		"persistentvolumeclaims": writes,
		"pods":                   writes,
		"secrets":                writes,
	}),
}

func init() {
	roleRights["lead"] = roleRights["engineer"].with(roleRights["data-steward"].above(viewerRights)).with(rights{
		"networkpolicies.networking.k8s.io":      writes,
		"rolebindings.rbac.authorization.k8s.io": writes,
		"roles.rbac.authorization.k8s.io":        writes,
		"serviceaccounts":                        reads,
	})
}

// with returns r with more rights; those for the same resource are replaced.
func (r rights) with(more rights) rights {
	all := maps.Clone(r)
	maps.Copy(all, more)
	return all
}

// above returns the rights of r that less does not have in the same form.
func (r rights) above(less rights) rights {
	all := rights{}
	for what, verbs := range r {
		if less[what] != verbs {
			all[what] = verbs
		}
	}
	return all
}

func TestRolesGiveExactlyTheseRights(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	var roles rbacv1.ClusterRoleList
	g.Expect(masters.List(t.Context(), &roles)).To(gomega.Succeed())
	found := map[string]rights{}
	for i := range roles.Items {
		role := &roles.Items[i]
		name, ours := strings.CutPrefix(role.Name, "foundation-team-")
		if !ours || role.Name == ownedRole.Name {
			continue
		}
		g.Expect(role.AggregationRule).To(gomega.BeNil(), name)
		g.Expect(role.Labels).To(gomega.Equal(map[string]string{"app.kubernetes.io/name": "foundation-operator"}), name)
		found[name] = rightsOf(role)
	}
	g.Expect(cmp.Diff(roleRights, found)).To(gomega.BeEmpty(), "rights changed (-want +got): change docs/access.md too, and run make access-docs")
}

func rightsOf(role *rbacv1.ClusterRole) rights {
	verbs := map[string]sets.Set[string]{}
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				what := strings.TrimSuffix(resource+"."+group, ".")
				if verbs[what] == nil {
					verbs[what] = sets.New[string]()
				}
				verbs[what].Insert(rule.Verbs...)
			}
		}
	}
	all := rights{}
	for what, some := range verbs {
		all[what] = strings.Join(sets.List(some), " ")
	}
	return all
}

// The lead has the most rights of all roles. Of everything that the API server serves, the lead has none in a rival's
// namespace nor cluster-wide, and in their own namespace only those of roleRights.
func TestRolesReachNothingElse(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	resources, err := served()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(len(resources)).To(gomega.BeNumerically(">", 100))

	verbs := append(strings.Fields(writes), "deletecollection", "impersonate", "bind", "escalate", "approve", "sign")
	for _, namespace := range []string{train, rivalTrain, ""} {
		t.Run("in "+namespace, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			allowed := rights{}
			for _, what := range resources {
				var may []string
				for _, verb := range verbs {
					if lead.does(t.Context(), what.may(verb, namespace)) == nil {
						may = append(may, verb)
					}
				}
				if len(may) > 0 {
					slices.Sort(may)
					allowed[what.String()] = strings.Join(may, " ")
				}
			}
			want := rights{}
			if namespace == train {
				want = roleRights["lead"]
			}
			for _, self := range []string{ // what everyone may ask about oneself
				"selfsubjectaccessreviews.authorization.k8s.io", "selfsubjectrulesreviews.authorization.k8s.io",
				"selfsubjectreviews.authentication.k8s.io",
			} {
				g.Expect(allowed).To(gomega.HaveKeyWithValue(self, "create"))
				delete(allowed, self)
			}
			g.Expect(cmp.Diff(want, allowed)).To(gomega.BeEmpty())
		})
	}
}

// kind is a resource or subresource that is served.
type kind struct{ group, resource, sub string }

func (k kind) String() string {
	name := k.resource
	if k.sub != "" {
		name += "/" + k.sub
	}
	return strings.TrimSuffix(name+"."+k.group, ".")
}

func (k kind) may(verb, namespace string) request {
	return canI(verb, k.group, k.resource, k.sub, namespace)
}

// served returns everything that the API server serves, and what it authorizes without serving it.
func served() ([]kind, error) {
	c, err := discovery.NewDiscoveryClientForConfig(cluster)
	if err != nil {
		return nil, err
	}
	_, lists, err := c.ServerGroupsAndResources()
	if err != nil {
		return nil, err
	}
	all := sets.New(kind{resource: "users"}, kind{resource: "groups"}, kind{resource: "pods", sub: "resize"}, kind{resource: "nodes", sub: "proxy"})
	for _, list := range lists {
		group, _, found := strings.Cut(list.GroupVersion, "/")
		if !found {
			group = ""
		}
		for i := range list.APIResources {
			resource, sub, _ := strings.Cut(list.APIResources[i].Name, "/")
			all.Insert(kind{group, resource, sub})
		}
	}
	return all.UnsortedList(), nil
}
