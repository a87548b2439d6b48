package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOneDemoAtATime(t *testing.T) {
	p := workDir{dir: filepath.Join(t.TempDir(), "lab", "demo")}
	release, err := p.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.lock(); err == nil {
		t.Error("a second demo may run")
	}
	release()
	release, err = p.lock()
	if err != nil {
		t.Fatalf("after the first: %v", err)
	}
	release()
}

func TestLogsOutliveTheCluster(t *testing.T) {
	p := workDir{dir: filepath.Join(t.TempDir(), "demo")}
	if got, err := p.operatorWarnings(); got != "" || err != nil {
		t.Errorf("without a log: %q, %v", got, err)
	}
	if err := p.saveLogs(); err != nil {
		t.Errorf("without logs: %v", err)
	}
	if err := os.MkdirAll(p.logs(), 0o700); err != nil {
		t.Fatal(err)
	}
	const complaint = `{"level":"error","msg":"no such pool"}`
	log := `{"level":"info","msg":"starting"}` + "\n" + complaint + "\npanic: index out of range\n"
	if err := os.WriteFile(filepath.Join(p.logs(), "manager.log"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := p.operatorWarnings(); got != complaint+"\npanic: index out of range" || err != nil {
		t.Errorf("complaints %q, %v", got, err)
	}
	if err := p.saveLogs(); err != nil {
		t.Fatal(err)
	}
	if err := p.clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !missing(p.dir) || missing(filepath.Join(p.savedLogs(), "manager.log")) {
		t.Error("want the cluster's directory gone and its logs kept")
	}
	if err := p.dropLogs(); err != nil || !missing(p.savedLogs()) {
		t.Errorf("the logs of the demo before are still there, %v", err)
	}
}
