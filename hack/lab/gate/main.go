// Command gate stands before the lab's registry, which asks nobody who he is: images below private/ are for those who know the password.
//
//	GATE_USER=puller GATE_PASSWORD=secret gate 10.200.1.1:5000 127.0.0.1:5000
package main

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"
)

func main() {
	user, password := os.Getenv("GATE_USER"), os.Getenv("GATE_PASSWORD")
	if len(os.Args) != 3 || user == "" || password == "" {
		_, _ = fmt.Fprintln(os.Stderr, "usage: GATE_USER=<name> GATE_PASSWORD=<password> gate <listen address> <registry address>")
		os.Exit(2)
	}
	registry := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: os.Args[2]})
	server := http.Server{Addr: os.Args[1], Handler: guard(registry, user, password), ReadHeaderTimeout: 10 * time.Second}
	_, _ = fmt.Fprintln(os.Stderr, "gate:", server.ListenAndServe())
	os.Exit(1)
}

// guard asks for the password where an image is private: see the OCI distribution specification for the paths.
func guard(registry http.Handler, user, password string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gotUser, gotPassword, _ := r.BasicAuth()
		known := subtle.ConstantTimeCompare([]byte(gotUser+":"+gotPassword), []byte(user+":"+password)) == 1
		if strings.HasPrefix(r.URL.Path, "/v2/private/") && !known {
			w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
			http.Error(w, "this image is private", http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, r)
	})
}
