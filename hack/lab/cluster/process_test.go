package cluster

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestIdentityFromStat(t *testing.T) {
	rest := " 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 424242 1 1"
	tests := map[string]struct {
		stat, want string
		gone       bool
		wantErr    bool
	}{
		"a process":                {stat: "7 (etcd) S" + rest, want: "boot/424242"},
		"a name with parentheses":  {stat: "7 (a) Z (b) c) R" + rest, want: "boot/424242"},
		"ended, not yet collected": {stat: "7 (etcd) Z" + rest, gone: true, wantErr: true},
		"cut off":                  {stat: "7 (etcd) S 1 1", wantErr: true},
		"nothing":                  {wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := identityFromStat(tt.stat, "boot\n")
			if got != tt.want || (err != nil) != tt.wantErr || errors.Is(err, errProcessGone) != tt.gone {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestIdentityFromPS(t *testing.T) {
	tests := map[string]struct {
		line, want string
		gone       bool
	}{
		"a process":                {line: "Ss   Mon Jan  5 10:00:00 2026 /bin/etcd --name=lab\n", want: "Mon Jan 5 10:00:00 2026 /bin/etcd --name=lab"},
		"it runs at the moment":    {line: "R+   Mon Jan  5 10:00:00 2026 /bin/etcd --name=lab\n", want: "Mon Jan 5 10:00:00 2026 /bin/etcd --name=lab"},
		"ended, not yet collected": {line: "Z    Mon Jan  5 10:00:00 2026 (etcd)\n", gone: true},
		"no such process":          {line: "", gone: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := identityFromPS(tt.line)
			if got != tt.want || errors.Is(err, errProcessGone) != tt.gone {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A pid that was given out again must be left in peace.
func TestStopLeavesAReusedPidAlone(t *testing.T) {
	bystander := exec.Command("sleep", "60")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = bystander.Process.Kill()
		_ = bystander.Wait()
	})
	identity, err := identityOf(bystander.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	stale := &Process{record: record{Name: "etcd", PID: bystander.Process.Pid, Identity: "another boot/1"}}
	if stale.Running() {
		t.Error("a process with another identity passes for ours")
	}
	if err := errors.Join(stale.Stop(t.Context()), stale.Kill(t.Context())); err != nil {
		t.Error(err)
	}
	if !isRunning(bystander.Process.Pid, identity) {
		t.Error("a stranger's process was ended")
	}
}

func TestStopEndsWhatAnotherRunStarted(t *testing.T) {
	l := layout{dir: t.TempDir()}
	if err := l.create(); err != nil {
		t.Fatal(err)
	}
	p, err := launch(l, command{name: "idler", binary: "/bin/sh", args: []string{"-c", "echo here; exec sleep 60"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Running() {
		t.Fatal("it does not run")
	}
	// Another run of the lab knows only what was written down.
	found := &Process{record: p.record}
	if !found.Running() {
		t.Fatal("it cannot be found again")
	}
	if err := found.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found.Running() {
		t.Error("it still runs")
	}
	// Its parent hears of the end a moment after the kernel has none of it left.
	select {
	case <-p.exited:
	case <-t.Context().Done():
		t.Error("its parent never heard of the end")
	}
}

func TestLogTail(t *testing.T) {
	l := layout{dir: t.TempDir()}
	if err := l.create(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.log("x"), []byte(strings.Repeat("old\n", 100)+"new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := logTail(l.log("x"))
	if !strings.Contains(got, "x.log") || !strings.HasSuffix(got, "new") || strings.Count(got, "old") != logTailLines-1 {
		t.Errorf("got %q", got)
	}
}
