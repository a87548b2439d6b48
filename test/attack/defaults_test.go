package attack

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// tutorial is a manifest as tutorials have it.
const tutorial = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: prepare, image: "busybox:1.36", command: [sh, -c, "echo hello"]}
      - {name: logs, image: "busybox:1.36", restartPolicy: Always}
      containers:
      - {name: web, image: "nginx:1.27", ports: [{containerPort: 8080}]}
      - {name: metrics, image: exporter}
`

// tutorialPod is one of the Deployment's, as its controller makes them.
func tutorialPod(namespace string, with ...podOption) *corev1.Pod {
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(tutorial), &deployment); err != nil {
		panic(err)
	}
	template := deployment.Spec.Template
	template.Name, template.Namespace = "web", namespace
	p := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	both(with...)(p)
	return p
}

func TestOrdinaryManifestsWork(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	c, err := replicaSets.client()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	p := tutorialPod(train)
	g.Expect(c.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
	g.Expect(p.Spec.SecurityContext).To(gomega.Equal(&corev1.PodSecurityContext{
		RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}))
	containers := slices.Concat(p.Spec.Containers, p.Spec.InitContainers)
	g.Expect(containers).To(gomega.HaveLen(4))
	for _, c := range containers {
		g.Expect(c.SecurityContext).To(gomega.Equal(container("").SecurityContext), c.Name)
		g.Expect(c.ImagePullPolicy).To(gomega.Equal(corev1.PullAlways), c.Name)
	}
	g.Expect(p.Spec.Containers[0].Image).To(gomega.Equal("nginx:1.27"))

	elsewhere := tutorialPod(plain)
	g.Expect(c.Create(t.Context(), elsewhere, client.DryRunAll)).To(gomega.MatchError(gomega.ContainSubstring(`violates PodSecurity "restricted`)))
}

func TestWhatAPodSaysIsLeftAlone(t *testing.T) {
	t.Parallel()
	first := func(change func(*corev1.Container)) podOption {
		return func(p *corev1.Pod) { change(&p.Spec.Containers[0]) }
	}
	for name, test := range map[string]struct {
		says podOption
	}{
		"everything": {says: func(p *corev1.Pod) {
			p.Spec.SecurityContext = pod(train).Spec.SecurityContext
			p.Spec.SecurityContext.RunAsUser, p.Spec.SecurityContext.FSGroup = new(int64(1000)), new(int64(2000))
		}},
		"users and groups": {says: func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: new(int64(1000)), FSGroup: new(int64(2000))}
		}},
		"a seccomp profile": {says: func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{SeccompProfile: &corev1.SeccompProfile{
				Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: new("strict.json"),
			}}
		}},
		"a container's own profile and user": {says: first(func(c *corev1.Container) {
			c.SecurityContext = &corev1.SecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(7)), ReadOnlyRootFilesystem: new(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			}
		})},
		"capabilities": {says: first(func(c *corev1.Container) {
			c.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{
				Add: []corev1.Capability{"NET_BIND_SERVICE"}, Drop: []corev1.Capability{"ALL", "CHOWN"},
			}}
		})},
		"capabilities to add": {says: first(func(c *corev1.Container) {
			c.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"NET_BIND_SERVICE"}}}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			said := tutorialPod(train, test.says)
			admitted := clone(said)
			g.Expect(masters.Create(t.Context(), admitted, client.DryRunAll)).To(gomega.Succeed())

			want := clone(said)
			completePod(&want.Spec)
			g.Expect(admitted.Spec.SecurityContext).To(gomega.Equal(want.Spec.SecurityContext))
			g.Expect(admitted.Spec.Containers[0].SecurityContext).To(gomega.Equal(want.Spec.Containers[0].SecurityContext))
		})
	}
}

// completePod sets what is not said, in Go.
func completePod(spec *corev1.PodSpec) {
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	if spec.SecurityContext.RunAsNonRoot == nil {
		spec.SecurityContext.RunAsNonRoot = new(true)
	}
	if spec.SecurityContext.SeccompProfile == nil {
		spec.SecurityContext.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	c := &spec.Containers[0]
	if c.SecurityContext == nil {
		c.SecurityContext = &corev1.SecurityContext{}
	}
	if c.SecurityContext.AllowPrivilegeEscalation == nil {
		c.SecurityContext.AllowPrivilegeEscalation = new(false)
	}
	if c.SecurityContext.Capabilities == nil {
		c.SecurityContext.Capabilities = &corev1.Capabilities{}
	}
	if c.SecurityContext.Capabilities.Drop == nil {
		c.SecurityContext.Capabilities.Drop = []corev1.Capability{"ALL"}
	}
}

// What the restricted level forbids on Windows is not set there.
func TestWindowsPodsAreAdmitted(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	p := tutorialPod(train)
	p.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
	g.Expect(masters.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
	g.Expect(p.Spec.SecurityContext).To(gomega.Equal(&corev1.PodSecurityContext{RunAsNonRoot: new(true)}))
	g.Expect(p.Spec.Containers[1].SecurityContext).To(gomega.BeNil())
	g.Expect(p.Spec.Containers[0].ImagePullPolicy).To(gomega.Equal(corev1.PullAlways))
}

func TestImagesOfVolumesArePulled(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	p := pod(train, mounts(corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}), mounts(corev1.VolumeSource{
		Image: &corev1.ImageVolumeSource{Reference: "registry.example/weights:1", PullPolicy: corev1.PullNever},
	}))
	p.Spec.Volumes[1].Name = "weights"
	g.Expect(masters.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
	g.Expect(p.Spec.Volumes[1].Image.PullPolicy).To(gomega.Equal(corev1.PullAlways))
}

func TestServiceAccountsMountNoTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		namespace  string
		says, want *bool
	}{
		"nothing said":            {namespace: train, want: new(false)},
		"yes":                     {namespace: train, says: new(true), want: new(true)},
		"no":                      {namespace: train, says: new(false), want: new(false)},
		"nothing said, elsewhere": {namespace: plain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			c, err := accounts.client()
			g.Expect(err).NotTo(gomega.HaveOccurred())
			account := serviceAccountIn(test.namespace)
			account.AutomountServiceAccountToken = test.says
			g.Expect(c.Create(t.Context(), account, client.DryRunAll)).To(gomega.Succeed())
			g.Expect(account.AutomountServiceAccountToken).To(gomega.Equal(test.want))
		})
	}
}

func serviceAccountIn(namespace string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "fresh"}}
}

// cached has its image from the node, if it is there.
func cached(p *corev1.Pod) {
	p.Spec.Containers[0].Image, p.Spec.Containers[0].ImagePullPolicy = "registry.example/work:1", corev1.PullNever
}

// admittedUnpulled succeeds if a pod is admitted that uses images which the node already has.
func admittedUnpulled(p *corev1.Pod) request {
	return func(ctx context.Context, c client.Client) error {
		admitted := clone(p)
		if err := c.Create(ctx, admitted, client.DryRunAll); err != nil {
			return err
		}
		if admitted.Spec.Containers[0].ImagePullPolicy == corev1.PullAlways {
			return errors.New("is pulled")
		}
		return nil
	}
}

// mountsToken succeeds if an account is made whose pods have its token unless they say no.
func mountsToken(account *corev1.ServiceAccount) request {
	return func(ctx context.Context, c client.Client) error {
		admitted := clone(account)
		if err := c.Create(ctx, admitted, client.DryRunAll); err != nil {
			return err
		}
		if mounts := admitted.AutomountServiceAccountToken; mounts != nil && !*mounts {
			return errors.New("mounts no token")
		}
		return nil
	}
}
