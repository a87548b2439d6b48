package cluster

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// contextName is the name of the cluster and of the context in every kubeconfig of the lab.
const contextName = "lab"

// serverName is what the API server's certificate calls it, whatever address it is reached by.
const serverName = "kubernetes"

// systemIdentities are the users as whom the control plane's components act.
var systemIdentities = []struct {
	component string
	user      string
	groups    []string
}{
	{componentControllerManager, "system:kube-controller-manager", nil},
	{componentScheduler, "system:kube-scheduler", nil},
	// kwok simulates every kubelet and the storage; its rights are not under test.
	{componentKwok, "lab:kwok", []string{"system:masters"}},
}

// adminUser is the user of the lab's admin kubeconfig.
const adminUser = "lab-admin"

// writeKubeconfigs writes the kubeconfigs of the admin and of the components, for the API server at url.
func writeKubeconfigs(l layout, ca *authority, url string) error {
	if err := writeClientKubeconfig(l.kubeconfig(), ca, url, adminUser, []string{"system:masters"}); err != nil {
		return err
	}
	for _, id := range systemIdentities {
		path := l.config(id.component + ".kubeconfig")
		if err := writeClientKubeconfig(path, ca, url, id.user, id.groups); err != nil {
			return err
		}
	}
	return nil
}

// writeClientKubeconfig issues a client certificate and writes a kubeconfig with it.
func writeClientKubeconfig(path string, ca *authority, url, user string, groups []string) error {
	pair, err := ca.issue(clientTemplate(user, groups))
	if err != nil {
		return err
	}
	return writeKubeconfig(path, ca, url, user, &clientcmdapi.AuthInfo{
		ClientCertificateData: pair.cert,
		ClientKeyData:         pair.key,
	})
}

func writeKubeconfig(path string, ca *authority, url, user string, auth *clientcmdapi.AuthInfo) error {
	config := clientcmdapi.NewConfig()
	config.Clusters[contextName] = &clientcmdapi.Cluster{Server: url, TLSServerName: serverName, CertificateAuthorityData: ca.cert}
	config.AuthInfos[user] = auth
	config.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: user}
	config.CurrentContext = contextName
	content, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode kubeconfig of %s: %w", user, err)
	}
	return writePrivate(path, content)
}

// Kubeconfig returns the path of the admin's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.plan.layout.kubeconfig() }

// KubeconfigFor writes a kubeconfig with a client certificate for a user in groups, and returns its path. The user
// has only the rights that RBAC gives to that name or to these groups.
func (c *Cluster) KubeconfigFor(user string, groups ...string) (string, error) {
	if user == "" {
		return "", fmt.Errorf("a person needs a name: KubeconfigFor was called with none")
	}
	ca, err := loadAuthority(c.plan.layout)
	if err != nil {
		return "", err
	}
	path := c.plan.layout.user(user, groups)
	if _, err := os.Stat(path); err == nil && c.sameServer(path) {
		return path, nil
	}
	return path, writeClientKubeconfig(path, ca, c.plan.apiServerURL(), user, groups)
}

// sameServer reports whether the kubeconfig at path still points to this API server.
func (c *Cluster) sameServer(path string) bool {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return false
	}
	cluster := config.Clusters[contextName]
	return cluster != nil && cluster.Server == c.plan.apiServerURL()
}
