package team

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// Problem is an object that could not be applied or pruned as desired.
type Problem struct {
	// Namespace is where the object is; empty for cluster-scoped ones.
	Namespace string
	// Reason and Message are those of the condition that reports it.
	Reason, Message string
	// OwnObject is true if an object of the team itself could not be written. A deletion waits for it, but not for one that
	// belongs to somebody else or is terminating already.
	OwnObject bool
	// NeedsPerson is true if neither time nor the operator can mend it.
	NeedsPerson bool
}

// Outcome is the result of applying and pruning.
type Outcome struct {
	// Problems are grouped by the condition that reports them.
	Problems map[string][]Problem
	// errs are errors that may be gone when the write is tried again.
	errs []error
	// cacheStale is true if somebody else wrote a shared object first: it is tried again when the cache has caught up.
	cacheStale bool
	// delegated is what became of bindings that staff made.
	delegated []delegatedChange
	// takesAccess is true once access is about to be taken from somebody in this reconcile, oneOfMany if that is then one of many such
	// reconciles, and accessTaken once it is taken.
	takesAccess, oneOfMany, accessTaken bool
	// ended are the access objects that were deleted in this reconcile, or are being deleted and kept by nobody.
	ended map[objectKey]bool
	// restricted is what became of the namespaces that were restricted first, by name.
	restricted map[string]restriction
}

// restriction is what restricting a namespace has come to.
type restriction struct {
	// written is true if the namespace is there with its labels, isolated if its isolation is, too.
	written, isolated bool
	// quota is true if its quota could be lowered, or did not have to be; lowered is what it was lowered to.
	quota   bool
	lowered corev1.ResourceList
}

func newOutcome() *Outcome {
	return &Outcome{Problems: map[string][]Problem{}, ended: map[objectKey]bool{}, restricted: map[string]restriction{}}
}

// Err returns why the reconcile has to be tried again; nil if only a human or an event can help.
func (o *Outcome) Err() error { return errors.Join(o.errs...) }

// failed records the error of a write, if there is one, and reports whether there is. An object that is kept only while it
// exists, and does not, is no problem.
func (o *Outcome) failed(condition, namespace string, err error) bool {
	if err == nil {
		return false
	}
	if gone := (*apply.GoneError)(nil); errors.As(err, &gone) {
		return true // nothing is wrong with that, and nothing can be put into it
	}
	problem := Problem{Namespace: namespace, Reason: foundationv1alpha1.ReasonApplyFailed, Message: err.Error()}
	var conflict *apply.ConflictError
	var terminating *apply.TerminatingError
	switch {
	case errors.As(err, &conflict):
		problem.Reason, problem.NeedsPerson = foundationv1alpha1.ReasonNameConflict, true
		if conflict.SameName() && conflict.Difference == "" {
			problem.Reason = foundationv1alpha1.ReasonRecordMissing
			problem.Message = conflict.Object + " is of a team of this name, and no TeamRecord says of which: restore the record from the backup, " +
				"or annotate it " + foundationv1alpha1.AnnotationAdopt + "=" + conflict.Team + " to hand it over; it is left as it is"
		}
	case errors.As(err, &terminating):
		problem.Reason = foundationv1alpha1.ReasonTerminating
	case apierrors.IsInvalid(err):
		problem.Reason, problem.OwnObject, problem.NeedsPerson = foundationv1alpha1.ReasonRefused, true, true
	default:
		problem.OwnObject = true
		o.errs = append(o.errs, err)
	}
	o.Problems[condition] = append(o.Problems[condition], problem)
	return true
}

// withheld records that something new is not provisioned, and why.
func (o *Outcome) withheld(condition, namespace string, hold Hold) {
	o.Problems[condition] = append(o.Problems[condition], Problem{
		Namespace: namespace, Reason: hold.Reason, Message: namespace + ": " + hold.Message, NeedsPerson: hold.NeedsPerson,
	})
}

// held records that an object is being deleted and that finalizers of somebody else keep it. The watch tells when they are
// gone, so it is not asked for in between.
func (o *Outcome) held(condition, name string, obj metav1.Object) {
	o.Problems[condition] = append(o.Problems[condition], Problem{
		Namespace: obj.GetNamespace(), Reason: foundationv1alpha1.ReasonTerminating, OwnObject: true, NeedsPerson: true,
		Message: fmt.Sprintf("%s is being deleted and kept by finalizers: remove %s from it, or let their controller finish",
			name, text.AndMore(obj.GetFinalizers())),
	})
}

// has reports whether a condition has a problem in a namespace.
func (o *Outcome) has(condition, namespace string) bool {
	return slices.ContainsFunc(o.Problems[condition], func(p Problem) bool { return p.Namespace == namespace })
}

// problem returns a condition with the first problem's reason and message and the number of further ones; nil if it has
// none.
func (o *Outcome) problem(condition string) *metav1.Condition {
	problems := o.Problems[condition]
	if len(problems) == 0 {
		return nil
	}
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.Message
	}
	return new(conditions.False(condition, problems[0].Reason, text.AndMore(messages)))
}

// blocksDeletion returns the first problem that a deletion waits for, of access, namespaces and quotas in this order; nil
// if there is none.
func (o *Outcome) blocksDeletion() *Problem {
	for _, condition := range []string{
		foundationv1alpha1.ConditionAccessReady, foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ConditionQuotaReady,
	} {
		problems := o.Problems[condition]
		if i := slices.IndexFunc(problems, func(p Problem) bool { return p.OwnObject }); i >= 0 {
			return &problems[i]
		}
	}
	return nil
}
