package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	// pollInterval is how often the demo polls the cluster for something that it waits for.
	pollInterval = 200 * time.Millisecond
	// awardDeadline is how long the teams may take to get the GPUs that they were awarded.
	awardDeadline = 3 * time.Minute
)

// awaitAllocation waits until the selected teams have all GPUs that they can have, and shows their progress.
func (d *demo) awaitAllocation(ctx context.Context) error {
	begin := time.Now()
	err := poll(ctx, awardDeadline, func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		pools, err := d.pools(ctx)
		if err != nil {
			return err
		}
		teams = withNames(teams, selected)
		d.showProgress(teams, time.Since(begin))
		return checkAllocated(teams, pools)
	})
	if err != nil {
		return fmt.Errorf("the teams do not come to rest: %w", err)
	}
	d.screen.say("All that the teams can have is there, %.1fs later.", time.Since(begin).Seconds())
	return nil
}

// poll calls ask every pollInterval until it returns no error. At the limit the last error is returned, which says
// what is missing.
func poll(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, pollInterval, limit, true, func(ctx context.Context) (bool, error) {
		err := ask(ctx)
		if err != nil && ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if err != nil && last != nil {
		return fmt.Errorf("%w (%w)", last, err)
	}
	return err
}

func (d *demo) teams(ctx context.Context) ([]foundationv1alpha1.FoundationTeam, error) {
	list := &foundationv1alpha1.FoundationTeamList{}
	if err := d.admin.client.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list the teams: %w", err)
	}
	return list.Items, nil
}

// withNames returns the teams with these names.
func withNames(teams []foundationv1alpha1.FoundationTeam, names []string) []foundationv1alpha1.FoundationTeam {
	return slices.DeleteFunc(slices.Clone(teams), func(team foundationv1alpha1.FoundationTeam) bool {
		return !slices.Contains(names, team.Name)
	})
}

func (d *demo) pools(ctx context.Context) ([]foundationv1alpha1.GPUPool, error) {
	list := &foundationv1alpha1.GPUPoolList{}
	if err := d.admin.client.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list the pools: %w", err)
	}
	return list.Items, nil
}

// showProgress prints how many GPUs each team has.
func (d *demo) showProgress(teams []foundationv1alpha1.FoundationTeam, elapsed time.Duration) {
	var now, news []string
	for i := range teams {
		name, gpus := teams[i].Name, teams[i].Status.GPUs
		if gpus == nil {
			now = append(now, name+" -")
			continue
		}
		now = append(now, fmt.Sprintf("%s %d/%d", name, gpus.Ready, gpus.Requested))
		text := fmt.Sprintf("%s has %s GPUs granted, %s nodes ready", name, gpus.Summary, gpus.NodeSummary)
		if d.shown[name] != text {
			d.shown[name] = text
			news = append(news, fmt.Sprintf("%5.1fs  %s", elapsed.Seconds(), text))
		}
	}
	d.screen.progress(fmt.Sprintf("%.0fs  GPUs ready: %s", elapsed.Seconds(), strings.Join(now, "  ")), news...)
}

// checkAllocated returns an error that names a team to which GPUs may still be granted or prepared, if there is one.
func checkAllocated(teams []foundationv1alpha1.FoundationTeam, pools []foundationv1alpha1.GPUPool) error {
	for i := range teams {
		team := &teams[i]
		ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
		switch {
		case ready == nil || ready.ObservedGeneration != team.Generation:
			return fmt.Errorf("%s was not looked at yet", team.Name)
		case ready.Status == metav1.ConditionTrue:
		case meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReconciling):
			return fmt.Errorf("%s is on its way: %s", team.Name, ready.Message)
		case ready.Reason != foundationv1alpha1.ReasonShortfall || !isExhausted(team, pools):
			return fmt.Errorf("%s is not ready: %s", team.Name, ready.Message)
		}
	}
	return nil
}

// isExhausted reports whether the pools that a team is short of have nothing left to grant, and the team's status is
// up to date. Until then the shortfall may be temporary: nodes that are new to a pool are granted some seconds later.
func isExhausted(team *foundationv1alpha1.FoundationTeam, pools []foundationv1alpha1.GPUPool) bool {
	if team.Status.GPUs == nil {
		return false
	}
	for _, part := range team.Status.GPUs.Pools {
		at := slices.IndexFunc(pools, func(pool foundationv1alpha1.GPUPool) bool { return pool.Name == part.Name })
		if at < 0 || pools[at].Status.Capacity == nil || pools[at].Status.Capacity.Granted < pools[at].Status.Capacity.Total {
			return false
		}
		for _, grant := range pools[at].Status.Grants {
			if grant.Ready < grant.Granted || grant.TeamName == team.Name && part.Granted != grant.Granted {
				return false
			}
		}
	}
	return true
}
