package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

const (
	ofHanbit = foundationv1alpha1.LabelTeam + "=" + teamHanbit
	enforce  = "pod-security.kubernetes.io/enforce"
	gpuQuota = corev1.ResourceName("requests." + cluster.GPUResource)
	// quotaColumns are the columns of a quota that fit on a line.
	quotaColumns = `custom-columns=NAMESPACE:.metadata.namespace,GPUS:.spec.hard.requests\.nvidia\.com/gpu,` +
		`CPU:.spec.hard.requests\.cpu,MEMORY:.spec.hard.requests\.memory,STORAGE:.spec.hard.requests\.storage,PODS:.spec.hard.pods`
)

// The namespaces in which the steps act.
var (
	hanbitTrain = foundationv1alpha1.NamespaceName(teamHanbit, "train")
	naruTrain   = foundationv1alpha1.NamespaceName(teamNaru, "train")
)

// showTeam shows what one team has, as the admin and as one of the team's engineers.
func (d *demo) showTeam(ctx context.Context) error {
	for _, show := range []func(context.Context) error{d.showNamespaces, d.showStaff, d.showAccess, d.showNodes} {
		if err := show(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) showNamespaces(ctx context.Context) error {
	if err := d.run(ctx, d.admin, "get", "namespaces", "-l", ofHanbit, "-L", enforce); err != nil {
		return err
	}
	namespaces := &corev1.NamespaceList{}
	if err := d.admin.client.List(ctx, namespaces, client.MatchingLabels{foundationv1alpha1.LabelTeam: teamHanbit}); err != nil {
		return fmt.Errorf("list the namespaces: %w", err)
	}
	team, err := d.team(ctx, teamHanbit)
	if err != nil {
		return err
	}
	d.screen.check("each of the team's namespaces takes pods of the restricted standard only", checkNamespaces(team, namespaces.Items))

	if err := d.run(ctx, d.admin, "get", "resourcequota", "-A", "-l", ofHanbit, "-o", quotaColumns); err != nil {
		return err
	}
	quotas := &corev1.ResourceQuotaList{}
	if err := d.admin.client.List(ctx, quotas, client.MatchingLabels{foundationv1alpha1.LabelTeam: teamHanbit}); err != nil {
		return fmt.Errorf("list the quotas: %w", err)
	}
	d.screen.check("their GPU quotas add up to what the team was granted", checkQuotas(team, quotas.Items))
	return nil
}

func (d *demo) team(ctx context.Context, name string) (*foundationv1alpha1.FoundationTeam, error) {
	team := &foundationv1alpha1.FoundationTeam{}
	if err := d.admin.client.Get(ctx, client.ObjectKey{Name: name}, team); err != nil {
		return nil, fmt.Errorf("get team %s: %w", name, err)
	}
	return team, nil
}

func checkNamespaces(team *foundationv1alpha1.FoundationTeam, namespaces []corev1.Namespace) error {
	if len(namespaces) != len(team.Spec.Namespaces) {
		return fmt.Errorf("there are %d namespaces of %d", len(namespaces), len(team.Spec.Namespaces))
	}
	for i := range namespaces {
		if level := namespaces[i].Labels[enforce]; level != "restricted" {
			return fmt.Errorf("%s enforces %q", namespaces[i].Name, level)
		}
	}
	return nil
}

func checkQuotas(team *foundationv1alpha1.FoundationTeam, quotas []corev1.ResourceQuota) error {
	var sum int64
	for i := range quotas {
		gpus := quotas[i].Spec.Hard[gpuQuota]
		sum += gpus.Value()
	}
	if granted, _ := gpusOf(team); sum != int64(granted) || sum == 0 || len(quotas) != len(team.Spec.Namespaces) {
		return fmt.Errorf("%d quotas add up to %d GPUs, granted are %d", len(quotas), sum, granted)
	}
	return nil
}

func (d *demo) showStaff(ctx context.Context) error {
	if err := d.run(ctx, d.admin, "get", "rolebindings", "-n", hanbitTrain, "-o", "wide"); err != nil {
		return err
	}
	bindings := &rbacv1.RoleBindingList{}
	if err := d.admin.client.List(ctx, bindings); err != nil {
		return fmt.Errorf("list the role bindings: %w", err)
	}
	team, err := d.team(ctx, teamHanbit)
	if err != nil {
		return err
	}
	d.screen.check("whoever is named in spec.staff has a role in each namespace of the team, and nobody else", checkBindings(team, bindings.Items, time.Now()))
	return nil
}

// checkBindings checks that in each of a team's namespaces the subjects of the RoleBindings are exactly its staff,
// except those whose time is over.
func checkBindings(team *foundationv1alpha1.FoundationTeam, bindings []rbacv1.RoleBinding, now time.Time) error {
	staff := make([]string, 0, len(team.Spec.Staff))
	for _, member := range team.Spec.Staff {
		if member.EndTime != nil && !now.Before(member.EndTime.Time) {
			continue
		}
		staff = append(staff, fmt.Sprintf("%s %s", member.Subject.Kind, member.Subject.Name))
	}
	slices.Sort(staff)
	for _, namespace := range team.Spec.Namespaces {
		name := foundationv1alpha1.NamespaceName(team.Name, namespace.Name)
		var bound []string
		for i := range bindings {
			if bindings[i].Namespace != name {
				continue
			}
			for _, subject := range bindings[i].Subjects {
				bound = append(bound, subject.Kind+" "+subject.Name)
			}
		}
		slices.Sort(bound)
		if !slices.Equal(staff, bound) {
			return fmt.Errorf("in %s there are %s instead of %s", name, strings.Join(bound, ", "), strings.Join(staff, ", "))
		}
	}
	return nil
}

// showAccess checks, as an engineer of the team, what RBAC allows in this team's and another's namespaces.
func (d *demo) showAccess(ctx context.Context) error {
	questions := []struct {
		args  []string
		about authorizationv1.ResourceAttributes
		want  bool
	}{
		{
			[]string{"auth", "can-i", "create", "pods", "-n", hanbitTrain},
			authorizationv1.ResourceAttributes{Verb: "create", Resource: "pods", Namespace: hanbitTrain},
			true,
		},
		{
			[]string{"auth", "can-i", "create", "pods", "-n", naruTrain},
			authorizationv1.ResourceAttributes{Verb: "create", Resource: "pods", Namespace: naruTrain},
			false,
		},
		{
			[]string{"get", "ft", teamHanbit},
			authorizationv1.ResourceAttributes{Verb: "get", Group: foundationv1alpha1.GroupVersion.Group, Resource: "foundationteams", Name: teamHanbit},
			true,
		},
		{
			[]string{"get", "ft", teamNaru},
			authorizationv1.ResourceAttributes{Verb: "get", Group: foundationv1alpha1.GroupVersion.Group, Resource: "foundationteams", Name: teamNaru},
			false,
		},
	}
	var wrong error
	for _, q := range questions {
		succeeded, err := d.try(ctx, d.ida, q.args...)
		if err != nil {
			return err
		}
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &q.about}}
		if err := d.ida.client.Create(ctx, review); err != nil {
			return fmt.Errorf("ask what %s may do: %w", d.ida.name, err)
		}
		if allowed := review.Status.Allowed; wrong == nil && (allowed != q.want || succeeded != q.want) {
			wrong = fmt.Errorf("%s: allowed %t, expected %t", commandLine(q.args), allowed, q.want)
		}
	}
	d.screen.check("ida works in hanbit's namespaces and reads hanbit's award, and neither of naru's", wrong)
	return nil
}

