// Package apply is the only code that writes to the API server: the objects that the operator makes, the nodes that
// its pools manage, and status.
//
// Objects are written by server-side apply with one field manager, and only when the fields that the operator owns on
// the live object differ from the desired ones. So a converged cluster costs neither reads from the API server nor
// writes, even right after a restart.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/metrics"
)

// Owner is the team that an object belongs to.
type Owner struct {
	Team string
	UID  types.UID
	// Former are UIDs that the team had before its manifest was removed and applied again.
	Former []string
	// Earlier is, by UID, what tells earlier teams of the name from this one. Messages name it.
	Earlier map[string]string
}

// OwnerOf returns a team as an owner. former are UIDs that it had before its manifest was removed and applied again.
func OwnerOf(team *foundationv1alpha1.FoundationTeam, former []string) Owner {
	return Owner{Team: team.Name, UID: team.UID, Former: former}
}

// Owns reports whether an object belongs to the owner: both the team's name and its UID, current or former, match.
func (o Owner) Owns(obj metav1.Object) bool { return o.matchesTeam(obj) && o.matchesUID(obj) }

func (o Owner) matchesUID(obj metav1.Object) bool {
	uid := obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]
	return uid == string(o.UID) || slices.Contains(o.Former, uid)
}

// CanAdopt reports whether the owner may take over an object: it owns it; it did until somebody removed the label; an
// admin consented by annotation; or the object is namespaced and labelled with this team's name, which is safe
// because the namespace itself had to be owned or adopted first.
func (o Owner) CanAdopt(obj metav1.Object) bool {
	_, labelled := obj.GetLabels()[foundationv1alpha1.LabelTeam]
	return o.Owns(obj) ||
		!labelled && o.matchesUID(obj) ||
		obj.GetAnnotations()[foundationv1alpha1.AnnotationAdopt] == o.Team ||
		obj.GetNamespace() != "" && o.matchesTeam(obj)
}

func (o Owner) matchesTeam(obj metav1.Object) bool {
	return obj.GetLabels()[foundationv1alpha1.LabelTeam] == o.Team
}

// Applier writes objects to the API server. It is safe for concurrent use.
type Applier struct {
	client client.Client
	live   client.Reader

	mu sync.Mutex
	// written has, by object, the resourceVersion of the operator's last write until the cache shows it.
	written map[string]string
	// made has, by object, the namespaces that the operator has just made, until the cache shows them.
	made map[string]bool
}

// New returns an Applier that reads from the client's cache and, where the cache may be filtered or stale, with live
// from the API server.
func New(c client.Client, live client.Reader) *Applier {
	return &Applier{client: c, live: live, written: map[string]string{}, made: map[string]bool{}}
}

// Apply sets the desired fields on the live object, and sends nothing if it has them already. It returns a
// *ConflictError if the object belongs to somebody else, a *TerminatingError if it is being deleted, or the API
// server's error.
func (a *Applier) Apply(ctx context.Context, owner Owner, desired Object) error {
	sent, err := a.applyTo(ctx, owner, desired)
	if isGone(err) {
		sent, err = true, a.make(ctx, owner, desired)
	}
	count(desired, sent, err)
	return err
}

// ApplyExisting is Apply for an object that is kept and never made anew: it returns a *GoneError if somebody deleted it.
func (a *Applier) ApplyExisting(ctx context.Context, owner Owner, desired Object) error {
	sent, err := a.applyTo(ctx, owner, desired)
	// The UID that is sent is not that of the object any more, or there is none.
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		err = &GoneError{Object: NameOf(desired)}
	}
	count(desired, sent, err)
	return err
}

func isGone(err error) bool {
	gone := (*GoneError)(nil)
	return errors.As(err, &gone)
}

