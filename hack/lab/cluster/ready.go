package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	readyPoll    = 50 * time.Millisecond
	probeTimeout = 5 * time.Second
)

// prober sends readiness probes to components, with the admin's credentials.
type prober struct {
	layout layout
	once   sync.Once
	client *http.Client
	err    error
}

// ready returns nil once url answers 200, or, if it is of the form tcp://host:port, accepts a connection. A component without one is ready when
// it runs.
func (p *prober) ready(ctx context.Context, url string) error {
	if url == "" {
		return nil
	}
	p.once.Do(func() { p.client, p.err = probeClient(p.layout) })
	if p.err != nil {
		return p.err
	}
	if address, isTCP := strings.CutPrefix(url, "tcp://"); isTCP {
		connection, err := (&net.Dialer{Timeout: probeTimeout}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		return fmt.Errorf("%s answers %s: %s", url, response.Status, body)
	}
	return nil
}

// disconnect closes connections that are kept for further probes. What ends with its network namespace does not close them itself.
func (p *prober) disconnect() {
	if p.client != nil {
		p.client.CloseIdleConnections()
	}
}

// probeClient returns a client that trusts both of the lab's CAs and has a client certificate of each; a server
// requests the one of its own CA.
func probeClient(l layout) (*http.Client, error) {
	roots := x509.NewCertPool()
	for _, name := range []string{caCert, etcdCACert} {
		content, err := os.ReadFile(l.pki(name))
		if err != nil {
			return nil, fmt.Errorf("read the lab's CA: %w", err)
		}
		if !roots.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s holds no certificate", l.pki(name))
		}
	}
	etcd, etcdErr := tls.LoadX509KeyPair(l.pki(etcdCert), l.pki(etcdKey))
	config, adminErr := clientcmd.BuildConfigFromFlags("", l.kubeconfig())
	if err := errors.Join(etcdErr, adminErr); err != nil {
		return nil, fmt.Errorf("read the lab's credentials: %w", err)
	}
	admin, err := tls.X509KeyPair(config.CertData, config.KeyData)
	if err != nil {
		return nil, fmt.Errorf("read the admin's credentials: %w", err)
	}
	return &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs:      roots,
			Certificates: []tls.Certificate{etcd, admin},
			MinVersion:   tls.VersionTLS12,
		}},
	}, nil
}
