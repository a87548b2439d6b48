package team

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
)

// poolView is what a team has of one pool, and what is wrong with it.
type poolView struct {
	name      string
	pool      *foundationv1alpha1.GPUPool
	requested int32
	grant     foundationv1alpha1.Grant
	// reason and message are empty if the team has all it asked for.
	reason, message string
}

// poolViews are the pools that the team has awards of, or still holds GPUs of, by name.
func poolViews(in Input) []poolView {
	names := index.AwardPools(in.Team)
	for name, pool := range in.Pools {
		if grantOf(pool, in.Team) != nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	views := make([]poolView, 0, len(names))
	for _, name := range names {
		view := poolView{name: name, pool: in.Pools[name], requested: lifecycle.Demand(in.life().Awards(name), in.Now)}
		if view.pool != nil {
			if grant := grantOf(view.pool, in.Team); grant != nil {
				view.grant = *grant
			}
		}
		view.reason, view.message = view.explain(in)
		views = append(views, view)
	}
	return views
}

func (v poolView) explain(in Input) (reason, message string) {
	switch {
	case v.pool == nil && v.requested > 0:
		return foundationv1alpha1.ReasonPoolNotFound,
			fmt.Sprintf("%s: no such GPUPool: create it, or name another pool in spec.gpus", v.name)
	case v.requested != v.grant.Requested:
		return foundationv1alpha1.ReasonProgressing, v.name + ": waits for the pool's decision"
	case v.grant.Reason != "":
		return v.grant.Reason, v.grant.Message
	case v.grant.Ready < v.grant.Granted && !v.dynamic():
		return foundationv1alpha1.ReasonNodesNotReady, fmt.Sprintf("%s: %d of %d GPUs not ready: their nodes are not claimed yet, not Ready, or cordoned",
			v.name, v.grant.Granted-v.grant.Ready, v.grant.Granted)
	case v.grant.EvictionTime != nil:
		what := "nodes are on their way back, and replaced"
		if beyond := v.grant.Held - v.grant.Granted; beyond > 0 {
			what = fmt.Sprintf("%d GPUs beyond the grant are on their way back", beyond)
		}
		return "", fmt.Sprintf("%s: %s, pods on their nodes are evicted from %s on", v.name, what, in.when(v.grant.EvictionTime))
	default:
		return "", ""
	}
}

// dynamic says whether nodes come only when pods ask for them: fewer than were granted is what was asked for.
func (v poolView) dynamic() bool {
	return v.pool != nil && v.pool.Spec.Karpenter != nil && v.pool.Spec.Karpenter.Mode == foundationv1alpha1.KarpenterDynamic
}

// forecast is why an award will not be served in full later; empty if all fit.
func (v poolView) forecast(in Input) (reason, message string) {
	if v.pool == nil && v.requested == 0 && lifecycle.Ahead(in.life().Awards(v.name), in.Now) {
		return foundationv1alpha1.ReasonPoolNotFound, v.name + ": no such GPUPool: create it before the award begins, or name another pool in spec.gpus"
	}
	return v.grant.ForecastReason, v.grant.ForecastMessage
}

// awardsFitCondition tells today of awards that will not be served in full later.
func awardsFitCondition(in Input) metav1.Condition {
	const area = foundationv1alpha1.ConditionAwardsCovered
	var reasons, messages []string
	for _, view := range poolViews(in) {
		if reason, message := view.forecast(in); reason != "" {
			reasons, messages = append(reasons, reason), append(messages, message)
		}
	}
	if len(reasons) == 0 {
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
	}
	return conditions.False(area, reasons[0], strings.Join(messages, "; "))
}

// noted is a message with what the team should know of its GPUs although nothing is wrong.
func noted(in Input, message string) string {
	notes := []string{message}
	for _, view := range poolViews(in) {
		if view.reason == "" && view.message != "" {
			notes = append(notes, view.message)
		}
	}
	return strings.Join(notes, "; ")
}

func gpusCondition(in Input) metav1.Condition {
	const area = foundationv1alpha1.ConditionGPUsReady
	var wrong []poolView
	var messages []string
	var requested int32
	for _, view := range poolViews(in) {
		requested += view.requested
		if view.reason != "" {
			wrong = append(wrong, view)
			messages = append(messages, view.message)
		}
	}
	switch {
	case len(wrong) > 0:
		return conditions.False(area, wrong[0].reason, strings.Join(messages, "; "))
	case requested > 0:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, noted(in, fmt.Sprintf("%d GPUs", requested)))
	case !in.holds():
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, noted(in, "no GPUs"))
	default:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, noted(in, "no award in force"))
	}
}

func gpuStatus(in Input) *foundationv1alpha1.TeamGPUStatus {
	status := &foundationv1alpha1.TeamGPUStatus{}
	var requested, granted, ready, used, readyNodes, grantedNodes int32
	for _, view := range poolViews(in) {
		requested += view.requested
		granted += view.grant.Granted
		ready += view.grant.Ready
		if view.pool != nil {
			readyNodes += view.grant.Ready / view.pool.Spec.GPUsPerNode
			grantedNodes += view.grant.Granted / view.pool.Spec.GPUsPerNode
		}
		_, forecast := view.forecast(in)
		status.Pools = append(status.Pools, foundationv1alpha1.TeamPoolStatus{
			Name:            view.name,
			Requested:       view.requested,
			Granted:         view.grant.Granted,
			Held:            view.grant.Held,
			Ready:           view.grant.Ready,
			Shortfall:       max(view.requested-view.grant.Granted, 0),
			NextFreeTime:    view.grant.NextFreeTime,
			ForecastMessage: forecast,
			Message:         view.message,
		})
	}
	for _, quota := range in.Quotas {
		used += in.usedOf(quota.Status.Used)
	}
	status.Summary = fmt.Sprintf("%d/%d", granted, requested)
	status.NodeSummary = fmt.Sprintf("%d/%d", readyNodes, grantedNodes)
	status.Requested, status.Granted, status.Ready, status.Used = requested, granted, ready, used
	return status
}
