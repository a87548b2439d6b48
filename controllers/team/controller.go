package team

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/metrics"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
	"foundation.team/operator/internal/tracing"
)

// stalledRecheck is how often a problem that only a human can solve is tried again at last. Except for namespaces, objects that are
// not the team's are not watched, and nor are webhooks and policies of others that refuse something, so no event tells when one is
// changed. It is tried again after firstStalledRecheck, and then whenever it has lasted twice as long: whoever solves it at once does not
// wait for minutes, and what lasts costs next to nothing.
const (
	firstStalledRecheck = 15 * time.Second
	stalledRecheck      = 5 * time.Minute
)

// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams/status,verbs=patch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=list;watch
// +kubebuilder:rbac:groups=foundation.team,resources=teamrecords,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumes,verbs=list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=gpupools;foundationprograms,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;resourcequotas,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=limitranges,verbs=list;watch;delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles;clusterrolebindings,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,verbs=bind,resourceNames=foundation-team-lead;foundation-team-engineer;foundation-team-data-steward;foundation-team-viewer;foundation-team-cleanup
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles,verbs=bind
// +kubebuilder:rbac:groups=flowcontrol.apiserver.k8s.io,resources=flowschemas;prioritylevelconfigurations,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=list;watch
// +kubebuilder:rbac:groups=resource.k8s.io,resources=deviceclasses,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile makes one team's objects what its spec, its programme and the pools' grants ask for.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	ctx, end := tracing.Reconcile(ctx, controllerName, req.Name)
	var result ctrl.Result
	err := requeue.Contain(ctx, func() (err error) {
		result, err = r.reconcileNamed(ctx, req.Name)
		return err
	})
	end(err)
	settled, none := r.backoff.Settle(ctx, controllerName, req.Name, result, err)
	settled.Priority = priorityAgain(result, settled, err, r.priorityOfRetry(req.Name))
	return settled, none
}

func (r *Reconciler) reconcileNamed(ctx context.Context, name string) (ctrl.Result, error) {
	team := &foundationv1alpha1.FoundationTeam{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: name}, team)
	if apierrors.IsNotFound(err) {
		r.ready.forget(name)
		r.begun.forget(name)
		r.ends.done(name)
		r.lone.forget(name)
		return r.reconcileOrphans(ctx, name)
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("read team %s: %w", name, err)
	}
	if len(team.Unreadable) > 0 && team.DeletionTimestamp.IsZero() {
		return r.reconcileUnreadable(ctx, team)
	}
	if len(team.Unreadable) > 0 {
		team.Spec.DeletionPolicy = foundationv1alpha1.DeletionPolicyRetain // what it was meant to keep is not known whole
	}
	return r.reconcile(ctx, team)
}

// reconcile goes from what must not wait to what can:
//
//  1. Access that has ended is taken away. This step observes for itself what it needs. If many lose it at a time,
//     all that are due come before the next step of any.
//  2. Isolation, locks and lower quotas come to the namespaces that exist.
//  3. The finalizer and the record are written: the record decides which objects are the team's when a manifest is applied
//     again. If they cannot be written, nothing new is provisioned.
//  4. What is new is provisioned, what is not desired any more is pruned, and data that is to go is deleted.
//  5. Status and events tell of it.
//
// No failure of a step keeps an earlier one from being done, in this reconcile or in the next one, which comes within 15
// seconds.
func (r *Reconciler) reconcile(ctx context.Context, team *foundationv1alpha1.FoundationTeam) (ctrl.Result, error) {
	r.begun.begin(team.Name, r.Clock.Now())
	out := newOutcome()
	defer func() { r.reportDelegated(team, out.delegated) }()
	in, next, err := r.reconcileAccess(ctx, team, r.listRecords, out)
	soonest := ctrl.Result{RequeueAfter: timing.Wait(r.Clock.Now(), next)}
	if err != nil {
		return soonest, r.reportFailure(ctx, team, err)
	}
	if out.accessTaken && out.oneOfMany && len(out.errs) == 0 {
		return r.awaited(team, requeue.ForCache()), nil
	}
	var result ctrl.Result
	err = requeue.Contain(ctx, func() (err error) {
		result, err = r.reconcileRest(ctx, in, out)
		return err
	})
	if err != nil {
		return soonest, r.reportFailure(ctx, team, err)
	}
	return result, out.Err()
}

// reconcileAccess is the first step. It returns what it observed and when access changes next. Whatever it could not read is
// returned as an error, after what follows from the rest is done.
func (r *Reconciler) reconcileAccess(
	ctx context.Context, team *foundationv1alpha1.FoundationTeam, records recordLister, out *Outcome,
) (in Input, next time.Time, err error) {
	err = requeue.Contain(ctx, func() error {
		var unread error
		in, unread = r.observeAccess(ctx, team, records)
		m := newAccessModel(in)
		next = m.NextTransition
		r.endAccess(ctx, m, out)
		return unread
	})
	return in, next, err
}

