package main

import (
	"errors"
	"io"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		args    []string
		env     map[string]string
		command string
		nodes   int
		without bool // Karpenter
		real    int
		dir     string
		wantErr bool
		usage   bool
	}{
		"defaults":                         {args: []string{"up"}, command: "up", nodes: cluster.DefaultNodes, dir: "/repo/.lab"},
		"from the environment":             {args: []string{"up"}, env: map[string]string{"LAB_NODES": "16"}, command: "up", nodes: 16, dir: "/repo/.lab"},
		"a flag wins":                      {args: []string{"up", "--nodes", "4", "--dir=/x"}, env: map[string]string{"LAB_NODES": "16"}, command: "up", nodes: 4, dir: "/x"},
		"without Karpenter":                {args: []string{"up"}, env: map[string]string{"LAB_KARPENTER": "0"}, command: "up", nodes: cluster.DefaultNodes, without: true, dir: "/repo/.lab"},
		"with Karpenter after all":         {args: []string{"up", "--karpenter"}, env: map[string]string{"LAB_KARPENTER": "0"}, command: "up", nodes: cluster.DefaultNodes, dir: "/repo/.lab"},
		"without by a flag":                {args: []string{"up", "--karpenter=false"}, command: "up", nodes: cluster.DefaultNodes, without: true, dir: "/repo/.lab"},
		"half of Karpenter":                {args: []string{"up"}, env: map[string]string{"LAB_KARPENTER": "some"}, wantErr: true},
		"with a real node":                 {args: []string{"node"}, env: map[string]string{"LAB_REAL_NODES": "2"}, command: "node", nodes: cluster.DefaultNodes, real: 2, dir: "/repo/.lab"},
		"with many real nodes":             {args: []string{"up"}, env: map[string]string{"LAB_REAL_NODES": "many"}, wantErr: true},
		"fewer real nodes than none":       {args: []string{"up", "--real-nodes=-1"}, wantErr: true},
		"status":                           {args: []string{"status"}, command: "status", nodes: cluster.DefaultNodes, dir: "/repo/.lab"},
		"nothing":                          {wantErr: true, usage: true},
		"an unknown command":               {args: []string{"start"}, wantErr: true, usage: true},
		"an unknown flag":                  {args: []string{"up", "--gpus"}, wantErr: true, usage: true},
		"an argument too many":             {args: []string{"down", "now"}, wantErr: true},
		"fewer nodes than none":            {args: []string{"up", "--nodes=-1"}, wantErr: true},
		"an environment that is no number": {args: []string{"up"}, env: map[string]string{"LAB_NODES": "many"}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			command, l, err := parse("/repo", tt.args, func(name string) string { return tt.env[name] }, io.Discard)
			if tt.wantErr {
				if err == nil || errors.Is(err, errUsage) != tt.usage {
					t.Fatalf("error %v, want one, usage %v", err, tt.usage)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if command != tt.command || l.nodes != tt.nodes || l.karpenter == tt.without || l.real != tt.real || l.dir != tt.dir {
				t.Errorf("got %s, %d nodes, Karpenter %v in %s", command, l.nodes, l.karpenter, l.dir)
			}
		})
	}
}