// count counts what became of an object: see metrics.Applies.
func count(desired Object, sent bool, err error) {
	result := metrics.Failed
	conflict := (*ConflictError)(nil)
	switch {
	case err == nil && sent:
		result = metrics.Sent
	case err == nil, isGone(err):
		result = metrics.Skipped
	case errors.As(err, &conflict):
		result = metrics.Conflict
	}
	metrics.Applies.WithLabelValues(ptr.Deref(desired.GetKind(), ""), result).Inc()
}

// applyTo sets the desired fields on an object that exists, and reports whether it had to.
func (a *Applier) applyTo(ctx context.Context, owner Owner, desired Object) (sent bool, err error) {
	k, ok := kindNamed(ptr.Deref(desired.GetKind(), ""))
	if !ok {
		return false, fmt.Errorf("apply %s: the kind is not one that the operator applies", NameOf(desired))
	}
	live, err := a.observe(ctx, k, desired)
	if apierrors.IsNotFound(err) {
		return false, &GoneError{Object: NameOf(desired)}
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", NameOf(desired), err)
	}
	if !owner.CanAdopt(live) {
		return false, &ConflictError{Object: NameOf(desired), Owner: live.GetLabels()[foundationv1alpha1.LabelTeam], Team: owner.Team, Difference: owner.Earlier[live.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]]}
	}
	if !live.GetDeletionTimestamp().IsZero() {
		return false, &TerminatingError{Object: NameOf(desired)}
	}
	if err := a.consumeConsent(ctx, owner, live); err != nil {
		return false, err
	}
	has, err := k.digest(live)
	if err != nil {
		return false, fmt.Errorf("extract the owned fields of %s: %w", NameOf(desired), err)
	}
	wanted, err := digestOf(desired)
	if err != nil || has == wanted {
		return false, err
	}
	_, err = a.send(ctx, desired, live.GetUID(), true)
	return true, err
}

// consumeConsent removes the adopt annotation once the owner owns the object: the admin consented to this team, not
// to a later one of the same name.
func (a *Applier) consumeConsent(ctx context.Context, owner Owner, live client.Object) error {
	if live.GetAnnotations()[foundationv1alpha1.AnnotationAdopt] != owner.Team || !owner.Owns(live) {
		return nil
	}
	before, ok := live.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("copy %T: not an object", live)
	}
	annotations := maps.Clone(live.GetAnnotations())
	delete(annotations, foundationv1alpha1.AnnotationAdopt)
	live.SetAnnotations(annotations)
	return a.Patch(ctx, before, live)
}

// observe reads the object from the cache. If it is missing there, or older than the operator's last write, it is read from the
// API server: the cache has only labelled objects of most kinds and may be stale, so it does not prove absence. Two cases need no
// look, which would be one for each object of a new team: a kind of which all objects are cached, and a namespace that the
// operator has made a moment ago. If somebody was quicker than the watch, make notices.
func (a *Applier) observe(ctx context.Context, k Kind, desired Object) (client.Object, error) {
	key := client.ObjectKey{Namespace: ptr.Deref(desired.GetNamespace(), ""), Name: ptr.Deref(desired.GetName(), "")}
	live := k.New()
	err := a.client.Get(ctx, key, live)
	if err == nil && !a.Stale(NameOf(desired), live) {
		return live, nil
	}
	if err != nil && (!apierrors.IsNotFound(err) || a.isAbsent(k, desired)) {
		return nil, err
	}
	return a.look(ctx, k, key)
}

// look reads an object from the API server. Where names are free unless they are cached, that is so seldom needed that the operator
// has no right for it: it may list.
func (a *Applier) look(ctx context.Context, k Kind, key client.ObjectKey) (client.Object, error) {
	if k.AllCached && k.Name != namespaceKind {
		return a.lookInList(ctx, k, key.Name)
	}
	live := k.New()
	if err := a.live.Get(ctx, key, live); err != nil {
		return nil, err
	}
	return live, nil
}

func (a *Applier) recordWrite(name, version string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written[name] = version
}

// hasWritten reports whether the operator wrote an object that the cache has not shown since.
func (a *Applier) hasWritten(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.written[name]
	return ok
}

