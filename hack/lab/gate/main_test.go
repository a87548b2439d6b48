package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGuard(t *testing.T) {
	registry := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for name, row := range map[string]struct {
		path, user, password string
		want                 int
	}{
		"an image for everybody":                   {"/v2/agent/manifests/test", "", "", http.StatusOK},
		"the registry itself":                      {"/v2/", "", "", http.StatusOK},
		"a private image":                          {"/v2/private/agent/manifests/test", "", "", http.StatusUnauthorized},
		"a private image with the password":        {"/v2/private/agent/manifests/test", "puller", "secret", http.StatusOK},
		"a private image with another password":    {"/v2/private/agent/manifests/test", "puller", "guess", http.StatusUnauthorized},
		"a private image with another user":        {"/v2/private/agent/manifests/test", "other", "secret", http.StatusUnauthorized},
		"a layer of a private image":               {"/v2/private/agent/blobs/sha256:1", "", "", http.StatusUnauthorized},
		"an image whose name begins in that way":   {"/v2/privateer/manifests/test", "", "", http.StatusOK},
		"user and password that are cut otherwise": {"/v2/private/agent/manifests/test", "puller:secret", "", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, row.path, nil)
			if row.user != "" {
				request.SetBasicAuth(row.user, row.password)
			}
			answer := httptest.NewRecorder()
			guard(registry, "puller", "secret").ServeHTTP(answer, request)
			if answer.Code != row.want {
				t.Errorf("status %d, want %d", answer.Code, row.want)
			}
		})
	}
}
