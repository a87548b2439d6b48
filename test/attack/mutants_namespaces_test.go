package attack

import (
	"context"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespaceMutants break what the operator puts into a namespace: quota entries and pod security labels.
func namespaceMutants(ctx context.Context) (map[string][]mutant, error) {
	secure, err := podSecurityMutants(ctx)
	return map[string][]mutant{"quota": quotaMutants(), "pod security": secure}, err
}

// quotaMutants remove and raise each entry of the quota.
func quotaMutants() []mutant {
	var herd []mutant
	all := quotaAttacks()
	original := exhaustedQuota()
	set := func(change func(corev1.ResourceList)) func(context.Context) error {
		return func(ctx context.Context) error {
			return edit(ctx, original, func(o client.Object) {
				q := o.(*corev1.ResourceQuota) //nolint:errcheck,forcetypeassert // it is
				q.Spec.Hard = original.Spec.Hard.DeepCopy()
				change(q.Spec.Hard)
			})
		}
	}
	restore := set(func(corev1.ResourceList) {})
	for _, key := range slices.Sorted(maps.Keys(original.Spec.Hard)) {
		name := "exceed " + string(key)
		a := all[name]
		checks := []check{{name, func(ctx context.Context) error { return a.refusal(ctx, a.who) }}}
		herd = append(herd,
			mutant{name: "without " + string(key), checks: checks, restore: restore, apply: set(func(hard corev1.ResourceList) { delete(hard, key) })},
			mutant{name: "more of " + string(key), checks: checks, restore: restore, apply: set(func(hard corev1.ResourceList) { hard[key] = resource.MustParse("9Ti") })},
		)
	}
	return herd
}

// podSecurityMutants remove and weaken each pod security label.
func podSecurityMutants(ctx context.Context) ([]mutant, error) {
	forbidden, err := securityFixtures(ctx, "restricted", "fail")
	if err != nil {
		return nil, err
	}
	var checks []check
	for _, file := range slices.Sorted(maps.Keys(forbidden)) {
		checks = append(checks, check{"pod security, restricted/fail/" + file, func(ctx context.Context) error {
			return expectSecure(ctx, forbidden[file], false)
		}})
	}
	labels := desiredNamespaceOf(train).Namespace.Labels
	var herd []mutant
	set := func(key, value string) func(context.Context) error {
		return func(ctx context.Context) error {
			return edit(ctx, teamNamespace, func(o client.Object) {
				changed := o.GetLabels()
				changed[key] = value
				if value == "" {
					delete(changed, key)
				}
				o.SetLabels(changed)
			})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		short, found := strings.CutPrefix(key, "pod-security.kubernetes.io/")
		if !found {
			continue
		}
		instead := []string{"", "privileged", "baseline"}
		if strings.HasSuffix(key, "-version") {
			instead = []string{"", "v1.0"}
		}
		for _, value := range instead {
			name := short + ": " + value
			if value == "" {
				name = "without " + short
			}
			herd = append(herd, mutant{name: name, checks: checks, apply: set(key, value), restore: set(key, labels[key])})
		}
	}
	return herd, nil
}