// Stale reports whether a cached object, by kind and name, is older than our last write of it.
func (a *Applier) Stale(name string, cached client.Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	written, ok := a.written[name]
	if !ok {
		return false
	}
	if order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), written); err == nil && order < 0 {
		return true
	}
	delete(a.written, name)
	delete(a.made, name)
	return false
}

// Delete deletes an object of the owner at the version that was seen. An object that is gone or being deleted is no
// error.
func (a *Applier) Delete(ctx context.Context, owner Owner, seen client.Object) error {
	if !owner.Owns(seen) && (seen.GetNamespace() == "" || !owner.CanAdopt(seen)) {
		return &ConflictError{Object: LiveName(seen), Owner: seen.GetLabels()[foundationv1alpha1.LabelTeam], Team: owner.Team}
	}
	if !seen.GetDeletionTimestamp().IsZero() {
		return nil
	}
	exactly := client.Preconditions{UID: new(seen.GetUID()), ResourceVersion: new(seen.GetResourceVersion())}
	if err := a.client.Delete(ctx, seen, exactly); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}

// Patch sends the difference between two versions of an object that others write too, such as a node's labels and
// taints, or a finalizer. It fails with a conflict if the object has changed since before.
func (a *Applier) Patch(ctx context.Context, before, after client.Object) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	if err := a.sendPatch(before, after, func(obj client.Object, patch client.Patch) error {
		return a.client.Patch(ctx, obj, patch, client.FieldOwner(foundationv1alpha1.FieldManager))
	}); err != nil {
		return fmt.Errorf("patch %s: %w", before.GetName(), err)
	}
	return nil
}

// PatchTracked is Patch for an object of which SavedStale shall tell whether the cache shows it older than that.
func (a *Applier) PatchTracked(ctx context.Context, before, after client.Object) error {
	if err := a.Patch(ctx, before, after); err != nil {
		return err
	}
	a.recordWrite(savedName(after), after.GetResourceVersion())
	return nil
}

// Save writes an object that only the operator writes: it creates it if before is nil, else it sends the difference
// as Patch does. If the operator has created the object and the cache does not show it yet, that is a conflict.
func (a *Applier) Save(ctx context.Context, before, after client.Object) error {
	var err error
	switch {
	case reflect.ValueOf(before).IsNil():
		err = a.client.Create(ctx, after, client.FieldOwner(foundationv1alpha1.FieldManager))
		if apierrors.IsAlreadyExists(err) && a.hasWritten(savedName(after)) {
			err = apierrors.NewConflict(schema.GroupResource{}, after.GetName(), err)
		}
	case len(Unreadable(before)) > 0, equality.Semantic.DeepEqual(before, after):
		return nil // a list is written whole: what of it was not read would be lost
	default:
		err = a.Patch(ctx, before, after)
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", after.GetName(), err)
	}
	a.recordWrite(savedName(after), after.GetResourceVersion())
	return nil
}

// SavedStale reports whether a cached object is older than what Save or PatchTracked wrote last.
func (a *Applier) SavedStale(cached client.Object) bool { return a.Stale(savedName(cached), cached) }

func savedName(obj client.Object) string { return fmt.Sprintf("%T %s", obj, obj.GetName()) }

func mergeFromWithLock(before client.Object) client.Patch {
	return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
}

// NameOf returns the kind, namespace and name of an object, for messages.
func NameOf(obj Object) string {
	return objectName(ptr.Deref(obj.GetKind(), ""), ptr.Deref(obj.GetNamespace(), ""), ptr.Deref(obj.GetName(), ""))
}

// LiveName is NameOf for an object that was read: its Go type is called as its kind, which it does not carry itself.
func LiveName(obj client.Object) string {
	return objectName(reflect.TypeOf(obj).Elem().Name(), obj.GetNamespace(), obj.GetName())
}

func objectName(kind, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	return kind + " " + name
}
