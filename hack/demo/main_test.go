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
		want    options
		wantErr bool
		usage   bool
	}{
		"defaults":                         {want: options{nodes: cluster.DefaultNodes}},
		"from the environment":             {env: "300", want: options{nodes: 300}},
		"a flag wins":                      {args: []string{"--nodes=260", "--keep"}, env: "300", want: options{nodes: 260, keep: true}},
		"too few nodes for four teams":     {args: []string{"--nodes=255"}, wantErr: true},
		"nodes enough for all five":        {args: []string{"--nodes=384"}, wantErr: true},
		"an environment that is no number": {env: "many", wantErr: true},
		"an unknown flag":                  {args: []string{"--gpus"}, wantErr: true, usage: true},
		"an argument":                      {args: []string{"now"}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parse(tt.args, tt.env, io.Discard)
			if tt.wantErr {
				if err == nil || errors.Is(err, errUsage) != tt.usage {
					t.Fatalf("error %v, want one, usage %v", err, tt.usage)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("parse = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}
