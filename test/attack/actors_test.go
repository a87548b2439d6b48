package attack

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// actor is a user or service account that sends requests.
type actor struct {
	name   string
	groups []string
}

// The staff of team hanbit, one for each role, and the lead of the rival team saebom.
var (
	lead      = actor{name: "lead@hanbit.example"}
	engineer  = actor{name: "engineer@hanbit.example"}
	steward   = actor{name: "steward@hanbit.example"}
	viewer    = actor{name: "viewer@hanbit.example"}
	intern    = actor{name: "intern@hanbit.example"} // with no role but what the lead gave
	rivalLead = actor{name: "lead@saebom.example"}

	staff = map[string]actor{"lead": lead, "engineer": engineer, "data-steward": steward, "viewer": viewer}
)

// Accounts that RBAC allows everything, so that only the policies tell them apart, and service accounts of the team.
var (
	// ops has all rights in RBAC: a GitOps tool, or a person with a role too many.
	ops = actor{name: "ops@platform.example"}
	// admin is a platform admin.
	admin = actor{name: "admin@platform.example", groups: []string{"foundation:admins"}}
	// operator is the ServiceAccount of the operator.
	operator = serviceAccount("foundation-system", "foundation-operator")
	// idleBot is a service account of the team without rights; an admin bound workBot to the engineer's role.
	idleBot = serviceAccount(train, "idle")
	workBot = serviceAccount(train, "work")
	// teamBot is a service account of the team.
	teamBot = serviceAccount(train, "bot")
	// csiDriver is the sidecar of a storage driver.
	csiDriver = serviceAccount("csi-system", "resizer")
)

// Components of the cluster, with the rights that Kubernetes gives them.
var (
	scheduler      = actor{name: "system:kube-scheduler"}
	kubelet        = actor{name: "system:node:" + ownNode, groups: []string{"system:nodes"}}
	rootController = actor{name: "system:kube-controller-manager"} // without --use-service-account-credentials
	jobs           = serviceAccount("kube-system", "job-controller")
	replicaSets    = serviceAccount("kube-system", "replicaset-controller")
	statefulSets   = serviceAccount("kube-system", "statefulset-controller")
	ephemerals     = serviceAccount("kube-system", "ephemeral-volume-controller")
	claimMaker     = serviceAccount("kube-system", "resource-claim-controller")
	volumeBinder   = serviceAccount("kube-system", "persistent-volume-binder")
	quotas         = serviceAccount("kube-system", "resourcequota-controller")
	namespaces     = serviceAccount("kube-system", "namespace-controller")
	accounts       = serviceAccount("kube-system", "service-account-controller")
	endpoints      = serviceAccount("kube-system", "endpointslice-controller")
	collector      = serviceAccount("kube-system", "generic-garbage-collector")
)

func serviceAccount(namespace, name string) actor {
	return actor{
		name:   "system:serviceaccount:" + namespace + ":" + name,
		groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}

var clients sync.Map // by actor's name

// client returns a client that impersonates the actor.
func (a actor) client() (client.Client, error) {
	if c, found := clients.Load(a.name); found {
		return c.(client.Client), nil //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	config := rest.CopyConfig(cluster)
	config.Wrap(recording)
	config.Impersonate = rest.ImpersonationConfig{UserName: a.name, Groups: append(slices.Clone(a.groups), "system:authenticated")}
	c, err := client.New(config, client.Options{Scheme: scheme, Mapper: masters.RESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("make a client for %s: %w", a.name, err)
	}
	clients.Store(a.name, c)
	return c, nil
}

// does sends a request as the actor.
func (a actor) does(ctx context.Context, try request) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	return try(ctx, c)
}