// reconcileRest does the other steps.
func (r *Reconciler) reconcileRest(ctx context.Context, in Input, out *Outcome) (ctrl.Result, error) {
	in, err := r.observe(ctx, in)
	if err != nil {
		return ctrl.Result{}, err
	}
	m := NewModel(in)
	desired := Build(m)
	r.restrict(ctx, m, desired, out)
	if r.Applier.StatusStale(m.Team) || m.Record != nil && r.Applier.SavedStale(m.Record) {
		return r.awaited(m.Team, requeue.ForCache()), nil
	}
	kept, record, err := r.keepRecord(ctx, m, out)
	if err != nil {
		return ctrl.Result{}, err
	}
	if kept != m {
		m, desired = kept, Build(kept)
	}
	r.provide(ctx, m, desired, out)
	r.pruneOthers(ctx, m, desired.keys(), out)
	if err := r.deleteNamespaces(ctx, m, record, desired, out); err != nil {
		return ctrl.Result{}, err
	}
	if canFinalize(m, out) {
		if done, err := r.finalize(ctx, m, record, out); done || err != nil {
			return ctrl.Result{}, err
		}
	}
	status := BuildStatus(m, record, desired, out)
	if wait := r.waitForMore(m.Team, status, out); wait > 0 {
		return r.awaited(m.Team, ctrl.Result{RequeueAfter: wait}), nil
	}
	if err := r.writeStatus(ctx, m.Team, status); err != nil {
		return ctrl.Result{}, err
	}
	if out.cacheStale {
		return r.awaited(m.Team, requeue.ForCache()), nil
	}
	r.ends.done(m.Team.Name)
	r.lone.done(m.Team)
	return ctrl.Result{RequeueAfter: requeueAfter(m, out)}, nil
}

// reportFailure writes into a team's status why a reconcile could not be finished, and returns that with what failed of it.
func (r *Reconciler) reportFailure(ctx context.Context, team *foundationv1alpha1.FoundationTeam, err error) error {
	changed := (*apply.ChangedError)(nil)
	if apierrors.IsConflict(err) || errors.As(err, &changed) || r.Applier.StatusStale(team) {
		return err // a status would be about a team that is not any more
	}
	after := team.DeepCopy()
	after.Status.Conditions = failedConditions(team, err, r.Clock.Now())
	return errors.Join(err, apply.WriteStatus(ctx, r.Applier, r.Events, team, after))
}

// firstStatusWithin is how long a new team's first status waits for what was just made to be seen, so that mostly one is enough.
const firstStatusWithin = 2 * time.Second

// waitForMore returns for how long a status can wait that would be a new team's first one, while another one would follow at once,
// because the watches do not show yet what this reconcile has made.
func (r *Reconciler) waitForMore(team *foundationv1alpha1.FoundationTeam, status foundationv1alpha1.FoundationTeamStatus, out *Outcome) time.Duration {
	ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady)
	if len(team.Status.Conditions)+len(out.Problems)+len(out.errs) > 0 || ready == nil || ready.Reason != foundationv1alpha1.ReasonProgressing {
		return 0
	}
	if len(status.FormerUIDs) > 0 {
		return 0 // pools wait for it: which nodes they still are
	}
	now := r.Clock.Now()
	return r.begun.begin(team.Name, now).Add(firstStatusWithin).Sub(now)
}

// awaited returns a result with the priority of what is left to do for a team.
func (r *Reconciler) awaited(team *foundationv1alpha1.FoundationTeam, result ctrl.Result) ctrl.Result {
	result.Priority = new(r.priorityOfRest(team.Name))
	return result
}

func (r *Reconciler) writeStatus(ctx context.Context, team *foundationv1alpha1.FoundationTeam, status foundationv1alpha1.FoundationTeamStatus) error {
	ctx, end := tracing.Step(ctx, "write status")
	defer end(nil)
	after := team.DeepCopy()
	after.Status = status
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, team, after); err != nil {
		return err
	}
	if took, ok := r.ready.observe(team, after, r.Clock.Now()); ok {
		metrics.TeamReady.Observe(took.Seconds())
	}
	for _, notice := range expiryNotices(team.Status.Staff, status.Staff) {
		r.Events.Eventf(team, nil, corev1.EventTypeNormal, "AccessExpires", "Reconcile", "%s", notice)
	}
	return nil
}

// requeueAfter returns how long it is until time alone changes something; 0 if it never does.
func requeueAfter(m *Model, out *Outcome) time.Duration {
	return timing.Wait(m.Now, m.NextTransition, recheckStalled(m, out), m.Guards.RequeueAt(m.Now))
}

// recheckStalled returns when a problem that only a human can solve is tried again; the zero time if there is none.
func recheckStalled(m *Model, out *Outcome) time.Time {
	var rechecks []time.Time
	for _, problems := range out.Problems {
		for _, p := range problems {
			if p.NeedsPerson {
				lasted := m.Now.Sub(toldSince(m.Team.Status.Conditions, p, m.Now))
				rechecks = append(rechecks, m.Now.Add(min(max(lasted, firstStalledRecheck), stalledRecheck)))
			}
		}
	}
	return timing.Next(m.Now, rechecks)
}

// toldSince returns since when a status tells that a team is stalled, or not Ready for a problem's reason; now if it does not yet.
func toldSince(told []metav1.Condition, p Problem, now time.Time) time.Time {
	if stalled := meta.FindStatusCondition(told, foundationv1alpha1.ConditionStalled); stalled != nil {
		return stalled.LastTransitionTime.Time
	}
	if ready := meta.FindStatusCondition(told, foundationv1alpha1.ConditionReady); ready != nil && ready.Reason == p.Reason {
		return ready.LastTransitionTime.Time
	}
	return now
}