func (d *demo) showNodes(ctx context.Context) error {
	if err := d.run(ctx, d.admin, "get", "nodes", "-l", ofHanbit, "-L", cluster.SpineLabel+","+cluster.RackLabel); err != nil {
		return err
	}
	nodes := &corev1.NodeList{}
	if err := d.admin.client.List(ctx, nodes, client.MatchingLabels{foundationv1alpha1.LabelNodeTeam: teamHanbit}); err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	team, err := d.team(ctx, teamHanbit)
	if err != nil {
		return err
	}
	granted, _ := gpusOf(team)
	d.screen.check(fmt.Sprintf("the %d GPUs are nodes of the team alone, closed to everyone else by a taint: %s",
		granted, layout(nodes.Items)), checkNodes(team, nodes.Items))
	d.screen.check("they are close together: below one spine", checkOneSpine(nodes.Items))
	return nil
}

func checkOneSpine(nodes []corev1.Node) error {
	if spines := distinct(nodes, cluster.SpineLabel); spines != 1 {
		return fmt.Errorf("they are %s", layout(nodes))
	}
	return nil
}

func checkNodes(team *foundationv1alpha1.FoundationTeam, nodes []corev1.Node) error {
	granted, _ := gpusOf(team)
	if want := int(granted) / cluster.GPUsPerNode; len(nodes) != want || want == 0 {
		return fmt.Errorf("there are %d nodes for %d GPUs", len(nodes), granted)
	}
	for i := range nodes {
		closed := slices.ContainsFunc(nodes[i].Spec.Taints, func(taint corev1.Taint) bool {
			return taint.Key == foundationv1alpha1.TaintTeam && taint.Value == team.Name && taint.Effect == corev1.TaintEffectNoSchedule
		})
		if !closed || nodes[i].Labels[foundationv1alpha1.LabelTeam] != team.Name {
			return fmt.Errorf("%s has labels %v and taints %v", nodes[i].Name, nodes[i].Labels, nodes[i].Spec.Taints)
		}
	}
	return nil
}

// layout returns the number of nodes, racks and spines, for a message.
func layout(nodes []corev1.Node) string {
	return number(len(nodes), "node") + " in " + number(distinct(nodes, cluster.RackLabel), "rack") +
		" below " + number(distinct(nodes, cluster.SpineLabel), "spine")
}

// distinct returns how many different values a label has on the nodes.
func distinct(nodes []corev1.Node, label string) int {
	values := map[string]bool{}
	for i := range nodes {
		values[nodes[i].Labels[label]] = true
	}
	return len(values)
}

func number(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
