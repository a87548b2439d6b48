package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/setup"
)

// person is a user of the cluster, with only the rights that RBAC gives to the name and its groups.
type person struct {
	name       string
	kubeconfig string
	client     client.WithWatch
}

// newUser returns a person with a client certificate for that user name and groups.
func (d *demo) newUser(user string, groups ...string) (*person, error) {
	kubeconfig, err := d.cluster.KubeconfigFor(user, groups...)
	if err != nil {
		return nil, err
	}
	return newPerson(user, kubeconfig)
}

func newPerson(name, kubeconfig string) (*person, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of %s: %w", name, err)
	}
	config.QPS = -1
	config.WarningHandlerWithContext = rest.NoWarnings{}
	c, err := client.NewWithWatch(config, client.Options{Scheme: setup.Scheme()})
	if err != nil {
		return nil, fmt.Errorf("make a client for %s: %w", name, err)
	}
	return &person{name: name, kubeconfig: kubeconfig, client: c}, nil
}

// try runs kubectl as a person and prints the command with its output. succeeded is false if kubectl failed; err is
// another failure.
func (d *demo) try(ctx context.Context, who *person, args ...string) (succeeded bool, err error) {
	d.screen.command(who.name, commandLine(args))
	cmd := d.cluster.KubectlCommand(ctx, who.kubeconfig, args...)
	cmd.Dir = d.root
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return false, fmt.Errorf("%s: %w", commandLine(args), ctx.Err())
	}
	d.screen.output(string(out))
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return false, fmt.Errorf("%s: %w", commandLine(args), err)
	}
	return err == nil, nil
}

// run is try for a command that must succeed.
func (d *demo) run(ctx context.Context, who *person, args ...string) error {
	succeeded, err := d.try(ctx, who, args...)
	if err != nil {
		return err
	}
	if !succeeded {
		return fmt.Errorf("%s failed for %s", commandLine(args), who.name)
	}
	return nil
}

// refuse is try for a command that must be refused; refused is an error for screen.check if it was not.
func (d *demo) refuse(ctx context.Context, who *person, args ...string) (refused, err error) {
	succeeded, err := d.try(ctx, who, args...)
	if succeeded {
		refused = fmt.Errorf("%s was allowed to %s", who.name, commandLine(args))
	}
	return refused, err
}

// commandLine returns the kubectl command as one would type it in a shell.
func commandLine(args []string) string {
	words := make([]string, 0, len(args)+1)
	words = append(words, "kubectl")
	for _, arg := range args {
		words = append(words, quote(arg))
	}
	return strings.Join(words, " ")
}

// quote quotes an argument for the shell, if it needs that.
func quote(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@", r)
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !safe(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// manifest returns the path of one of the demo's manifests, relative to the repository's root.
func manifest(name string) string { return filepath.Join("hack", "demo", "manifests", name+".yaml") }
