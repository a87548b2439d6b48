package dsl

import (
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Person is a user with kubectl and rights of their own.
type Person struct {
	story      *Story
	kubeconfig string
}

// As returns a person with a certificate of this name.
func (s *Story) As(user string, groups ...string) Person {
	s.Helper()
	kubeconfig, err := s.Lab.KubeconfigFor(user, groups...)
	s.Expect(err).NotTo(HaveOccurred())
	return Person{story: s, kubeconfig: kubeconfig}
}

// Admin returns an admin of the cluster.
func (s *Story) Admin() Person { return Person{story: s, kubeconfig: s.Lab.Kubeconfig()} }

// Kubectl runs kubectl as an admin, expects success, and returns what kubectl prints.
func (s *Story) Kubectl(args ...string) string {
	s.Helper()
	output, err := s.Admin().Kubectl(args...)
	s.Expect(err).NotTo(HaveOccurred(), "kubectl %q", args)
	return output
}

// Delete confirms the deletion of a FoundationTeam, GPUPool or FoundationProgram and deletes it, as an admin does who means
// it. options are kubectl's.
func (s *Story) Delete(kind, name string, options ...string) {
	s.Helper()
	s.Kubectl("annotate", kind, name, "--overwrite", foundationv1alpha1.AnnotationConfirmDeletion+"="+name)
	s.Kubectl(append([]string{"delete", kind, name}, options...)...)
}

// DeletePod deletes a pod without its grace, as when its work has ended.
func (s *Story) DeletePod(namespace, name string) {
	s.Helper()
	s.Kubectl("delete", "pod", name, "-n", namespace, "--force", "--grace-period=0")
}

// Kubectl runs kubectl and returns what it prints. An error has its complaint.
func (p Person) Kubectl(args ...string) (string, error) {
	return p.story.Lab.KubectlAs(p.story.ctx(), p.kubeconfig, args...)
}

// Pipe is Kubectl with manifests as its standard input, the file "-".
func (p Person) Pipe(manifests string, args ...string) (string, error) {
	cmd := p.story.Lab.KubectlCommand(p.story.ctx(), p.kubeconfig, args...)
	cmd.Stdin = strings.NewReader(manifests)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

// Apply runs kubectl apply.
func (p Person) Apply(manifests string) error {
	_, err := p.Pipe(manifests, "apply", "-f", "-")
	return err
}

// Create runs kubectl create.
func (p Person) Create(manifests string) error {
	_, err := p.Pipe(manifests, "create", "-f", "-")
	return err
}

// ExpectRefused runs kubectl and expects the API server's refusal, for a reason.
func (p Person) ExpectRefused(reason string, args ...string) {
	p.story.Helper()
	output, err := p.Kubectl(args...)
	p.story.Expect(err).To(HaveOccurred(), "kubectl %q was not refused", args)
	p.story.Expect(output + err.Error()).To(ContainSubstring(reason))
}
