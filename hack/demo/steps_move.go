package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

// shrunkAward is what is left of naru's award.
const shrunkAward = 256

// showMove takes half of its GPUs from a team that does not use them; the team that waits gets them.
func (d *demo) showMove(ctx context.Context) error {
	before, err := d.workers(ctx)
	if err != nil {
		return err
	}
	given, err := d.nodesOf(ctx, teamNaru)
	if err != nil {
		return err
	}
	had, err := d.nodesOf(ctx, teamSaebyeok)
	if err != nil {
		return err
	}
	begin := time.Now()
	patch := fmt.Sprintf(`[{"op": "replace", "path": "/spec/gpus/0/count", "value": %d}]`, shrunkAward)
	if err := d.run(ctx, d.admin, "patch", "ft", teamNaru, "--type=json", "-p", patch); err != nil {
		return err
	}
	moved := poll(ctx, stepDeadline, func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		d.showProgress(teams, time.Since(begin))
		return checkMoved(find(teams, teamNaru), find(teams, teamSaebyeok), len(had)*cluster.GPUsPerNode)
	})
	took := time.Since(begin)
	if err := d.run(ctx, d.admin, "get", "ft"); err != nil {
		return err
	}
	holds, err := d.nodesOf(ctx, teamSaebyeok)
	if err != nil {
		return err
	}
	if moved == nil {
		moved = checkTaken(had, holds, given)
	}
	d.screen.claim(fmt.Sprintf("saebyeok has the GPUs that naru gave back, and naru's nodes with them, after %.1fs", took.Seconds()), moved)

	after, err := d.workers(ctx)
	if err != nil {
		return err
	}
	var disturbed error
	if len(before) == 0 || !maps.Equal(uids(before), uids(after)) {
		disturbed = fmt.Errorf("%d workers ran before, and these are not the %d that run now", len(before), len(after))
	}
	d.screen.claim("hanbit's training run did not notice: the same pods are on the same nodes", disturbed)
	return nil
}

// nodesOf are the names of a team's nodes.
func (d *demo) nodesOf(ctx context.Context, team string) ([]string, error) {
	nodes := &corev1.NodeList{}
	if err := d.admin.client.List(ctx, nodes, client.MatchingLabels{foundationv1alpha1.LabelNodeTeam: team}); err != nil {
		return nil, fmt.Errorf("list the nodes of %s: %w", team, err)
	}
	names := make([]string, 0, len(nodes.Items))
	for i := range nodes.Items {
		names = append(names, nodes.Items[i].Name)
	}
	return names, nil
}

// checkTaken wants the nodes that somebody has now to be those from before and some that somebody else had.
func checkTaken(had, holds, given []string) error {
	if len(holds) <= len(had) {
		return fmt.Errorf("saebyeok had %d nodes and has %d", len(had), len(holds))
	}
	for _, name := range holds {
		if !slices.Contains(had, name) && !slices.Contains(given, name) {
			return fmt.Errorf("%s was neither naru's nor saebyeok's", name)
		}
	}
	return nil
}

// checkMoved wants one team to have its smaller award, and the other, beside what it had, what became free.
func checkMoved(donor, receiver *foundationv1alpha1.FoundationTeam, had int) error {
	if granted, ready := has(donor); granted != shrunkAward || ready != shrunkAward {
		return fmt.Errorf("%s has %d GPUs, %d ready", donor.Name, granted, ready)
	}
	want := min(int32(had)+shrunkAward, awarded(receiver))
	granted, ready := has(receiver)
	if granted != want || ready != want || meta.IsStatusConditionTrue(receiver.Status.Conditions, foundationv1alpha1.ConditionReconciling) {
		return fmt.Errorf("%s has %d GPUs, %d ready, not %d", receiver.Name, granted, ready, want)
	}
	return nil
}
