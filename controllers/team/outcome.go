package team

import (
	"errors"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/text"
)

// Problem is something that could not be made as desired.
type Problem struct {
	// Namespace is the namespace it is about; empty if it is about none.
	Namespace string
	// Reason and Message are those of the condition that tells of it.
	Reason, Message string
	// OwnObject is true if an object of the team's could not be written. A deletion waits for it, but not for an object that
	// is somebody else's or being deleted already.
	OwnObject bool
}

// Outcome is what became of the desired objects.
type Outcome struct {
	// Problems are by the condition that tells of them.
	Problems map[string][]Problem
	// errs are the errors that trying again may mend.
	errs []error
	// cacheBehind is true if somebody else wrote a shared object first: it is tried again when the cache has that.
	cacheBehind bool
	// endedBindings are the bindings made by staff that were deleted.
	endedBindings []*rbacv1.RoleBinding
}

// Err is what makes the reconcile try again; nil if only a human or an event can help.
func (o *Outcome) Err() error { return errors.Join(o.errs...) }

// failed records the error of a write, if there was one, and reports whether there was.
func (o *Outcome) failed(condition, namespace string, err error) bool {
	if err == nil {
		return false
	}
	problem := Problem{Namespace: namespace, Reason: foundationv1alpha1.ReasonApplyFailed, Message: err.Error()}
	var conflict *apply.ConflictError
	var terminating *apply.TerminatingError
	switch {
	case errors.As(err, &conflict):
		problem.Reason = foundationv1alpha1.ReasonNameConflict
	case errors.As(err, &terminating):
		problem.Reason = foundationv1alpha1.ReasonTerminating
	case apierrors.IsInvalid(err):
		problem.Reason, problem.OwnObject = foundationv1alpha1.ReasonRefused, true
	default:
		problem.OwnObject = true
		o.errs = append(o.errs, err)
	}
	o.Problems[condition] = append(o.Problems[condition], problem)
	return true
}

// awaitGuards records that something new has to wait for the guards.
func (o *Outcome) awaitGuards(condition, namespace string, guards guards.Result) {
	o.Problems[condition] = append(o.Problems[condition], Problem{Namespace: namespace, Reason: guards.Reason, Message: namespace + ": " + guards.Message})
}

// has reports whether a condition has a problem in a namespace.
func (o *Outcome) has(condition, namespace string) bool {
	return slices.ContainsFunc(o.Problems[condition], func(p Problem) bool { return p.Namespace == namespace })
}

// problem is a condition that tells of its first problem and counts the others; nil if it has none.
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

// blocksDeletion is the first problem that a deletion waits for: access, locks and quotas of the team's come first; nil if
// there is none.
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
