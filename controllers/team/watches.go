package team

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/requeue"
)

const controllerName = "foundationteam"

// maxConcurrentReconciles is how many teams are reconciled at a time, so that a slow one does not hold up the others.
const maxConcurrentReconciles = 4

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	// Annotations confirm or hold a deletion, so they are watched. The status is only if it was lost: this controller alone
	// writes it, and must not requeue itself by that.
	changed := builder.WithPredicates(predicate.Or[client.Object](
		predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, statusLost()))
	requests := func(of handler.MapFunc) handler.EventHandler {
		return ranked(handler.EnqueueRequestsFromMapFunc(of), r.priority)
	}
	requestsOfMany := func(of handler.MapFunc) handler.EventHandler {
		return rankedOfMany(handler.EnqueueRequestsFromMapFunc(of), r.priority)
	}
	generation := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	b := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles}).
		Watches(&foundationv1alpha1.FoundationTeam{}, ranked(&handler.EnqueueRequestForObject{}, r.priorityOfArrival), changed).
		Watches(&foundationv1alpha1.GPUPool{}, rankedOfMany(r.poolEvents(), r.priority)).
		Watches(&foundationv1alpha1.FoundationProgram{}, requests(r.teamsOfProgram), builder.WithPredicates(
			predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, heldBackChanged()))).
		Watches(&foundationv1alpha1.FoundationProgram{}, ranked(decidedTeams(), r.priority)).
		Watches(&foundationv1alpha1.TeamRecord{}, requests(teamOfRecord)).
		Watches(&corev1.PersistentVolume{}, requests(r.teamsOfPersistentVolume)).
		Watches(&storagev1.StorageClass{}, requestsOfMany(r.teamsOfStorageClass)).
		Watches(&resourcev1.DeviceClass{}, requestsOfMany(r.allTeams), generation)
	for _, kind := range guards.Kinds() {
		b = b.Watches(kind, requestsOfMany(r.allTeams), generation)
	}
	for _, kind := range apply.Kinds() {
		mapper := ownerOf
		if kind.Name == "Namespace" {
			mapper = r.teamsOfNamespace
		}
		b = b.Watches(kind.New(), debounced(handler.EnqueueRequestsFromMapFunc(mapper), r.priority))
	}
	return b.Complete(lookAhead(r))
}

// ownerOf returns a request for the team whose label an object has. Both versions of an update are mapped, so a team that
// lost an object is reconciled too.
func ownerOf(_ context.Context, obj client.Object) []reconcile.Request {
	if team := obj.GetLabels()[foundationv1alpha1.LabelTeam]; team != "" {
		return []reconcile.Request{request(team)}
	}
	return nil
}

// statusLost passes updates in which a status was wiped, or replaced by an earlier one: by hand, or by a restore.
func statusLost() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*foundationv1alpha1.FoundationTeam)
		after, ok2 := e.ObjectNew.(*foundationv1alpha1.FoundationTeam)
		return ok1 && ok2 && (after.Status.ObservedGeneration < before.Status.ObservedGeneration || len(after.Status.Conditions) == 0 && len(before.Status.Conditions) > 0)
	}}
}

// teamOfRecord returns a request for the team that a record is about, also if it lost its label.
func teamOfRecord(_ context.Context, obj client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, team := range index.RecordTeams(obj) {
		requests = append(requests, request(team))
	}
	return requests
}

// teamsOfNamespace returns requests for the team whose label a namespace has, and for teams whose spec asks for its name.
func (r *Reconciler) teamsOfNamespace(ctx context.Context, obj client.Object) []reconcile.Request {
	requests := ownerOf(ctx, obj)
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.NamespaceName: obj.GetName()}, client.UnsafeDisableDeepCopy) {
		return requests
	}
	return append(requests, requestsOf(teams)...)
}

func (r *Reconciler) teamsOfProgram(ctx context.Context, obj client.Object) []reconcile.Request {
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.Program: obj.GetName()}, client.UnsafeDisableDeepCopy) {
		return nil
	}
	return requestsOf(teams)
}

// heldBackChanged passes updates of a programme that holds back other money than before. Nothing else in a programme's
// status concerns a team.
func heldBackChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*foundationv1alpha1.FoundationProgram)
		after, ok2 := e.ObjectNew.(*foundationv1alpha1.FoundationProgram)
		return ok1 && ok2 && !equality.Semantic.DeepEqual(before.Status.HeldBack, after.Status.HeldBack)
	}}
}

// decidedTeams requeues the teams whose money a programme has decided on anew, so that what is due is put on record.
func decidedTeams() handler.EventHandler {
	return handler.Funcs{UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		before, ok1 := e.ObjectOld.(*foundationv1alpha1.FoundationProgram)
		after, ok2 := e.ObjectNew.(*foundationv1alpha1.FoundationProgram)
		if !ok1 || !ok2 {
			return
		}
		generations := map[string]int64{}
		for _, team := range before.Status.Teams {
			generations[team.Name] = team.ObservedGeneration
		}
		anew := before.Status.ObservedGeneration != after.Status.ObservedGeneration
		for _, team := range after.Status.Teams {
			if team.ObservedGeneration > 0 && (anew || generations[team.Name] != team.ObservedGeneration) {
				queue.Add(request(team.Name))
			}
		}
	}}
}

