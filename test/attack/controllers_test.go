package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	working = "hanbit-work"  // where the team's workloads really run
	flooded = "hanbit-flood" // where an engineer creates too much
	// runsWithin is how long controllers, the scheduler and kwok may take together.
	runsWithin = time.Minute
	// labClass is a StorageClass of the lab, which makes volumes for claims.
	labClass = "fast"
)

// teamNodes are nodes of the lab that the team holds.
var teamNodes = []string{"b200-000", "b200-001"}

// reallyDoes sends requests that persist; all others are dry runs.
func (a actor) reallyDoes(ctx context.Context, do func(ctx context.Context, c client.Client) error) error {
	return a.does(ctx, do)
}

func makes(o client.Object) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error { return c.Create(ctx, o) }
}

func ends(o client.Object, options ...client.DeleteOption) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error { return c.Delete(ctx, o, options...) }
}

// template is a template of pods that ask for GPUs.
func template(namespace, app, gpus string) corev1.PodTemplateSpec {
	p := pod(namespace, asksFor(gpu, gpus))
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}}, Spec: p.Spec}
}

func selecting(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}

// holdNodes assigns nodes to the team as the operator would.
func holdNodes(ctx context.Context) error {
	for _, name := range teamNodes {
		like := node(name, team)
		body := fmt.Sprintf(`{"metadata":{"labels":{%q:%q,%q:%q,"foundation.team/pool":"b200"}},"spec":{"taints":[{"key":%q,"value":%q,"effect":"NoSchedule"}]}}`,
			teamKey, team, nodeTeam, team, foundationv1alpha1.TaintTeam, team)
		if err := operator.reallyDoes(ctx, func(ctx context.Context, c client.Client) error {
			return c.Patch(ctx, like, client.RawPatch(types.MergePatchType, []byte(body)))
		}); err != nil {
			return err
		}
	}
	return nil
}

// eventually waits for what controllers do.
func eventually(t *testing.T, check func(ctx context.Context) error) {
	t.Helper()
	var err error
	gomega.NewWithT(t).Eventually(func() error {
		err = check(t.Context())
		return err
	}).WithTimeout(runsWithin).WithPolling(pollInterval).Should(gomega.Succeed())
}

// runningPods fails unless so many pods of an app run, all on the team's nodes.
func runningPods(ctx context.Context, namespace, app string, want int) error {
	var pods corev1.PodList
	if err := masters.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{"app": app}); err != nil {
		return err
	}
	ran := 0
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.Status.Phase != corev1.PodRunning && p.Status.Phase != corev1.PodSucceeded {
			continue
		}
		if p.Spec.NodeName != teamNodes[0] && p.Spec.NodeName != teamNodes[1] {
			return fmt.Errorf("pod %s runs on %s", p.Name, p.Spec.NodeName)
		}
		ran++
	}
	if ran != want {
		return fmt.Errorf("%d of %d pods run, of %d", ran, want, len(pods.Items))
	}
	return nil
}

// TestControllersWorkUnderTheGuards checks that the guards refuse nothing to real controllers, the scheduler and kwok while
// they run what staff created.
func TestControllersWorkUnderTheGuards(t *testing.T) {
	if !wholeControlPlane {
		t.Skip("takes a whole control plane: make test-attack")
	}
	t.Parallel()
	gomega.NewWithT(t).Expect(holdNodes(t.Context())).To(gomega.Succeed())
	t.Run("all of it", func(t *testing.T) {
		for name, run := range map[string]func(*testing.T){
			"a Job runs and ends": runsJob, "a Deployment runs, and is collected": runsDeployment, "a StatefulSet gets its PersistentVolumeClaims": runsStatefulSet,
			"a PersistentVolumeClaim is bound": bindsClaim, "an admin deletes a namespace": deletesNamespace, "GitOps keeps teams": keepsTeams,
			"GitOps keeps others' workloads": keepsWorkloads, "a kubelet mirrors its pods": mirrorsPods,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				t.Cleanup(func() { tallied.count(faults, !t.Failed()) })
				run(t)
			})
		}
	})
	g := gomega.NewWithT(t)
	g.Expect(refusedControllers(t.Context())).To(gomega.BeEmpty(), "a guard refused a controller")

	// This Job's pods are refused, to show that refusedControllers would have found a refusal.
	stray := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: working, Name: "stray"}, Spec: batchv1.JobSpec{Template: template(working, "stray", "1")}}
	stray.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	stray.Spec.Template.Spec.Tolerations = []corev1.Toleration{anyOf("")}
	g.Expect(engineer.reallyDoes(t.Context(), makes(stray))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		refused, err := refusedControllers(ctx)
		if err == nil && len(refused) == 0 {
			err = errors.New("nothing was refused")
		}
		return err
	})
}

// refusedControllers returns the refusals by the operator's policies that events and the controllers' logs tell of.
func refusedControllers(ctx context.Context) ([]string, error) {
	const sign = "AdmissionPolicy 'foundation-"
	var events corev1.EventList
	if err := masters.List(ctx, &events); err != nil {
		return nil, err
	}
	var all []string
	for i := range events.Items {
		if strings.Contains(events.Items[i].Message, sign) {
			all = append(all, events.Items[i].Message)
		}
	}
	for _, path := range controlPlane.logs {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.SplitSeq(string(content), "\n") {
			if strings.Contains(line, sign) {
				all = append(all, line)
			}
		}
	}
	return all, nil
}

