package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

// credentialLifetime is how long the lab's certificates and tokens are valid: longer than any lab is used.
const credentialLifetime = 365 * 24 * time.Hour

// The files of the lab's two CAs. etcd has one of its own, so that a client certificate for the API server does not
// give access to etcd.
const (
	caCert          = "ca.crt"
	caKey           = "ca.key"
	etcdCACert      = "etcd-ca.crt"
	etcdCAKey       = "etcd-ca.key"
	servingCert     = "serving.crt"
	servingKey      = "serving.key"
	etcdCert        = "etcd.crt"
	etcdKey         = "etcd.key"
	serviceTokenKey = "service-account.key"
	// As whom the API server asks kubelets for logs and to execute commands.
	kubeletClientCert = "kubelet-client.crt"
	kubeletClientKey  = "kubelet-client.key"
)

// keyPair is a certificate with its key, PEM encoded.
type keyPair struct{ cert, key []byte }

// authority signs certificates.
type authority struct {
	keyPair
	x509 *x509.Certificate
	priv *ecdsa.PrivateKey
}

// ensurePKI creates what the components authenticate with, once per cluster directory.
func ensurePKI(l layout) error {
	// Written last: if it exists, so do the others.
	if _, err := os.Stat(l.pki(kubeletClientKey)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ca, err := newAuthority("lab")
	if err != nil {
		return err
	}
	etcdCA, err := newAuthority("lab-etcd")
	if err != nil {
		return err
	}
	serving, err := ca.issue(servingTemplate("lab-control-plane", apiServiceIP))
	if err != nil {
		return err
	}
	// etcd, its peers and the API server as etcd's client share one certificate.
	etcd, err := etcdCA.issue(servingTemplate("lab-etcd"))
	if err != nil {
		return err
	}
	kubelet, err := ca.issue(clientTemplate("lab:kube-apiserver", []string{"system:masters"}))
	if err != nil {
		return err
	}
	_, token, err := newKey()
	if err != nil {
		return err
	}
	files := []struct {
		name    string
		content []byte
	}{
		{caCert, ca.cert},
		{caKey, ca.key},
		{etcdCACert, etcdCA.cert},
		{etcdCAKey, etcdCA.key},
		{servingCert, serving.cert},
		{servingKey, serving.key},
		{etcdCert, etcd.cert},
		{etcdKey, etcd.key},
		{serviceTokenKey, token},
		{kubeletClientCert, kubelet.cert},
		{kubeletClientKey, kubelet.key},
	}
	for _, file := range files {
		if err := writePrivate(l.pki(file.name), file.content); err != nil {
			return err
		}
	}
	return nil
}

// loadAuthority reads the authority that signs the API server's clients.
func loadAuthority(l layout) (*authority, error) {
	var pair keyPair
	var err error
	if pair.cert, err = os.ReadFile(l.pki(caCert)); err != nil {
		return nil, fmt.Errorf("read the lab's CA: %w", err)
	}
	if pair.key, err = os.ReadFile(l.pki(caKey)); err != nil {
		return nil, fmt.Errorf("read the lab's CA: %w", err)
	}
	certBlock, _ := pem.Decode(pair.cert)
	keyBlock, _ := pem.Decode(pair.key)
	if certBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("%s or its key is not PEM: delete the cluster's directory and start again", l.pki(caCert))
	}
	a := &authority{keyPair: pair}
	if a.x509, err = x509.ParseCertificate(certBlock.Bytes); err != nil {
		return nil, fmt.Errorf("parse the lab's CA: %w", err)
	}
	if a.priv, err = x509.ParseECPrivateKey(keyBlock.Bytes); err != nil {
		return nil, fmt.Errorf("parse the key of the lab's CA: %w", err)
	}
	return a, nil
}

func newAuthority(name string) (*authority, error) {
	priv, key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := sign(template, template, priv, priv)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(cert)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse certificate of %s: %w", name, err)
	}
	return &authority{keyPair: keyPair{cert: cert, key: key}, x509: parsed, priv: priv}, nil
}

// issue makes a key and a certificate for it.
func (a *authority) issue(template *x509.Certificate) (keyPair, error) {
	priv, key, err := newKey()
	if err != nil {
		return keyPair{}, err
	}
	cert, err := sign(template, a.x509, priv, a.priv)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{cert: cert, key: key}, nil
}

// servingTemplate returns a template for a server on loopback, and on further addresses, that is also a client of its peers.
func servingTemplate(name string, ips ...string) *x509.Certificate {
	addresses := []net.IP{net.ParseIP(loopback)}
	for _, ip := range ips {
		addresses = append(addresses, net.ParseIP(ip))
	}
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: addresses,
	}
}

// clientTemplate returns a template for a client that the API server authenticates as user in groups.
func clientTemplate(user string, groups []string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(priv)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return priv, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func sign(template, parent *x509.Certificate, subject, signer *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("generate serial number: %w", err)
	}
	now := realClock.Now()
	template.SerialNumber = serial
	// A clock that is a little behind, such as in a virtual machine, must not refuse the certificate.
	template.NotBefore = now.Add(-time.Minute)
	template.NotAfter = now.Add(credentialLifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &subject.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", template.Subject.CommonName, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// writePrivate atomically writes a file that only its owner may read.
func writePrivate(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
