package node

import (
	"testing"

	"foundation.team/operator/hack/lab/cluster"
)

const deployment = "deployment/foundation-operator"

// operator runs kubectl in the operator's namespace.
func operator(t *testing.T, args ...string) string {
	t.Helper()
	return kubectl(t, append([]string{"--namespace", cluster.OperatorNamespace}, args...)...)
}

// stopOperator ends the operator until startOperator or the end of the test.
func stopOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { startOperator(t) })
	operator(t, "scale", deployment, "--replicas=0")
	operator(t, "wait", "--for=delete", "pod", "--selector=app.kubernetes.io/name=foundation-operator", "--timeout", within.String())
}

// startOperator starts the operator as it was installed.
func startOperator(t *testing.T) {
	t.Helper()
	operator(t, "scale", deployment, "--replicas=2")
	operator(t, "rollout", "status", deployment, "--timeout", within.String())
}
