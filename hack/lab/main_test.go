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
		env     string
		command string
		nodes   int
		dir     string
		wantErr bool
		usage   bool
	}{
		"defaults":                         {args: []string{"up"}, command: "up", nodes: cluster.DefaultNodes, dir: "/repo/.lab"},
		"from the environment":             {args: []string{"up"}, env: "16", command: "up", nodes: 16, dir: "/repo/.lab"},
		"a flag wins":                      {args: []string{"up", "--nodes", "4", "--dir=/x"}, env: "16", command: "up", nodes: 4, dir: "/x"},
		"status":                           {args: []string{"status"}, command: "status", nodes: cluster.DefaultNodes, dir: "/repo/.lab"},
		"nothing":                          {wantErr: true, usage: true},
		"an unknown command":               {args: []string{"start"}, wantErr: true, usage: true},
		"an unknown flag":                  {args: []string{"up", "--gpus"}, wantErr: true, usage: true},
		"an argument too many":             {args: []string{"down", "now"}, wantErr: true},
		"fewer nodes than none":            {args: []string{"up", "--nodes=-1"}, wantErr: true},
		"an environment that is no number": {args: []string{"up"}, env: "many", wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			command, l, err := parse("/repo", tt.args, tt.env, io.Discard)
			if tt.wantErr {
				if err == nil || errors.Is(err, errUsage) != tt.usage {
					t.Fatalf("error %v, want one, usage %v", err, tt.usage)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if command != tt.command || l.nodes != tt.nodes || l.dir != tt.dir {
				t.Errorf("got %s, %d nodes in %s", command, l.nodes, l.dir)
			}
		})
	}
}