// teamsOfPersistentVolume returns requests for the team whose label a volume has, or for teams whose spec asks for the
// namespace of its PersistentVolumeClaim.
func (r *Reconciler) teamsOfPersistentVolume(ctx context.Context, obj client.Object) []reconcile.Request {
	requests := ownerOf(ctx, obj)
	volume, ok := obj.(*corev1.PersistentVolume)
	if !ok || volume.Spec.ClaimRef == nil || len(requests) > 0 {
		return requests
	}
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.NamespaceName: volume.Spec.ClaimRef.Namespace}, client.UnsafeDisableDeepCopy) {
		return nil
	}
	return requestsOf(teams)
}

func (r *Reconciler) teamsOfStorageClass(ctx context.Context, obj client.Object) []reconcile.Request {
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.StorageClass: obj.GetName()}, client.UnsafeDisableDeepCopy) {
		return nil
	}
	return requestsOf(teams)
}

// allTeams returns requests for all teams. They are requeued for a DeviceClass, because every quota names all of them, and
// for an admission policy, because without those nothing new is provisioned.
func (r *Reconciler) allTeams(ctx context.Context, _ client.Object) []reconcile.Request {
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.UnsafeDisableDeepCopy) {
		return nil
	}
	return requestsOf(teams)
}

// poolEvents requeues the teams whose grant has changed. It requeues all teams when a pool is created or deleted or changes
// its DeviceClass, because every quota names the resources of all pools.
func (r *Reconciler) poolEvents() handler.EventHandler {
	requeueAll := func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		for _, req := range r.allTeams(ctx, nil) {
			queue.Add(req)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, _ event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			requeueAll(ctx, queue)
		},
		DeleteFunc: func(ctx context.Context, _ event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			requeueAll(ctx, queue)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			before, ok1 := e.ObjectOld.(*foundationv1alpha1.GPUPool)
			after, ok2 := e.ObjectNew.(*foundationv1alpha1.GPUPool)
			if !ok1 || !ok2 {
				return
			}
			if before.Spec.DeviceClassName != after.Spec.DeviceClassName {
				requeueAll(ctx, queue)
			}
			if before.Generation != after.Generation {
				r.requeueAwarded(ctx, after.Name, queue) // what was edited is put on their records
			}
			if !isDecided(after) {
				// The pool decides again, and its next status tells.
				return
			}
			for _, team := range teamsWithChangedGrant(before, after) {
				queue.Add(request(team))
			}
		},
	}
}

// requeueAwarded requeues the teams that have awards of a pool.
func (r *Reconciler) requeueAwarded(ctx context.Context, pool string, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.AwardPool: pool}, client.UnsafeDisableDeepCopy) {
		return
	}
	for _, req := range requestsOf(teams) {
		queue.Add(req)
	}
}

// teamsWithChangedGrant returns the teams whose grant, or the allocatable resources of the nodes that come with it, has
// changed.
func teamsWithChangedGrant(before, after *foundationv1alpha1.GPUPool) []string {
	shapeChanged := !equality.Semantic.DeepEqual(before.Status.NodeAllocatable, after.Status.NodeAllocatable)
	old := map[string]foundationv1alpha1.Grant{}
	for _, grant := range before.Status.Grants {
		old[grant.TeamName+"/"+grant.UID] = grant
	}
	var teams []string
	for _, grant := range after.Status.Grants {
		key := grant.TeamName + "/" + grant.UID
		if had, ok := old[key]; !ok || shapeChanged || !equality.Semantic.DeepEqual(had, grant) {
			teams = append(teams, grant.TeamName)
		}
		delete(old, key)
	}
	for _, gone := range old {
		teams = append(teams, gone.TeamName)
	}
	return append(teams, teamsWithChangedIncident(before, after)...)
}

// teamsWithChangedIncident returns the teams of whose nodes one broke, or was mended or replaced.
func teamsWithChangedIncident(before, after *foundationv1alpha1.GPUPool) []string {
	key := func(incident foundationv1alpha1.NodeIncident) string {
		return fmt.Sprint(incident.UID, incident.NodeName, incident.StartTime.Unix())
	}
	old := map[string]foundationv1alpha1.NodeIncident{}
	for _, incident := range before.Status.Incidents {
		old[key(incident)] = incident
	}
	var teams []string
	for _, incident := range after.Status.Incidents {
		if had, known := old[key(incident)]; !known || !equality.Semantic.DeepEqual(had, incident) {
			teams = append(teams, incident.TeamName)
		}
	}
	return teams
}

func requestsOf(teams foundationv1alpha1.FoundationTeamList) []reconcile.Request {
	requests := make([]reconcile.Request, 0, len(teams.Items))
	for _, team := range teams.Items {
		requests = append(requests, request(team.Name))
	}
	return requests
}

func request(team string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: team}}
}