func runsJob(t *testing.T) {
	t.Helper()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: working, Name: "job"}, Spec: batchv1.JobSpec{Template: template(working, "job", "1")}}
	job.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	gomega.NewWithT(t).Expect(engineer.reallyDoes(t.Context(), makes(job))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		live := &batchv1.Job{}
		if err := masters.Get(ctx, client.ObjectKeyFromObject(job), live); err != nil {
			return err
		}
		if live.Status.Succeeded != 1 {
			return fmt.Errorf("the Job did not succeed: %+v", live.Status)
		}
		return runningPods(ctx, working, "job", 1)
	})
}

func runsDeployment(t *testing.T) {
	t.Helper()
	g := gomega.NewWithT(t)
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: working, Name: "serve"},
		Spec:       appsv1.DeploymentSpec{Replicas: new(int32(2)), Selector: selecting("serve"), Template: template(working, "serve", "2")},
	}
	g.Expect(engineer.reallyDoes(t.Context(), makes(d))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error { return runningPods(ctx, working, "serve", 2) })
	g.Expect(engineer.reallyDoes(t.Context(), ends(d, client.PropagationPolicy(metav1.DeletePropagationBackground)))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		var sets appsv1.ReplicaSetList
		if err := masters.List(ctx, &sets, client.InNamespace(working), client.MatchingLabels{"app": "serve"}); err != nil {
			return err
		}
		var pods corev1.PodList
		if err := masters.List(ctx, &pods, client.InNamespace(working), client.MatchingLabels{"app": "serve"}); err != nil {
			return err
		}
		if left := len(sets.Items) + len(pods.Items); left > 0 {
			return fmt.Errorf("%d objects are left", left)
		}
		return nil
	})
}

func runsStatefulSet(t *testing.T) {
	t.Helper()
	data := claim(working, "data", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.StorageClassName = new(labClass)
		c.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("1Gi")
	})
	s := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: working, Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			Selector: selecting("db"), Template: template(working, "db", "1"), VolumeClaimTemplates: []corev1.PersistentVolumeClaim{*data},
		},
	}
	gomega.NewWithT(t).Expect(engineer.reallyDoes(t.Context(), makes(s))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		if err := isBound(ctx, working, "data-db-0"); err != nil {
			return err
		}
		return runningPods(ctx, working, "db", 1)
	})
}

func isBound(ctx context.Context, namespace, name string) error {
	live := &corev1.PersistentVolumeClaim{}
	if err := masters.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, live); err != nil {
		return err
	}
	if live.Status.Phase != corev1.ClaimBound || live.Spec.VolumeName == "" {
		return fmt.Errorf("claim %s is %s", name, live.Status.Phase)
	}
	return nil
}

func bindsClaim(t *testing.T) {
	t.Helper()
	c := claim(working, "corpus", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.StorageClassName = new(labClass)
		c.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("1Gi")
	})
	gomega.NewWithT(t).Expect(steward.reallyDoes(t.Context(), makes(c))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error { return isBound(ctx, working, "corpus") })
}

func deletesNamespace(t *testing.T) {
	t.Helper()
	g := gomega.NewWithT(t)
	gone := namespace("hanbit-gone", map[string]string{teamKey: team})
	quota, binding := clone(ownQuota), roleBinding(gone.Name, "viewer", viewer)
	quota.ObjectMeta = owned(gone.Name, "foundation")
	for _, o := range []client.Object{gone, quota, binding, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: gone.Name, Name: "x"}}} {
		g.Expect(admin.reallyDoes(t.Context(), makes(o))).To(gomega.Succeed())
	}
	g.Expect(ops.reallyDoes(t.Context(), ends(gone))).To(gomega.MatchError(gomega.ContainSubstring("holds data of team hanbit")))
	g.Expect(admin.reallyDoes(t.Context(), ends(gone))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		if err := masters.Get(ctx, client.ObjectKeyFromObject(gone), clone(gone)); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return nil
	})
}

func keepsTeams(t *testing.T) {
	t.Helper()
	kept := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: "naru"}, Spec: foundationv1alpha1.FoundationTeamSpec{DisplayName: "Naru"}}
	keepsObject(t, kept, `{"apiVersion":"foundation.team/v1alpha1","kind":"FoundationTeam","metadata":{"name":"naru"},"spec":{"displayName":"Naru 2"}}`)
}

func keepsWorkloads(t *testing.T) {
	t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: plain, Name: "web"},
		Spec:       appsv1.DeploymentSpec{Selector: selecting("web"), Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}, Spec: pod(plain).Spec}},
	}
	keepsObject(t, d, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"plain"},"spec":{"replicas":2}}`)
}

// keepsObject creates, changes and deletes an object as a GitOps tool does.
func keepsObject(t *testing.T, o client.Object, changed string) {
	t.Helper()
	g := gomega.NewWithT(t)
	g.Expect(ops.reallyDoes(t.Context(), makes(clone(o)))).To(gomega.Succeed())
	g.Expect(ops.reallyDoes(t.Context(), func(ctx context.Context, c client.Client) error {
		return c.Patch(ctx, clone(o), client.RawPatch(types.ApplyPatchType, []byte(changed)), client.FieldOwner("gitops"), client.ForceOwnership)
	})).To(gomega.Succeed())
	g.Expect(ops.reallyDoes(t.Context(), ends(clone(o)))).To(gomega.Succeed())
	eventually(t, func(ctx context.Context) error {
		if err := masters.Get(ctx, client.ObjectKeyFromObject(o), clone(o)); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return nil
	})
}

func mirrorsPods(t *testing.T) {
	t.Helper()
	for _, namespace := range []string{"kube-system", plain} {
		mirror := pod(namespace, named("static-"+teamNodes[0]), onNode(teamNodes[0]), tolerates(anyOf("")))
		mirror.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		gomega.NewWithT(t).Expect(kubeletOf(teamNodes[0]).reallyDoes(t.Context(), makes(mirror))).To(gomega.Succeed())
	}
}
