package fairness

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// floodVariable is the environment variable with the path of a flood's parameters, for the process that floods.
const floodVariable = "FAIRNESS_FLOOD"

// flood is the parameters of a process that floods.
type flood struct {
	// name is what the test calls it.
	name string
	// Kubeconfigs are those of the team's accounts, Namespace is the team's.
	Kubeconfigs []string
	Namespace   string
	// Connections are those of each account, Workers send requests over each connection, as fast as they are answered.
	Connections, Workers int
	// Stalled connections of each account ask for a large list and never read the answer.
	Stalled int
}

// flooder is a running flood.
type flooder struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

// start floods from another process, with the lowest priority: a real flood comes from another machine, so what it
// costs to send requests and to read answers is not to be taken from the API server here. It returns once the flood is on.
func (f flood) start(t *testing.T) *flooder {
	t.Helper()
	g := NewWithT(t)
	orders, err := json.Marshal(f)
	g.Expect(err).NotTo(HaveOccurred())
	path := t.TempDir() + "/flood.json"
	g.Expect(os.WriteFile(path, orders, 0o600)).To(Succeed())
	self, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	running := &flooder{t: t, cmd: exec.CommandContext(t.Context(), "nice", "-n", "40", self)}
	running.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	running.cmd.Env = append(os.Environ(), floodVariable+"="+path)
	running.cmd.Stderr = os.Stderr
	running.stdin, err = running.cmd.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	stdout, err := running.cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	running.out = bufio.NewReader(stdout)
	g.Expect(running.cmd.Start()).To(Succeed())
	_, err = running.out.ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred(), "the flood has not begun")
	return running
}

// stop ends the flood and returns how many answers of each kind it got.
func (f *flooder) stop() map[string]int {
	f.t.Helper()
	g := NewWithT(f.t)
	g.Expect(f.stdin.Close()).To(Succeed())
	answers := map[string]int{}
	g.Expect(json.NewDecoder(f.out).Decode(&answers)).To(Succeed())
	g.Expect(f.cmd.Wait()).To(Succeed())
	return answers
}

// runFlood reports when its flood has started, floods until its standard input ends, and prints the answers that it got.
func runFlood(path string) error {
	orders, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f flood
	if err := json.Unmarshal(orders, &f); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	// Where Linux shares the processor out among sessions first, the niceness of a process is about its session alone.
	_ = os.WriteFile("/proc/self/autogroup", []byte("19"), 0o600)
	answers := &answerTally{counts: map[string]int{}, on: func() { _, _ = fmt.Fprintln(os.Stdout, "the flood is on") }}
	var group sync.WaitGroup
	for account, kubeconfig := range f.Kubeconfigs {
		cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return err
		}
		for connection := range f.Connections {
			client, err := connect(cfg, true)
			if err != nil {
				return err
			}
			for worker := range f.Workers {
				group.Go(func() {
					name := fmt.Sprintf("flood-%d-%d-%d", account, connection, worker)
					f.send(ctx, client, cfg.Host, name, account+connection+worker, answers)
				})
			}
		}
		for range f.Stalled {
			client, err := connect(cfg, false)
			if err != nil {
				return err
			}
			group.Go(func() { f.stall(ctx, client, cfg.Host, answers) })
		}
	}
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(answers.counts)
}

// connect returns a client with a connection of its own. One for stalling has a small read buffer.
func connect(cfg *rest.Config, http2 bool) (*http.Client, error) {
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: http2, DisableCompression: true}
	if !http2 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		transport.DialContext = (&net.Dialer{Control: func(_, _ string, conn syscall.RawConn) error {
			return conn.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		}}).DialContext
	}
	wrapped, err := rest.HTTPWrappersForConfig(cfg, transport)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: wrapped}, nil
}

// request is one kind of request of a flood; it is sent to path with a body, if it has one.
type request struct{ method, path, body string }

// mix is what a worker sends, in turn: all of it is what staff of a team may do, or at least try.
func (f flood) mix(name string) []request {
	maps := "/api/v1/namespaces/" + f.Namespace + "/configmaps"
	object := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"x":%q}}`, name, strings.Repeat("x", 1000))
	review := `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"get","resource":"pods","namespace":"default"}}}`
	return []request{
		{http.MethodGet, maps, ""},
		{http.MethodPost, maps, object},
		{http.MethodDelete, maps + "/" + name, ""},
		{http.MethodPost, maps + "?dryRun=All", object},
		{http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review},
		{http.MethodGet, "/api/v1/pods", ""}, // is refused
		{http.MethodGet, maps + "?resourceVersion=0", ""},
		{http.MethodGet, "/openapi/v2", ""},
		{http.MethodGet, "/apis", ""},
	}
}

// send sends the mix round and round, from one of its requests on. It does not heed the API server's Retry-After.
func (f flood) send(ctx context.Context, client *http.Client, host, name string, from int, answers *answerTally) {
	mix := f.mix(name)
	for i := from; ctx.Err() == nil; i++ {
		next := mix[i%len(mix)]
		response, err := do(ctx, client, next.method, host+next.path, next.body)
		if err != nil {
			answers.add(ctx, "failed")
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		answers.add(ctx, fmt.Sprint(response.StatusCode))
	}
}

// stall asks for a large list and does not read it, again and again.
func (f flood) stall(ctx context.Context, client *http.Client, host string, answers *answerTally) {
	for ctx.Err() == nil {
		response, err := do(ctx, client, http.MethodGet, host+"/api/v1/namespaces/"+f.Namespace+"/configmaps", "")
		if err != nil {
			answers.add(ctx, "stalled, failed")
			continue
		}
		answers.add(ctx, fmt.Sprint("stalled, ", response.StatusCode))
		if response.StatusCode == http.StatusOK {
			<-ctx.Done()
		}
		_ = response.Body.Close()
	}
}

func do(ctx context.Context, client *http.Client, method, url, body string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	context.AfterFunc(ctx, cancel)
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	return client.Do(req)
}

// answerTally counts answers. It is safe for concurrent use.
type answerTally struct {
	mu     sync.Mutex
	counts map[string]int
	sum    int
	// on is called when there are some.
	on func()
}

func (c *answerTally) add(ctx context.Context, what string) {
	if ctx.Err() != nil {
		return // it was cut off
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
	if c.sum++; c.sum == 20 {
		c.on()
	}
}

// describe classifies an answer to a flood's request.
func describe(answers map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(answers)) {
		parts = append(parts, fmt.Sprintf("%d × %s", answers[what], what))
	}
	return strings.Join(parts, ", ")
}
