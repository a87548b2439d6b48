package support

import (
	"strings"
	"testing"
)

func TestStartWithoutBinaries(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())
	env, err := Start()
	if err == nil {
		t.Fatalf("started without binaries: %v", env.Stop())
	}
	if !strings.Contains(err.Error(), "etcd") || !strings.Contains(err.Error(), "run make lab-build") {
		t.Errorf("the error neither names the binary nor says what to do: %v", err)
	}
}
