// Command golangci-lint is golangci-lint with kube-api-linter compiled in.
// It is what "golangci-lint custom" would build, pinned by go.sum.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"

	_ "sigs.k8s.io/kube-api-linter"
)

const linterModule = "github.com/golangci/golangci-lint/v2"

func main() {
	if err := commands.Execute(buildInfo()); err != nil {
		fmt.Fprintf(os.Stderr, "golangci-lint: %v\n", err)
		os.Exit(exitcodes.Failure)
	}
}

// buildInfo reports the version that go.mod pins.
// The linter keys its cache by it, so that a new version starts with an empty one.
func buildInfo() commands.BuildInfo {
	info := commands.BuildInfo{Version: "unknown", Commit: "pinned", Date: "unknown"}

	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}

	info.GoVersion = build.GoVersion

	for _, module := range build.Deps {
		if module.Path == linterModule {
			info.Version = module.Version
			info.Commit = module.Sum
		}
	}

	return info
}
