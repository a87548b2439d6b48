package programme

import (
	"context"
	"errors"
	"slices"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

// cleanUp stops a story's operator and deletes what the story left, so that the next story's operator finds nothing.
func (s *story) cleanUp() {
	s.Helper()
	s.stop()
	if scale {
		return // no other story follows
	}
	ofTeams := client.HasLabels{foundationv1alpha1.LabelTeam}
	for _, kind := range kinds {
		s.deleteAll(kind)
	}
	for _, kind := range []client.ObjectList{
		&foundationv1alpha1.TeamRecordList{}, &rbacv1.ClusterRoleBindingList{}, &rbacv1.ClusterRoleList{}, &corev1.NamespaceList{},
		&corev1.PersistentVolumeList{}, &flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	} {
		s.deleteAll(kind, ofTeams)
	}
	s.deleteAll(&corev1.NodeList{}, client.HasLabels{manifest.PoolLabel})
}

// deleteAll deletes the objects of a kind, confirmed, and removes the finalizers that wait for the operator.
func (s *story) deleteAll(kind client.ObjectList, of ...client.ListOption) {
	s.Helper()
	ctx := context.WithoutCancel(s.Context())
	objects, err := support.List(ctx, s.Client, kind, of...)
	s.Expect(err).NotTo(HaveOccurred())
	errs := make([]error, len(objects))
	workqueue.ParallelizeUntil(ctx, 8, len(objects), func(i int) {
		obj := objects[i]
		if slices.Contains(obj.GetFinalizers(), foundationv1alpha1.Finalizer) {
			before, _ := obj.DeepCopyObject().(client.Object)
			obj.SetFinalizers(nil)
			obj.SetAnnotations(map[string]string{foundationv1alpha1.AnnotationConfirmDeletion: obj.GetName()})
			if errs[i] = client.IgnoreNotFound(s.Client.Patch(ctx, obj, client.MergeFrom(before))); errs[i] != nil {
				return
			}
		}
		errs[i] = client.IgnoreNotFound(s.Client.Delete(ctx, obj))
	})
	s.Expect(errors.Join(errs...)).To(Succeed())
}
