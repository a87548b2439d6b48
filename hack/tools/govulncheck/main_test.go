package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/vulndb knows one vulnerability, which is made up: path.Match. Both testdata/calls and testdata/imports import
// that package.
func TestFindings(t *testing.T) {
	vulndb, err := filepath.Abs("testdata/vulndb")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		database, module string
		code             int
		want             string
	}{
		"vulnerable code that is called fails": {
			database: "file://" + vulndb, module: "calls", code: 3, want: "GO-0000-0001",
		},
		"vulnerable code that nothing calls does not": {
			database: "file://" + vulndb, module: "imports", code: 0, want: "No vulnerabilities found",
		},
		"a copy of the database that is not there is a mistake": {
			database: "file://" + vulndb + "-gone", module: "calls", code: 1, want: "no such file",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			code := run(t.Context(), tt.database, []string{"-C", filepath.Join("testdata", tt.module), "./..."}, &output, &output)
			if code != tt.code || !strings.Contains(output.String(), tt.want) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, tt.code, tt.want, &output)
			}
			if strings.Contains(output.String(), "SKIPPED") {
				t.Errorf("it says that it was skipped:\n%s", &output)
			}
		})
	}
}

// Without a database nothing fails, and nobody can take that for a clean bill.
func TestUnreachable(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for name, database := range map[string]string{"nobody listens": nobody, "something else answers": refusing.URL} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), database+"/", []string{"-C", "testdata/calls", "./..."}, &stdout, &stderr)
			if code != 0 || stdout.Len() > 0 {
				t.Errorf("exit code %d: %s", code, &stdout)
			}
			said := stderr.String()
			for _, want := range []string{"SKIPPED, nothing was checked", database + "/index/db.json", "GOVULNDB=file:///"} {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q: %s", want, said)
				}
			}
			if strings.Count(said, "\n") != 1 {
				t.Errorf("want one line: %s", said)
			}
		})
	}
}
