package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// passed is what all but naru are at the end of the first stage.
var passed = slices.DeleteFunc(slices.Clone(selected), func(team string) bool { return team == teamNaru })

// addition is a JSON patch that adds a value to the programme.
func addition(path string, value any) (string, error) {
	content, err := json.Marshal([]map[string]any{{"op": "add", "path": path, "value": value}})
	if err != nil {
		return "", fmt.Errorf("encode a patch: %w", err)
	}
	return string(content), nil
}

// record has the office add something to the programme.
func (d *demo) record(ctx context.Context, path string, value any) error {
	content, err := addition(path, value)
	if err != nil {
		return err
	}
	return d.run(ctx, d.office, "patch", "fprog", programme, "--type=json", "-p", content)
}

// showStage records who passed the first stage. hanbit was awarded more for that case, and its pool is given out.
func (d *demo) showStage(ctx context.Context) error {
	if err := d.record(ctx, "/spec/stages/0/passed", passed); err != nil {
		return err
	}
	counts := poll(ctx, stepDeadline, func(ctx context.Context) error {
		team, err := d.team(ctx, teamHanbit)
		if err != nil {
			return err
		}
		return checkCounts(team)
	})
	if err := d.run(ctx, d.office, "get", "ft", teamHanbit); err != nil {
		return err
	}
	d.screen.claim("hanbit passed, so its award for the second stage counts, and waits: the pool is given out", counts)
	return nil
}

// checkCounts wants a team to ask for all its awards now, to have those of before, and to be told that it waits.
func checkCounts(team *foundationv1alpha1.FoundationTeam) error {
	gpus := team.Status.GPUs
	if gpus == nil {
		return fmt.Errorf("the status of %s does not say", team.Name)
	}
	before, all := awarded(team), promised(team)
	if granted, _ := has(team); gpus.Requested != all || granted != before || all == before {
		return fmt.Errorf("%s asks for %d GPUs and has %d, with awards of %d and then %d", team.Name, gpus.Requested, granted, before, all)
	}
	ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
	if ready == nil || ready.Reason != foundationv1alpha1.ReasonShortfall {
		return fmt.Errorf("the condition Ready of %s is %+v, not False for %s", team.Name, ready, foundationv1alpha1.ReasonShortfall)
	}
	return nil
}

// promised is how many GPUs a team was awarded, whatever it has to pass for them.
func promised(team *foundationv1alpha1.FoundationTeam) int32 {
	var sum int32
	for _, award := range team.Spec.GPUs {
		if award.Count != nil {
			sum += *award.Count
		}
	}
	return sum
}
