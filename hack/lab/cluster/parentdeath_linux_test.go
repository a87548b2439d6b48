package cluster

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/wait"
)

// A test that is killed must not leave its cluster behind.
func TestProcessesDieWithTheirStarter(t *testing.T) {
	starter := exec.Command(os.Args[0], t.TempDir())
	starter.Env = append(os.Environ(), actAsEnv+"="+actAsStarter)
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := identityOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait()
	err = wait.PollUntilContextTimeout(t.Context(), processPoll, killGrace, true, func(context.Context) (bool, error) {
		return !isRunning(pid, identity), nil
	})
	if err != nil {
		t.Errorf("process %d is still there %s after its starter was killed", pid, killGrace)
	}
}
