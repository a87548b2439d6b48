package transitions

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
)

// clusterKinds and namespacedKinds follow from a team's spec. FlowSchemas follow from its staff and namespaces, and are left out.
var (
	clusterKinds    = []client.ObjectList{&corev1.NamespaceList{}, &rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{}}
	namespacedKinds = []client.ObjectList{
		&corev1.ResourceQuotaList{}, &corev1.PersistentVolumeClaimList{}, &networkingv1.NetworkPolicyList{}, &rbacv1.RoleBindingList{},
	}
)

// made returns the objects that follow from the team's spec, as they are cached: by namespace, which is much faster than by label.
func (p *place) made(ctx context.Context) ([]client.Object, error) {
	label := client.MatchingLabels{foundationv1alpha1.LabelTeam: p.names.team}
	var made []client.Object
	for _, kind := range clusterKinds {
		objects, err := support.List(ctx, cached, kind, label)
		if err != nil {
			return nil, err
		}
		made = append(made, objects...)
	}
	for _, object := range made {
		if _, ok := object.(*corev1.Namespace); !ok {
			continue
		}
		for _, kind := range namespacedKinds {
			objects, err := support.List(ctx, cached, kind, label, client.InNamespace(object.GetName()))
			if err != nil {
				return nil, err
			}
			made = append(made, objects...)
		}
	}
	return made, nil
}

// world is what there is of a place, by object: what follows from specs and what statuses say, without times and identities.
type world map[string]string

var (
	times = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[-+]\d\d:\d\d| [A-Z]+)?`)
	uids  = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// read returns the world of a place, and whether its statuses are about the present specs. If they are not, or something is being done,
// it is a part of it.
func (p *place) read(ctx context.Context) (found world, settled bool, err error) {
	found, settled = world{}, true
	for _, base := range kinds {
		status, about, err := p.cachedStatus(ctx, base)
		if err != nil {
			return nil, false, err
		}
		settled = settled && about
		p.add(found, "status of "+base.name, status)
	}
	if !settled || found.isMoving() {
		return found, settled, nil // the rest will not be as it is now
	}
	objects, err := p.made(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, made := range objects {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(made)
		if err != nil {
			return nil, false, err
		}
		delete(fields, "status")
		fields["metadata"] = map[string]any{"labels": made.GetLabels(), "annotations": made.GetAnnotations()}
		p.add(found, fmt.Sprintf("%T %s/%s", made, made.GetNamespace(), made.GetName()), fields)
	}
	return found, settled, nil
}

// moving is what statuses say while something is being done that is over by itself within seconds.
var moving = []string{"waiting to be empty before", "waits for the pool's decision", "decided together", "to be assigned", "checked for pods before", "were written just now"}

func (w world) isMoving() bool {
	for _, text := range w {
		if slices.ContainsFunc(moving, func(phrase string) bool { return strings.Contains(text, phrase) }) {
			return true
		}
	}
	return false
}

// add adds what a value says but for times, identities and the past.
func (p *place) add(found world, name string, value map[string]any) {
	for _, field := range []string{"history", "observedGeneration", "nextTransitionTime", "formerUIDs", "stateTransitionTime"} {
		delete(value, field)
	}
	unstructured.RemoveNestedField(value, "seats", "held")
	dropTimes(value)
	encoded, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		encoded = []byte(err.Error())
	}
	text := times.ReplaceAllString(uids.ReplaceAllString(string(encoded), "UID"), "TIME")
	found[p.generic(name)] = p.generic(text)
}

func dropTimes(value any) {
	switch typed := value.(type) {
	case map[string]any:
		for name, field := range typed {
			if name == "lastTransitionTime" || name == "observedGeneration" {
				delete(typed, name)
				continue
			}
			dropTimes(field)
		}
	case []any:
		for _, entry := range typed {
			dropTimes(entry)
		}
	}
}

// generic is a text with the names of the bases.
func (p *place) generic(text string) string {
	return strings.NewReplacer(p.names.team, "TEAM", p.names.pool, "POOL", p.names.burst, "BURST", p.names.nation, "NATION", "nd"+p.names.team[2:], "NODE").Replace(text)
}

// difference returns the lines in which two worlds differ, at most so many; ignored are parts of names of what may.
func difference(before, after world, ignored ...string) []string {
	var lines []string
	for name := range merged(before, after) {
		if before[name] == after[name] || slices.ContainsFunc(ignored, func(part string) bool { return strings.Contains(name, part) }) {
			continue
		}
		lines = append(lines, name)
		old, now := strings.Split(before[name], "\n"), strings.Split(after[name], "\n")
		for _, line := range old {
			if !slices.Contains(now, line) {
				lines = append(lines, "  - "+strings.TrimSpace(line))
			}
		}
		for _, line := range now {
			if !slices.Contains(old, line) {
				lines = append(lines, "  + "+strings.TrimSpace(line))
			}
		}
	}
	return lines
}

func merged(a, b world) map[string]bool {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}
