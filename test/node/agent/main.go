// Command agent is what runs in the containers of the suite. It does one thing, says what it found in lines of text, and ends with 1 if it was refused.
//
//	agent serve PORT         answers each connection with its host's name, until it is told to end
//	agent http PORT          answers each HTTP request with its host's name, until it is told to end
//	agent echo               repeats each line of its input, until that ends
//	agent try HOST:PORT...   tries to connect to each at the same time, and prints a line for each: what it is, and what answers or why nothing does
//	agent first HOST:PORT... connects again and again, until for two seconds it could not or ten are over, and prints how long each passed
//	agent status             prints who it is to the kernel, and what it may do
//	agent write FILE TEXT    writes a file
//	agent read FILE          prints a file
//	agent wait               waits until it is told to end, and says so
//	nvidia-smi               the same program by this name: prints the devices that its container has
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	do := func() error { return run(os.Args[1:]) }
	if filepath.Base(os.Args[0]) == listing {
		do = smi
	}
	if err := do(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("nothing to do")
	}
	targets := args[1:]
	args = append(args, "", "")
	switch args[0] {
	case "serve":
		return serve(args[1])
	case "http":
		return serveHTTP(args[1])
	case "echo":
		return echo(os.Stdin)
	case "try":
		try(targets)
		return nil
	case "first":
		first(targets)
		return nil
	case "status":
		return status()
	case "write":
		return os.WriteFile(args[1], []byte(args[2]), 0o600)
	case "read":
		content, err := os.ReadFile(args[1])
		_, _ = fmt.Fprintln(os.Stdout, strings.TrimSpace(string(content)))
		return err
	case "wait":
		awaitEnd()
		return nil
	default:
		return fmt.Errorf("%s is nothing that it does", args[0])
	}
}

// awaitEnd waits until the process is told to end.
func awaitEnd() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	_, _ = fmt.Fprintln(os.Stdout, "waiting")
	<-told
	_, _ = fmt.Fprintln(os.Stdout, "told to end")
}

func serve(port string) error {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	go answer(listener)
	awaitEnd()
	return listener.Close()
}

func answer(listener net.Listener) {
	name, _ := os.Hostname()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintln(connection, name)
		_ = connection.Close()
	}
}

// status prints the lines of the process's status that tell what it may do, and its part of the environment.
func status() error {
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp":
			_, _ = fmt.Fprintf(os.Stdout, "%s %s\n", name, strings.Join(strings.Fields(value), " "))
		}
	}
	for _, env := range os.Environ() {
		if strings.HasPrefix(env, "NVIDIA_") || strings.HasPrefix(env, "RDMA_") {
			_, _ = fmt.Fprintln(os.Stdout, env)
		}
	}
	return nil
}
